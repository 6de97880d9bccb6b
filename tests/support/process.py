"""A real ``twistd -n webcam`` in a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import itertools
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

import webcam
from tests.support import trail
from tests.support.trail import PASSWORD
from webcam import admin

DEADLINE = 60.0
"""Seconds after which something that should happen at once counts as not happening: a slow machine is no error."""

LOOPBACK = "tcp:0:interface=127.0.0.1"

_RUN = "from twisted.scripts.twistd import run; run()"
# twistd ends by the signal that it got, which leaves coverage no time to write down what it saw.
_RUN_MEASURED = "from twisted.application import app; app._exitWithSignal = lambda number: None; " + _RUN
_LISTENING = re.compile(r"listening on (https?://(\S+):([0-9]+))/")
_TROUBLE = re.compile(r"Traceback|Unhandled|#critical|#failure")
_ESTABLISHED = "01"
_TICKS = os.sysconf("SC_CLK_TCK")


class NotReady(AssertionError):
    """The server didn't do in time what was waited for; the text is its log."""


def command(data: Path, *options: str) -> list[str]:
    """The program and its arguments."""
    run = _RUN_MEASURED if "COVERAGE_PROCESS_CONFIG" in os.environ else _RUN
    return [sys.executable, "-c", run, "-n", "--pidfile=", "webcam", "--data", str(data), *options]


def environment() -> dict[str, str]:
    """This one's, with the very package that these tests import in the path."""
    return {**os.environ, "PYTHONPATH": str(Path(webcam.__file__).parent.parent), "PYTHONUNBUFFERED": "1"}


def run_to_its_end(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to refuse; its exit status and what it said."""
    ended = subprocess.run(
        command(data, *options),
        env=environment(),
        cwd=data.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if (log := trail.new_log("refused")) is not None:
        log.write_text(ended.stdout)
    trail.of_data(data)
    return ended


def run_on_a_terminal(data: Path) -> list[str]:
    """Start a server whose outputs are a terminal, end it when it is ready; the lines that were shown."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        command(data, f"--listen={LOOPBACK}"), env=environment(), cwd=data.parent, stdout=its, stderr=its
    )
    os.close(its)
    shown = b""
    try:
        with contextlib.suppress(OSError):  # how the end of a terminal's other side is told
            while part := os.read(ours, 4096):
                shown += part
                if b"is ready" in shown:
                    process.send_signal(signal.SIGTERM)
    finally:
        os.close(ours)
        process.kill()
        process.wait(DEADLINE)
    return shown.decode().splitlines()


class Server:
    """One server: a data folder, a port that stays the same over restarts, a process that comes and goes.

    The log is read as it is written; :meth:`wait_for` is how to wait for anything that it says.
    """

    def __init__(self, folder: Path, *options: str, listen: Sequence[str] = (LOOPBACK,)) -> None:
        self.data = folder / "data"
        self._options = options
        self._listen = list(listen)
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader: threading.Thread | None = None
        self._names = itertools.count(1)

    # Its life

    def start(self) -> Server:
        """Start it, or start it again, and wait until it is ready."""
        said = len(self._lines)
        self.spawn()
        self.wait_for(r"is ready$", said)
        self.ports = [int(found[3]) for found in map(_LISTENING.search, self._lines[said:]) if found]
        self.port = self.ports[0]
        self._listen = [
            re.sub(r"^tcp:0\b", f"tcp:{port}", each) for each, port in zip(self._listen, self.ports, strict=True)
        ]
        return self

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        options = [f"--listen={each}" for each in self._listen]
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            self.command(*options, *self._options),
            env=self.environment(),
            cwd=self.data.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def command(self, *options: str) -> list[str]:
        """The program and its arguments; for variants of the server to change."""
        return command(self.data, *options)

    def environment(self) -> dict[str, str]:
        """Of its process; for variants of the server to change."""
        return environment()

    def stop(self) -> int | None:
        """SIGTERM; the exit status. A server that isn't running has none."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int | None:
        """kill -9."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(number)
        try:
            return process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise NotReady(self.log) from None
        finally:
            process.wait()
            assert self._reader is not None
            self._reader.join()
            trail.of_data(self.data)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "the server isn't running"
        return self._process.pid

    # Its log

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        path = trail.new_log("server")
        with process.stdout, contextlib.nullcontext() if path is None else path.open("w", buffering=1) as log:
            for line in process.stdout:
                if log is not None:
                    log.write(line)
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._lines.append("(the log ends)")
            self._changed.notify_all()

    @property
    def log(self) -> str:
        """All that it said so far."""
        return "\n".join(self._lines)

    @property
    def said(self) -> int:
        """How many lines it said so far: a place in the log to look on from."""
        return len(self._lines)

    def wait_for(self, pattern: str, after: int = 0) -> str:
        """The first line from line *after* on that matches. Raises :class:`NotReady` when it ends without one."""

        def found() -> str | None:
            return next((each for each in self._lines[after:] if re.search(pattern, each)), None)

        def decided() -> bool:
            return found() is not None or "(the log ends)" in self._lines[after:]

        with self._changed:
            self._changed.wait_for(decided, DEADLINE)
            line = found()
        if line is None:
            raise NotReady(self.log)
        return line

    def trouble(self, after: int = 0) -> list[str]:
        """The lines that no server should say."""
        return [each for each in self._lines[after:] if _TROUBLE.search(each)]

    def trouble_in_full(self) -> str:
        """The same, with what the log says behind each: the lines of a traceback are indented."""
        found: list[str] = []
        for line in self._lines:
            if _TROUBLE.search(line) or (found and found[-1] and line.startswith("\t")):
                found.append(line)
            elif found and found[-1]:
                found.append("")
        return "\n".join(found)

    # What the operator does

    def account(self, *arguments: str, password: str | None = None) -> str:
        """Run ``webcam account ...`` on its data; what it printed. Raises ``AssertionError`` when it refuses."""
        return self.webcam("account", *arguments, password=password)

    def webcam(self, noun: str, verb: str, *arguments: str, password: str | None = None) -> str:
        """The same of any noun."""
        secret = [] if password is None else ["--password-stdin"]
        trail.used("password", password or "")
        said = io.StringIO()
        stdin, sys.stdin = sys.stdin, io.StringIO(f"{password}\n")
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = admin.main([noun, verb, "--data", str(self.data), *secret, *arguments])
        finally:
            sys.stdin = stdin
        assert status == 0, said.getvalue()
        return said.getvalue()

    def check(self) -> str:
        """What ``webcam check`` says of its data; empty when the database is whole."""
        status, said = self._checked()
        return said if status else ""

    def held(self) -> dict[str, tuple[int, int]]:
        """How many messages and records ``webcam check`` finds, by account."""
        rows = [line.split() for line in self._checked()[1].splitlines()]
        return {row[0]: (int(row[1]), int(row[2])) for row in rows if len(row) == 5 and row[1].isdigit()}

    def _checked(self) -> tuple[int, str]:
        """The status of ``webcam check``, and all that it printed."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = admin.main(["check", "--data", str(self.data)])
        return status, said.getvalue()

    def new_account(self, password: str = PASSWORD) -> str:
        """An account that nobody else uses; its name."""
        name = f"user-{next(self._names)}"
        self.account("add", name, password=password)
        return name

    # What a client needs

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"https://127.0.0.1:{self.port}"

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts its certificate, and checks that the name in it is right."""
        return ssl.create_default_context(cafile=str(self.data / "certificate.pem"))

    def client(self, http2: bool = True) -> httpx.Client:
        """To be closed by its user."""
        return httpx.Client(
            base_url=self.url,
            verify=self.trust(),
            http1=not http2,
            http2=http2,
            timeout=DEADLINE,
            event_hooks={"response": [_remember_token]},
        )

    # What it costs

    def cpu_seconds(self) -> float:
        """CPU time that the process used so far, in all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def connections(self) -> int:
        """How many TCP connections to its first port are open."""
        lines = Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]
        ends = [(each.split()[1].rpartition(":")[2], each.split()[3]) for each in lines]
        return ends.count((f"{self.port:04X}", _ESTABLISHED))

    def resident(self) -> int:
        """Bytes of memory that the process holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def _remember_token(response: httpx.Response) -> None:
    trail.answered(response.headers.get("set-cookie", ""))
    if response.request.url.path in {"/authorize.json", "/console/share.json"}:
        trail.answered(response.read())


@functools.cache
def shared_server() -> Server:
    """A server for every test that needs nothing of its own but an account; it ends with the tests."""
    folder = Path(tempfile.mkdtemp(prefix="webcam-tests-"))
    server = Server(folder)

    def end() -> None:
        server.stop()
        shutil.rmtree(folder)

    atexit.register(end)
    return server.start()


def until(condition: Callable[[], object], what: str) -> None:
    """Ask again and again until the answer is true. For what nothing tells of."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)
