"""What is read of a TCP connection; tests/integration/test_vanished.py reads it of the system itself."""

from __future__ import annotations

import socket
import struct
import sys

from twisted.trial.unittest import SynchronousTestCase

from webcam.http import tcpinfo
from webcam.http.tcpinfo import Reading, read


class Told:
    """A transport whose socket tells this; it is a socket's to tell fewer bytes than it was asked for."""

    def __init__(self, told: bytes | OSError) -> None:
        self._told = told
        self.socket = self

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option) == (socket.IPPROTO_TCP, socket.TCP_INFO)
        if isinstance(self._told, OSError):
            raise self._told
        return self._told[:size]


def info(retransmits: int = 0, probes: int = 0, last_ack: int = 0) -> bytes:
    """``struct tcp_info`` with each of its other bytes set."""
    return b"\xff\xff" + bytes((retransmits, probes)) + b"\xff" * 52 + struct.pack("=I", last_ack) + b"\xff" * 160


class Readings(SynchronousTestCase):
    if sys.platform != "linux":
        skip = "other systems tell it otherwise"

    def test_the_fields_by_their_place(self) -> None:
        self.assertEqual(read(Told(info())), Reading(0, 0.0))
        self.assertEqual(read(Told(info(retransmits=5, last_ack=9028))), Reading(5, 9.028))
        self.assertEqual(read(Told(info(probes=3, last_ack=2**32 - 1))), Reading(3, 4294967.295))
        self.assertEqual(read(Told(info(retransmits=2, probes=1))), Reading(2, 0.0))

    def test_none_where_nobody_tells(self) -> None:
        """No socket, one that is closed or of another kind, an older kernel's shorter structure, another system."""
        for transport in (object(), Told(OSError(9, "closed")), Told(b"\x01" * 40)):
            self.assertIsNone(read(transport))
        self.patch(tcpinfo.sys, "platform", "darwin")
        self.assertIsNone(read(Told(info(retransmits=9, last_ack=99_000))))
