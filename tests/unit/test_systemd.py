"""Telling systemd how the service is doing: one datagram, or nothing."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from webcam.systemd import notify


class NotifyTests(SynchronousTestCase):
    """The datagram, read from a socket in a folder of the test's own."""

    def setUp(self) -> None:
        self.patch(os, "environ", dict(os.environ))
        os.environ.pop("NOTIFY_SOCKET", None)

    def listen(self, address: str) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.setblocking(False)
        listening.bind(address)
        return listening

    def test_path(self) -> None:
        """The state, as it is."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name) / "notify")
        listening = self.listen(path)
        os.environ["NOTIFY_SOCKET"] = path
        notify("READY=1")
        notify("STOPPING=1")
        self.assertEqual([listening.recv(100), listening.recv(100)], [b"READY=1", b"STOPPING=1"])

    def test_abstract(self) -> None:
        """An address that begins with ``@`` is Linux's abstract one."""
        name = f"webcam-test-{os.getpid()}"
        listening = self.listen(f"\0{name}")
        os.environ["NOTIFY_SOCKET"] = f"@{name}"
        notify("READY=1")
        self.assertEqual(listening.recv(100), b"READY=1")

    def test_elsewhere(self) -> None:
        """Where nobody waits for it, nothing happens."""
        notify("READY=1")
        os.environ["NOTIFY_SOCKET"] = ""
        notify("READY=1")
