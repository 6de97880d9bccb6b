"""The documents, the sample configuration and the units say what is true."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from webcam import admin, errors
from webcam.api.guard import STRANGERS_BODY
from webcam.api.pages import MAX_PAGE, PAGE
from webcam.api.tree import ENDPOINTS
from webcam.config import OPTIONS, Options, boolean, build, read_file
from webcam.http.certificate import make_self_signed
from webcam.model import SETTING_KINDS
from webcam.storage.schema import FILE, VERSION
from webcam.tap import makeService
from webcam.wire import fields
from webcam.wire.jsontext import MAX_DEPTH, MAX_VALUES
from webcam.wire.requests import MAX_META

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "conf" / "webcam.ini"
SERVICE = ROOT / "conf" / "webcam.service"
SOCKET = ROOT / "conf" / "webcam.socket"
PROTOCOL = ROOT / "docs" / "protocol.rst"
RUNNING = ROOT / "docs" / "running.rst"
DOCUMENTS = sorted((*ROOT.glob("*.rst"), *ROOT.glob("docs/*.rst")))

EXPOSURE = 11
"""Tenths: what ``systemd-analyze security`` may rate the service at most."""


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[list[str], argparse.ArgumentParser]]:
    """Every command below, by the words that call it."""
    deeper = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for each in [each for choices in deeper for each in choices.values()]:
        yield each.prog.split(), each
        yield from commands(each)


def program(name: str) -> str:
    """Its path, or a skip with the reason."""
    found = shutil.which(name)
    if found is None:
        raise SkipTest(f"{name} is not installed")
    return found


class SampleConfigurationTests(SynchronousTestCase):
    """conf/webcam.ini"""

    def test_as_it_is(self) -> None:
        """What it sets are the defaults."""
        self.assertEqual(build(read_file(SAMPLE), {}), build({}, {}))

    def test_every_option(self) -> None:
        """Every option stands in it, commented out or not."""
        named = re.findall(r"(?m)^#?([a-z-]+) = ", SAMPLE.read_text())
        self.assertEqual(sorted(named), sorted(each.name for each in OPTIONS))

    def test_uncommented(self) -> None:
        """What is commented out can be turned on."""
        path = Path(self.mktemp())
        path.write_text(re.sub(r"(?m)^#([a-z-]+ = )", r"\1", SAMPLE.read_text()))
        given = read_file(path)
        self.assertEqual(set(given), {each.name for each in OPTIONS})
        self.assertEqual(build(given, {}).data, Path("/var/lib/webcam"))


class ProtocolDocumentTests(SynchronousTestCase):
    """docs/protocol.rst"""

    text = PROTOCOL.read_text()

    def test_spellings(self) -> None:
        """Every path, key and value of the protocol is named."""
        for name, value in vars(fields).items():
            if name.isupper():
                pattern = rf'(?m)``{re.escape(value)}``|"{re.escape(value)}"|^{re.escape(value)}$'
                self.assertRegex(self.text, pattern, name)

    def test_examples(self) -> None:
        """Every endpoint has an example."""
        for endpoint in ENDPOINTS:
            if endpoint.path != fields.ADD_RECORD_DATA:
                self.assertIn(f"https://localhost:8080/{endpoint.path}", self.text)

    def test_reply_codes(self) -> None:
        """Every reply code has its row."""
        for code in errors.ReplyCode:
            self.assertRegex(self.text, rf"(?m)^{code.value} +``{code.name}`` ")

    def test_statuses(self) -> None:
        """So has every HTTP status of a failure."""
        for failure in errors.Failure.__subclasses__():
            self.assertRegex(self.text, rf"(?m)^{failure.status} +\w", failure.__name__)

    def test_settings(self) -> None:
        """Every setting has a row with its description, bounds and default."""
        for kind, each in SETTING_KINDS.items():
            numbers = f"{each.minimum:g} +{each.maximum:g} +{each.default:g} "
            self.assertRegex(self.text, rf"(?m)^{kind} +{re.escape(each.description)} +{numbers}")

    def test_bounds(self) -> None:
        """Bounds are named as they are."""
        for text in (
            f"{PAGE} entries",
            f"{MAX_PAGE:,}",
            f"{MAX_META:,} bytes",
            f"{MAX_DEPTH} levels",
            f"{MAX_VALUES:,} values",
            f"{STRANGERS_BODY // 1024} KiB is parsed",
        ):
            self.assertIn(text, self.text)


class RunningDocumentTests(SynchronousTestCase):
    """docs/running.rst"""

    text = RUNNING.read_text()

    def test_options(self) -> None:
        """Every option has an entry with its default."""
        self.assertIn("``--config FILE``\n", self.text)
        for option in OPTIONS:
            entry = re.search(rf"(?m)^``--{option.name}(?: \w+)?``\n((?:   .*\n)+)", self.text)
            assert entry is not None, option.name
            default = "no" if option.read is boolean else f"``{option.default}``" if option.default else ""
            self.assertIn(f"Default: {default}", " ".join(entry.group(1).split()), option.name)

    def test_commands(self) -> None:
        """Every command of the operator's program, and every option of each, is named."""
        for words, parser in commands(admin.parser()):
            self.assertIn(" ".join(words), self.text)
            for option in {text for action in parser._actions for text in action.option_strings if text[:2] == "--"}:
                if option != "--help":
                    self.assertIn(f"``{option}", self.text, words)

    def refused(self, *arguments: str) -> str:
        """The line by which the server refuses to start, with the names that the document uses."""
        folder = str(self.folder)
        options = Options()
        with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()):
            options.parseOptions(["--data", f"{folder}/webcam-data", *arguments])
            makeService(options)
        return f"``{caught.exception}``\n".replace(f"{folder}/", "")

    def setUp(self) -> None:
        """A folder for this test's files."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def test_lines_of_options(self) -> None:
        """Its lines about wrong options are the server's."""
        path = self.folder / "webcam.ini"
        path.write_text("[webcam]\ncolour = red\n")
        self.assertIn(self.refused("--colour"), self.text)
        self.assertIn(self.refused("--config", str(path)), self.text)
        self.assertIn(self.refused("--record-limit", "5x"), self.text)

    def test_lines_of_the_database(self) -> None:
        """Its lines about a database of a newer version, and about a file that is none."""
        data = self.folder / "webcam-data"
        data.mkdir()
        with contextlib.closing(sqlite3.connect(data / FILE)) as connection:
            connection.execute("PRAGMA user_version = 7")
        self.assertLess(VERSION, 7)
        self.assertIn(self.refused(), self.text)
        (data / FILE).write_bytes(b"no database at all, and longer than a header of one is: a hundred bytes" * 2)
        self.assertIn(self.refused(), self.text)

    def test_lines_of_the_certificate(self) -> None:
        """Its lines about a key that is missing, and about a file that is none."""
        for name in ("certificate.pem", "key.pem"):
            (self.folder / name).write_text("")
        given = ("--certificate", f"{self.folder}/certificate.pem", "--key", f"{self.folder}/key.pem")
        self.assertIn("holds no key in PEM form", self.refused(*given))
        (self.folder / "key.pem").unlink()
        self.assertIn("can't read webcam-data/key.pem: No such file", self.with_certificate_alone())

    def with_certificate_alone(self) -> str:
        """The server's line when a certificate of the operator's is there, which has a chain, and the key isn't."""
        data = self.folder / "webcam-data"
        make_self_signed(data / "certificate.pem", data / "key.pem")
        (data / "certificate.pem").write_bytes((data / "certificate.pem").read_bytes() * 2)
        (data / "key.pem").unlink()
        return self.refused()

    def test_lines_of_the_port(self) -> None:
        """Its lines about a port in use, an endpoint that is none, and a socket that systemd didn't give."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            self.assertIn(self.refused("--listen", endpoint).replace(endpoint, "tcp:8080"), self.text)
        self.assertIn(self.refused("--listen", "foo:1"), self.text)
        self.assertIn(self.refused("--listen", "systemd:domain=INET6:index=0"), self.text)


class DocumentTests(SynchronousTestCase):
    """README and docs/"""

    def test_form(self) -> None:
        """Every document is reStructuredText without a warning."""
        try:
            from docutils.core import publish_doctree
        except ImportError:
            raise SkipTest("docutils is not installed") from None
        settings: dict[str, Any] = {"report_level": 1, "syntax_highlight": "none"}
        for path in DOCUMENTS:
            warnings = io.StringIO()
            publish_doctree(
                path.read_text(),
                source_path=str(path),
                settings_overrides={**settings, "warning_stream": warnings},
            )
            self.assertEqual(warnings.getvalue(), "")

    def test_links(self) -> None:
        """Every link inside the project leads to something."""
        for path in DOCUMENTS:
            for target in re.findall(r"<([\w./-]+)>`_|\.\. image:: ([\w./-]+)", path.read_text()):
                self.assertTrue((path.parent / "".join(target)).exists(), f"{path}: {target}")


class UnitTests(SynchronousTestCase):
    """conf/webcam.service and conf/webcam.socket"""

    def analyze(self, *arguments: str) -> str:
        """What ``systemd-analyze`` says; it must be content."""
        command = [program("systemd-analyze"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        if "unrecognized option" in said or "Unknown command" in said:
            raise SkipTest(f"this systemd-analyze is too old for {arguments[0]}")
        self.assertEqual(done.returncode, 0, said)
        return said

    def test_verify(self) -> None:
        """systemd understands both; the program that is started stands in for the installed one."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        service = SERVICE.read_text()
        self.assertIn("ExecStart=/opt/webcam/bin/twistd ", service)
        (folder / SERVICE.name).write_text(service.replace("/opt/webcam/bin/twistd", sys.executable))
        shutil.copy(SOCKET, folder)
        self.assertNotIn("webcam.", self.analyze("verify", "--man=no", *map(str, sorted(folder.iterdir()))))

    def test_security(self) -> None:
        """The service is exposed as little as it is said to be."""
        self.analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(SERVICE))

    def test_configuration(self) -> None:
        """The service starts with a file and a folder that the documents name."""
        text = SERVICE.read_text()
        self.assertIn("webcam --config /etc/webcam/webcam.ini\n", text)
        self.assertIn("/etc/webcam/webcam.ini", RUNNING.read_text())
        self.assertIn("\nExecReload=/bin/kill -HUP $MAINPID\n", text)
        self.assertIn("StateDirectory=webcam\n", text)
        self.assertEqual(build({}, {"STATE_DIRECTORY": "/var/lib/webcam"}).data, Path("/var/lib/webcam"))

    def test_socket_activation(self) -> None:
        """The server takes the socket that systemd hands over, by the endpoint that webcam.socket names, and tells
        systemd when it is ready and when it stops."""
        endpoint = re.search(r"(?m)^# +listen = (\S+)$", SOCKET.read_text())
        assert endpoint is not None, "no endpoint is named"
        activate = program("systemd-socket-activate")
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        port = _free_port()
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notified.close)
        address = f"\0webcam-test-{os.getpid()}-{port}"
        notified.bind(address)
        notified.settimeout(60)
        environment = {"NOTIFY_SOCKET": f"@{address[1:]}", "PYTHONPATH": os.pathsep.join(sys.path)}
        server = subprocess.Popen(
            [activate, "--fdname=webcam", "-l", f"[::1]:{port}"]
            + [f"--setenv={name}={value}" for name, value in environment.items()]
            + [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "webcam"]
            + ["--plain", "--data", str(folder / "data"), "--listen", endpoint.group(1)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(_end, server)
        assert server.stderr is not None
        self.assertIn(b"Listening on", server.stderr.readline())
        connection = http.client.HTTPConnection("::1", port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/" + fields.SERVER_TIME)
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(notified.recv(100), b"READY=1")
        server.terminate()
        self.assertEqual(notified.recv(100), b"STOPPING=1")


def _free_port() -> int:
    if not socket.has_ipv6:
        raise SkipTest("no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return int(probe.getsockname()[1])
    except OSError:
        raise SkipTest("no IPv6 here") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)
    assert process.stderr is not None
    process.stderr.close()
