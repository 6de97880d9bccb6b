"""What RFC 9113 allows as an answer to a frame, and what must not come of it.

:class:`Case` has a live upload on stream 1, the witness: whatever happens to another stream, it goes on, and whatever
ends the connection ends it, once.
"""

from __future__ import annotations

from typing import Any

from h2.errors import ErrorCodes
from hyperframe.frame import PingFrame, RstStreamFrame
from twisted.trial.unittest import SynchronousTestCase

from tests.support.peer import Peer
from tests.support.web import Web


class Case(SynchronousTestCase):
    """A connection with the witness on it."""

    def setUp(self) -> None:
        self.web = Web()
        self.peers: list[Peer] = []
        self.peer = self.begin()
        self.witness = self.peer.open("/live")

    def tearDown(self) -> None:
        """No timer and no stream is left behind a connection."""
        for peer in self.peers:
            peer.drop()
            self.assertFalse(getattr(peer.protocol._channel, "streams", None))
        self.web.clock.advance(0)  # Twisted's channel makes a call of no delay as it begins
        self.assertEqual(self.web.timers(), [])

    def begin(self, **options: Any) -> Peer:
        """A new connection."""
        peer = Peer(self.web.site, **options)
        self.web.clock.advance(0)
        self.peers.append(peer)
        return peer

    # Streams in each state of section 5.1

    def half_closed_remote(self) -> int:
        """The request is whole, its answer is not there yet."""
        return self.peer.open("/held", end=True)

    def half_closed_local(self) -> int:
        """The answer is whole, the request goes on."""
        stream = self.peer.open("/now")
        self.assertTrue(self.peer.response(stream).ended)
        return stream

    def closed_by_end(self) -> int:
        """Both are whole."""
        stream = self.peer.request("POST", "/echo", b"x")
        self.assertTrue(self.peer.response(stream).ended)
        return stream

    def closed_by_peer(self) -> int:
        """Reset by the client."""
        stream = self.peer.open("/live")
        self.peer.send(RstStreamFrame(stream, error_code=ErrorCodes.CANCEL))
        return stream

    def closed_by_server(self) -> int:
        """Reset by the server."""
        stream = self.peer.open("/refused")
        self.assertEqual(self.peer.response(stream).reset_code, ErrorCodes.CANCEL)
        return stream

    # What may come of it

    def assert_alive(self) -> None:
        """The connection serves: PING, a request, and the witness to its end."""
        self.assertIsNone(self.peer.goaway)
        self.peer.send(PingFrame(0, b"alive?!?"))
        answer = self.peer.fetch("POST", "/echo", b"alive")
        self.assertEqual(self.peer.pongs[-1:], [b"alive?!?"])
        self.assertEqual((answer.status, answer.body, answer.ended), (200, b"alive", True))
        upload, before = self.web.uploads[0], len(self.web.uploads[0].received)
        self.peer.data(self.witness, b"witness", end=True)
        self.assertEqual(self.peer.response(self.witness).body, b"%d" % (before + 7))
        self.assertEqual(upload.ends, ["ended"])
        self.assertFalse(self.peer.closed)

    def assert_connection_error(self, *codes: ErrorCodes) -> None:
        """GOAWAY with one of *codes* as the last frame, the connection closed, its streams lost; others live."""
        other = self.begin()
        self.peer.pump()
        goaway = self.peer.goaway
        assert goaway is not None, f"no GOAWAY, resets: {self.peer.resets}"
        self.assertIn(goaway.error_code, codes)
        self.assertIs(self.peer.frames[-1], goaway)
        self.assertLess(goaway.last_stream_id, self.peer.idle())
        self.assertTrue(self.peer.closed)
        self.assertEqual({tuple(each.ends) for each in self.web.uploads} - {("lost",), ("ended",)}, set())
        self.assertEqual(other.fetch("POST", "/echo", b"fine").body, b"fine")

    def assert_stream_error(self, stream: int, *codes: ErrorCodes) -> None:
        """RST_STREAM with one of *codes* and nothing else harmed; or a connection error of them (5.4.1)."""
        if self.peer.closed or self.peer.goaway is not None:
            self.assert_connection_error(*codes)
            return
        self.assertIn(stream, self.peer.resets)
        self.assertIn(self.peer.resets[stream][-1], codes)
        for upload in self.web.uploads[1:]:
            self.assertEqual(len(upload.ends), 1)
        self.assert_alive()

    def assert_reset(self, stream: int, *codes: ErrorCodes) -> None:
        """RST_STREAM, the connection lives: what the server promises where the RFC would let it end all."""
        self.assertFalse(self.peer.closed)
        self.assert_stream_error(stream, *codes)

    def assert_discarded(self, stream: int, resets: int = 0) -> None:
        """Ignored, or answered by RST_STREAM (STREAM_CLOSED) behind the *resets* that were sent before; all lives."""
        self.peer.pump()
        later = self.peer.resets.get(stream, [])[resets:]
        self.assertEqual(set(later) - {ErrorCodes.STREAM_CLOSED}, set())
        self.assert_alive()
