"""A running server gets another certificate: by SIGHUP, by a change of its files; what is open goes on."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.frames import numbered, numbers
from tests.support.process import DEADLINE, LOOPBACK, command, environment, until
from tests.support.session import ServerCase
from webcam.http.certificate import fingerprint, make_self_signed, read_chain

IN_FOREGROUND = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Runs a program as a shell does that owns a terminal."""


class CertificateCase(ServerCase):
    def shown(self) -> str:
        """The fingerprint of the certificate that a new connection sees."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.server.port), DEADLINE) as plain,
            context.wrap_socket(plain) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return hashlib.sha256(certificate).digest().hex(":").upper()

    def files(self) -> str:
        """The fingerprint of the certificate in the data folder."""
        return fingerprint(read_chain(self.server.data / "certificate.pem")[0])

    def replace(self) -> None:
        """Another pair, renamed into its place."""
        for_now = self.folder()
        make_self_signed(for_now / "certificate.pem", for_now / "key.pem")
        for name in ("certificate.pem", "key.pem"):
            (for_now / name).rename(self.server.data / name)

    def hang_up(self) -> None:
        os.kill(self.server.pid, signal.SIGHUP)


class Reloading(CertificateCase):
    def setUp(self) -> None:
        super().setUp()
        self.own_server()
        self.first = self.files()
        self.assertEqual(self.shown(), self.first)

    def goes_on(self, change: Callable[[], None]) -> None:
        """A camera streams over HTTP/2, a viewer of another connection watches, and neither notices the change."""
        shash = self.authorize("viewer")
        camera, viewer = self.connect(), self.connect()
        upload = self.publish(camera, "camera")
        watching = self.watch(viewer, shash, "camera")
        camera.send(upload, numbered(0))
        viewer.wait(lambda: numbers(viewer.answers[watching].body) == [0])
        said = self.server.said
        change()
        line = self.server.wait_for(r"certificate SHA-256 .* for new connections", said)
        self.assertIn(self.files(), line)
        self.assertEqual(self.shown(), self.files())
        self.assertNotEqual(self.shown(), self.first)
        for number in range(1, 20):
            camera.send(upload, numbered(number))
            viewer.wait(lambda sent=number: numbers(viewer.answers[watching].body)[-1] == sent)
        self.assertFalse(camera.answers[upload].over)
        self.assertEqual((camera.goaway, viewer.goaway), (None, None))

    def test_by_signal(self) -> None:
        """SIGHUP; the server finds the files that changed just before."""

        def change() -> None:
            self.replace()
            self.hang_up()

        self.goes_on(change)

    def test_by_itself(self) -> None:
        """Nobody tells the server that its files have changed."""
        self.goes_on(self.replace)
        self.assertEqual(self.server.log.count("certificate SHA-256"), 2, "at the start, and now")

    def test_a_bad_pair(self) -> None:
        """The old one stays, for new connections too; one line says why. A good pair ends that."""
        (self.server.data / "key.pem").write_text("no key")
        self.server.wait_for(r"the certificate in use stays: .*key\.pem holds no key in PEM form")
        self.assertEqual(self.shown(), self.first)
        said = self.server.said
        self.hang_up()
        self.server.wait_for(r"the certificate in use stays", said)
        self.assertEqual(self.shown(), self.first)
        said = self.server.said
        self.replace()
        self.hang_up()
        self.server.wait_for(f"certificate SHA-256 {self.files()}", said)
        self.assertEqual(self.shown(), self.files())


class OtherStarts(CertificateCase):
    """SIGHUP for servers that were started otherwise. It would end a program that knows nothing of it."""

    def test_without_tls(self) -> None:
        """There is nothing to reload, and nothing ends."""
        self.own_server("--plain")
        self.hang_up()
        self.server.wait_for("nothing to reload")

    def test_in_the_background(self) -> None:
        """twistd without -n: another process than the one that was started."""
        folder = self.folder()
        log, pidfile, data = folder / "log", folder / "pid", folder / "data"
        program = [each for each in command(data, f"--listen={LOOPBACK}") if each not in ("-n", "--pidfile=")]
        place = program.index("webcam")
        program[place:place] = [f"--pidfile={pidfile}", f"--logfile={log}"]
        subprocess.run(program, env=environment(), cwd=folder, check=True, timeout=DEADLINE)
        until(lambda: log.exists() and "is ready" in log.read_text(), "ready")
        pid = int(pidfile.read_text())
        self.addCleanup(_end, pid)
        make_self_signed(data / "certificate.pem", data / "key.pem")
        os.kill(pid, signal.SIGHUP)
        expected = f"certificate SHA-256 {fingerprint(read_chain(data / 'certificate.pem')[0])} for new connections"
        until(lambda: expected in log.read_text(), "the new certificate in use")

    def test_a_terminal_that_is_closed(self) -> None:
        """A server in the foreground ends with its terminal, in good order."""
        folder = self.folder()
        ours, its = os.openpty()
        server = subprocess.Popen(
            [sys.executable, "-c", IN_FOREGROUND, *command(folder / "data", f"--listen={LOOPBACK}")],
            env=environment(),
            cwd=folder,
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        os.close(its)
        said = b""
        while b"is ready" not in said:
            said += os.read(ours, 65536)
        os.close(ours)
        server.wait(DEADLINE)
        self.assertFalse((folder / "data" / "webcam.db-wal").exists(), "the database was closed")


def _end(pid: int) -> None:
    """SIGTERM to a process that is no child of this one, and wait for its end."""
    os.kill(pid, signal.SIGTERM)

    def gone() -> bool:
        try:
            os.kill(pid, 0)
            return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()  # nobody asks for its exit status
        except OSError:
            return True

    until(gone, "the end of the server")
