"""What README.rst promises a newcomer: its lines, as they stand there, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import DEADLINE, Server
from tests.support.trail import answered

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.rst").read_text()


def blocks() -> list[str]:
    """The shell blocks of the section that tells how to use it, in order."""
    section = README.split("Program\n-------")[1].split("More accounts")[0]
    found = re.findall(r"code-block:: sh\n\n((?:   .*\n)+)", section)
    return [re.sub("^   ", "", each, flags=re.MULTILINE) for each in found]


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder like a checkout, in which a first start is running, and the environment that finds its port."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    server = Server(tmp_path, listen=["tcp:0"]).start()
    (tmp_path / "webcam-data").symlink_to(server.data)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        yield tmp_path, {**os.environ, "PATH": path, "WEBCAM_URL": f"https://localhost:{server.port}"}
    finally:
        server.stop()


def shell(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What the lines print, with the port of this server in place of 8080."""
    lines = script.replace("https://localhost:8080", environment["WEBCAM_URL"])
    done = subprocess.run(
        ["bash", "-c", f"set -e\n{lines}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answered(done.stdout)
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_lines_with_curl(newcomer: tuple[Path, dict[str, str]]) -> None:
    """Log in, upload, list, fetch back equal, send a message and receive it."""
    login, records, messages = blocks()[:3]
    printed = shell(login + records + messages, *newcomer)
    assert '"result":"OK"' in printed
    assert '"records":[{"rid":1,"device":"laptop"' in printed
    assert "\nequal\n" in printed
    assert '"msg":"hello","device":"laptop"' in printed
    assert '"params":{"from":"the laptop"}' in printed


@contextmanager
def at_a_terminal() -> Iterator[None]:
    """What is started meanwhile ends by Ctrl-C; a script that runs in the background ignores it, and so do its own."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_live_stream_from_one_terminal_to_another(newcomer: tuple[Path, dict[str, str]]) -> None:
    """The viewer writes out the very pictures that the camera publishes."""
    folder, environment = newcomer
    camera_line, viewer_line = blocks()[3:]
    with at_a_terminal():
        camera = subprocess.Popen(
            [sys.executable, "-u", *camera_line.split()[1:]],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        printed = shell(viewer_line, folder, environment)
    finally:
        camera.send_signal(signal.SIGINT)
        said, _ = camera.communicate(timeout=DEADLINE)
    assert "saw 20 frames" in printed
    assert "the server says 200" in said
    published = {path.read_bytes() for path in (ROOT / "docs/examples/pictures").glob("*.jpg")}
    seen = sorted((folder / "seen").glob("*.jpg"))
    assert len(seen) == 20
    assert {path.read_bytes() for path in seen} <= published


def test_ci_runs_the_readmes_test_command() -> None:
    """The command that sets up and passes all tests is one line, which .ci/run takes from the README."""
    assert len(re.findall(r"^   python3 -m venv .*pytest.*$", README, flags=re.MULTILINE)) == 1
    assert "sed -n 's/^   \\(python3 -m venv .*pytest.*\\)$/\\1/p' README.rst" in (ROOT / ".ci/run").read_text()


def test_the_password_is_kept_from_others(newcomer: tuple[Path, dict[str, str]]) -> None:
    folder, _ = newcomer
    assert (folder / "webcam-data/first-password").stat().st_mode & 0o077 == 0
