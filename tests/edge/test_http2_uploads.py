"""HTTP/2: bodies as they come in, their credit and their lengths."""

from __future__ import annotations

import h2.events
from h2.errors import ErrorCodes
from hyperframe.frame import DataFrame
from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import Web

WINDOW = 65535
TWENTY_GIB = ("content-length", "21474836480")
BODY = bytes(range(256)) * 1000


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h2()

    def credits(self, stream: int) -> int:
        """Bytes by which the server has opened the stream's window (0: the connection's) so far."""
        self.client.pump()
        updates = [each for each in self.client.events if isinstance(each, h2.events.WindowUpdated)]
        return sum(each.delta or 0 for each in updates if each.stream_id == stream)

    def assert_alive(self) -> None:
        self.assertEqual(self.client.fetch("POST", "/echo", b"alive").body, b"alive")
        self.assertIsNone(self.client.goaway)


class Lengths(Base):
    def test_a_live_upload_of_twenty_gib_allocates_nothing(self) -> None:
        """No bytes are set aside by a declared length, and no temporary file is opened."""
        self.client.open("PUT", "/live", [TWENTY_GIB])
        (upload,) = self.web.uploads
        self.assertEqual(upload.request.declared, 21474836480)
        self.assertIsNone(upload.request.content)
        self.assertEqual((upload.request.body, upload.request.body_size), ([], 0))

    def test_a_live_upload_that_ends_short(self) -> None:
        """It ends by END_STREAM, and is answered; the other streams live on."""
        other = self.client.open("POST", "/live")
        stream = self.client.open("PUT", "/live", [TWENTY_GIB])
        self.client.send_data(stream, b"short")
        self.client.send_data(stream, b"", end=True)
        response = self.client.response(stream)
        self.assertEqual((response.status, response.body, response.reset_code), (200, b"5", None))
        self.assertEqual(self.web.uploads[1].ends, ["ended"])
        self.client.end(other)
        self.assertEqual(self.client.response(other).body, b"0")

    def test_a_live_upload_that_is_reset_short(self) -> None:
        """It ends by RST_STREAM, CANCEL or STREAM_CLOSED."""
        for code in (ErrorCodes.CANCEL, ErrorCodes.STREAM_CLOSED):
            stream = self.client.open("PUT", "/live", [TWENTY_GIB])
            self.client.send_data(stream, b"short")
            self.client.reset(stream, code)
            self.assertEqual(self.web.uploads[-1].ends, ["lost"])
        self.assert_alive()

    def test_a_live_upload_that_runs_over(self) -> None:
        """Its length is a promise that nobody holds it to."""
        stream = self.client.open("PUT", "/live", [("content-length", "3")])
        self.client.send_data(stream, b"longer", end=True)
        self.assertEqual(self.client.response(stream).body, b"6")

    def test_an_ordinary_body_that_ends_short(self) -> None:
        """RST_STREAM with PROTOCOL_ERROR; the application sees no request, the other streams live on."""
        other = self.client.open("POST", "/live")
        for body in (b"", b"ab"):
            stream = self.client.request("POST", "/held", body, [("content-length", "3")])
            self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.PROTOCOL_ERROR)
        self.assertEqual(self.web.held, [])
        self.client.end(other)
        self.assertEqual(self.client.response(other).body, b"0")
        self.assertIsNone(self.client.goaway)

    def test_an_ordinary_body_that_runs_over(self) -> None:
        """So too, as soon as it does."""
        other = self.client.open("POST", "/live")
        stream = self.client.open("POST", "/held", [("content-length", "3")])
        self.client.send_data(stream, b"abcd")
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.PROTOCOL_ERROR)
        self.client.end(other)
        self.assertEqual(self.client.response(other).body, b"0")

    def test_an_ordinary_body_that_keeps_its_length(self) -> None:
        """In however many pieces."""
        stream = self.client.open("POST", "/echo", [("content-length", "4")])
        self.client.send_data(stream, b"ab")
        self.client.send_data(stream, b"cd")
        self.client.end(stream)
        self.assertEqual(self.client.response(stream).body, b"abcd")

    def test_an_ordinary_body_of_twenty_gib(self) -> None:
        """It is too large by what it declares: 413, and none of it is held."""
        stream = self.client.open("POST", "/echo", [TWENTY_GIB])
        self.client.send_data(stream, b"x" * 1000)
        self.assertEqual(self.client.response(stream).status, 413)
        self.assert_alive()


class Credit(Base):
    def test_an_upload_runs_on(self) -> None:
        """Windows are opened as the body is consumed, so that it never stands still."""
        stream = self.client.open("POST", "/live")
        self.client.send_data(stream, BODY * 20, end=True)
        self.assertEqual(self.client.response(stream).body, b"%d" % (20 * len(BODY)))
        self.assertEqual(self.web.uploads[0].received, BODY * 20)

    def test_data_is_not_written_down(self) -> None:
        """h2 would make a text of each frame, its payload in it, for a trace that nobody reads."""
        texts: list[DataFrame] = []
        self.patch(DataFrame, "__repr__", lambda frame: texts.append(frame) or "")
        stream = self.client.open("POST", "/live")
        for _ in range(10):
            self.client.send_raw(DataFrame(stream, b"picture").serialize())
        self.assertEqual(self.web.uploads[0].received, b"picture" * 10)
        self.assertEqual(texts, [])

    def test_a_connection_begins_with_a_mebibyte(self) -> None:
        """On all streams together; each has its own 65,535."""
        self.client.pump()
        self.assertEqual(self.client.h2.outbound_flow_control_window, 1024 * 1024)

    def test_a_paused_upload_gets_a_window_and_no_more(self) -> None:
        """Its client is held back at 65,535 bytes, none of which reach the application."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        self.client.send_data(stream, BODY)
        self.assertEqual(self.client.unsent(stream), len(BODY) - WINDOW)
        self.assertEqual((upload.received, self.credits(stream)), (b"", 0))

    def test_a_paused_upload_does_not_stop_another_one(self) -> None:
        """The connection's window is opened on receipt: it is never used up by what is not consumed."""
        for _ in range(30):
            paused = self.client.open("POST", "/live")
            self.web.uploads[-1].request.pause_body()
            self.client.send_data(paused, BODY)
        stream = self.client.open("POST", "/live")
        self.client.send_data(stream, BODY * 8, end=True)
        self.assertEqual(self.client.response(stream).body, b"%d" % (8 * len(BODY)))
        self.assertEqual({each.received for each in self.web.uploads[:-1]}, {b""})

    def test_a_resumed_upload_goes_on_in_order(self) -> None:
        """What was kept comes first, then the rest; nothing is lost and nothing comes twice."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        self.client.send_data(stream, BODY, end=True)
        self.client.pump()
        upload.request.resume_body()
        self.assertEqual(upload.received, BODY[:WINDOW])
        self.client.pump()
        self.assertEqual((upload.received, upload.ends), (BODY, ["ended"]))

    def test_an_upload_may_pause_itself_within_a_chunk(self) -> None:
        """It gets no more until it is resumed, and may pause again while it takes what was kept."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        with self.client.one_read():
            for piece in (b"stop1", b"stop2", b"last"):
                self.client.send_data(stream, piece)
        self.assertEqual(upload.received, b"stop1")
        upload.request.resume_body()
        self.assertEqual(upload.received, b"stop1stop2")
        upload.request.resume_body()
        self.assertEqual(upload.received, b"stop1stop2last")

    def test_the_end_of_a_paused_upload_comes_behind_its_data(self) -> None:
        """Not when END_STREAM arrives."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        self.client.send_data(stream, b"data", end=True)
        self.assertEqual(upload.ends, [])
        upload.request.resume_body()
        self.assertEqual((upload.received, upload.ends), (b"data", ["ended"]))
        self.assertEqual(self.client.response(stream).body, b"4")

    def test_an_exception_as_a_paused_upload_goes_on(self) -> None:
        """It ends the stream with INTERNAL_ERROR; whoever resumed it doesn't see the exception."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        self.client.send_data(stream, b"boom")
        upload.request.resume_body()
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.INTERNAL_ERROR)
        self.assertEqual(len(self.flushLoggedErrors()), 1)
        self.assertEqual(upload.ends, ["lost"])
        self.assert_alive()

    def test_reset_while_paused(self) -> None:
        """What was kept goes, the connection's window has it back, and a late resume does nothing."""
        for _ in range(40):
            stream = self.client.open("POST", "/live")
            upload = self.web.uploads[-1]
            upload.request.pause_body()
            self.client.send_data(stream, BODY[:WINDOW])
            kept = self.client.protocol._channel.streams[stream]._waiting
            self.assertTrue(kept)
            self.client.reset(stream)
            self.assertFalse(kept)
            upload.request.resume_body()
            upload.request.pause_body()
            self.assertEqual((upload.received, upload.ends), (b"", ["lost"]))
            self.client.pump()
        self.assert_alive()

    def test_pause_and_resume_when_the_answer_is_done(self) -> None:
        """Nothing is left to hold back."""
        stream = self.client.request("POST", "/live", b"x")
        (upload,) = self.web.uploads
        self.assertTrue(self.client.response(stream).ended)
        upload.request.pause_body()
        upload.request.resume_body()
        self.assert_alive()

    def test_padding_is_given_back(self) -> None:
        """Padding counts against both windows, though nobody consumes it."""
        stream = self.client.open("POST", "/live")
        for _ in range(600):
            self.client.h2.send_data(stream, b"x", pad_length=255)
            self.client.flush()
            self.client.pump()
        self.client.end(stream)
        self.assertEqual(self.client.response(stream).body, b"600")
