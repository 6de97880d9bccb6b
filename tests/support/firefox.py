"""A headless Firefox, by what it speaks itself: WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

It needs no driver beside it, and no build of its own.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.process import DEADLINE

_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
"""It asks nobody, and has a camera that makes its pictures up."""


def program() -> str | None:
    """Where it is installed; Debian calls it by another name."""
    return shutil.which("firefox") or shutil.which("firefox-esr")


class Firefox:
    """One window, which takes any certificate. Raises ``AssertionError`` for what goes wrong in it."""

    def __init__(self, folder: Path) -> None:
        found = program()
        assert found is not None, "Firefox is not installed"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
        (folder / "user.js").write_text("\n".join(lines))
        self._process = subprocess.Popen(
            [found, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port=0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        try:
            talk = connect(f"{self._address()}/session", max_size=None)
            self._socket: ClientConnection = self._open.enter_context(talk)
            self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            (window,) = self.ask("browsingContext.getTree")["contexts"]
            self._window = window["context"]
        except BaseException:
            self._end()
            raise

    def _address(self) -> str:
        """What it says when it is ready; from then on somebody has to read what it says."""
        said = self._process.stderr
        assert said is not None
        timer = threading.Timer(DEADLINE, self._process.kill)
        timer.start()
        try:
            for line in said:
                if (found := _ADDRESS.search(line)) is not None:
                    threading.Thread(target=said.read, daemon=True).start()
                    return found[1]
        finally:
            timer.cancel()
        raise AssertionError("Firefox didn't start")

    def ask(self, method: str, **params: Any) -> Any:
        """A command's result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(DEADLINE))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str, wait: str = "complete") -> None:
        """Go there. *wait*: ``none``, ``interactive`` or ``complete``."""
        self.ask("browsingContext.navigate", context=self._window, url=url, wait=wait)

    def run(self, script: str) -> Any:
        """What an expression, or the promise that it is, comes to: anything that JSON can say."""
        result = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({script})) ?? null))()",
            target={"context": self._window},
            awaitPromise=True,
            userActivation=True,
        )
        assert result["type"] == "success", result["exceptionDetails"]["text"]
        return json.loads(result["result"]["value"])

    def until(self, script: str, seconds: float = DEADLINE) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)

    def close(self) -> None:
        """End it."""
        self._open.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
