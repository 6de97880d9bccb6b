"""HTTP/2: what happens on one stream stays on it."""

from __future__ import annotations

from h2.errors import ErrorCodes
from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import LIMIT, Boom, Producer, Upload, Web


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h2()

    def assert_alive(self) -> None:
        """The connection still serves."""
        self.assertEqual(self.client.fetch("POST", "/echo", b"alive").body, b"alive")
        self.assertIsNone(self.client.goaway)
        self.assertFalse(self.client.closed)


class HeaderNames(Base):
    def test_a_name_that_is_none_costs_its_stream_alone(self) -> None:
        """h2 lets these names pass, Twisted doesn't take them."""
        other = self.client.open("POST", "/live")
        for name in ("a(b", "x{y", "a/b", "a@b", "a,b"):
            stream = self.client.request("POST", "/echo", headers=[(name, "1")])
            self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.PROTOCOL_ERROR, name)
        self.client.send_data(other, b"on")
        self.assertEqual(self.web.uploads[0].received, b"on")
        self.assert_alive()


class EarlyHook(Base):
    def test_it_runs_with_the_headers_alone(self) -> None:
        """The application is told before any byte of the body, when the stream is registered already."""
        stream = self.client.open("POST", "/live?a=b")
        (upload,) = self.web.uploads
        self.assertIn(stream, upload.streams_at_start)
        request = upload.request
        self.assertEqual(
            (request.method, request.path, request.query, request.clientproto), (b"POST", b"/live", b"a=b", b"HTTP/2")
        )

    def test_it_may_answer_at_once(self) -> None:
        """An answer from within the hook is whole, with its end, before any body came."""
        stream = self.client.open("POST", "/now")
        response = self.client.response(stream)
        self.assertEqual((response.status, response.body, response.ended), (200, b"at once", True))
        self.assert_alive()

    def test_it_may_answer_a_request_without_a_body(self) -> None:
        """The end of the stream behind the answer is no second request."""
        self.assertEqual(self.client.fetch("GET", "/now").body, b"at once")
        self.assert_alive()

    def test_it_may_abort(self) -> None:
        """An abort is RST_STREAM with CANCEL, on this stream alone."""
        other = self.client.open("POST", "/live")
        stream = self.client.open("POST", "/refused")
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.CANCEL)
        self.assertIsNone(self.client.response(stream).status)
        self.client.send_data(other, b"more", end=True)
        self.assertEqual(self.client.response(other).body, b"4")

    def test_an_exception_in_it_ends_its_stream(self) -> None:
        """It is logged, and the stream is reset with INTERNAL_ERROR."""
        stream = self.client.open("POST", "/broken")
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.INTERNAL_ERROR)
        self.assertEqual(len(self.flushLoggedErrors(Boom)), 1)
        self.assert_alive()


class Exceptions(Base):
    def test_in_a_chunk_it_ends_its_stream_and_no_other(self) -> None:
        """The upload is lost, once; another one on the same connection goes on."""
        good, bad = self.client.open("POST", "/live"), self.client.open("POST", "/live")
        self.client.send_data(bad, b"boom")
        self.client.send_data(good, b"fine", end=True)
        self.assertEqual(self.client.response(bad).reset_code, ErrorCodes.INTERNAL_ERROR)
        self.assertEqual(self.client.response(good).body, b"4")
        self.assertEqual([each.ends for each in self.web.uploads], [["ended"], ["lost"]])
        self.assertEqual(len(self.flushLoggedErrors(Boom)), 1)

    def test_a_loss_that_raises_keeps_no_other_stream_from_being_told(self) -> None:
        """Every stream is told of the end of its connection, whatever one of them does about it."""
        for goodbye in (False, True):
            self.setUp()
            for _ in range(3):
                self.client.open("POST", "/live")
            first = self.web.uploads[0]

            def lost(upload: Upload = first) -> None:
                upload.ends.append("lost")
                raise Boom("in the loss")

            first.lost = lost  # type: ignore[method-assign]
            if goodbye:
                self.client.h2.close_connection()
                self.client.flush()
            self.client.drop()
            self.assertEqual([each.ends for each in self.web.uploads], [["lost"]] * 3)
            self.assertEqual(len(self.flushLoggedErrors(Boom)), 1)


class Resets(Base):
    def test_by_the_client_of_one_stream(self) -> None:
        """The upload is lost, once; the others go on."""
        gone, stays = self.client.open("POST", "/live"), self.client.open("POST", "/live")
        self.client.send_data(gone, b"some")
        self.client.reset(gone)
        self.client.send_data(stays, b"more", end=True)
        self.assertEqual(self.client.response(stays).body, b"4")
        self.assertEqual([each.ends for each in self.web.uploads], [["lost"], ["ended"]])
        self.assert_alive()

    def test_of_a_request_that_waits_for_its_answer(self) -> None:
        """The application is told; an answer that it gives all the same goes nowhere."""
        stream = self.client.request("POST", "/held", b"body")
        (request,) = self.web.held
        told: list[object] = []
        request.notifyFinish().addErrback(told.append)
        self.client.reset(stream)
        self.assertEqual((len(told), request.body), (1, []))
        self.assertTrue(request.gone)
        request.write(b"too late")
        request.answer(200, b"too late")
        request.finish()
        self.assertIsNone(self.client.response(stream).status)
        self.assert_alive()

    def test_of_a_half_sent_answer(self) -> None:
        """What was queued for the stream is forgotten, and the others have the connection."""
        stream = self.client.request("GET", "/held")
        self.client.stalled.add(stream)
        producer = Producer(self.web.held[0])
        self.web.held[0].write(b"x" * 200_000)
        self.client.pump()
        self.client.reset(stream)
        self.assertEqual(producer.told, ["pause"])
        self.assertFalse(self.client.protocol._channel._sender.holding)
        self.assert_alive()

    def test_request_reset_request_in_one_read(self) -> None:
        """The second request is answered as if nothing had been."""
        with self.client.one_read():
            first = self.client.request("POST", "/echo", b"one")
            self.client.reset(first)
            second = self.client.request("POST", "/echo", b"two")
        self.assertEqual(self.client.response(second).body, b"two")
        self.assert_alive()

    def test_live_request_reset_in_one_read(self) -> None:
        """The upload begins and is lost in the same turn."""
        with self.client.one_read():
            self.client.reset(self.client.open("POST", "/live"))
            second = self.client.request("POST", "/echo", b"two")
        self.assertEqual(self.web.uploads[0].ends, ["lost"])
        self.assertEqual(self.client.response(second).body, b"two")

    def test_of_a_stream_whose_answer_is_done(self) -> None:
        """A late RST_STREAM is of no interest."""
        stream = self.client.request("POST", "/echo", b"one")
        self.assertTrue(self.client.response(stream).ended)
        self.client.reset(stream)
        self.assert_alive()

    def test_by_the_server(self) -> None:
        """An abort in the middle of an answer is RST_STREAM with CANCEL; the application hears of it once."""
        stream = self.client.request("GET", "/held")
        (request,) = self.web.held
        told: list[object] = []
        request.notifyFinish().addErrback(told.append)
        request.write(b"begun")
        request.abort()
        request.abort()
        response = self.client.response(stream)
        self.assertEqual((response.body, response.ended, response.reset_code), (b"begun", False, ErrorCodes.CANCEL))
        self.assertEqual(len(told), 1)
        self.assert_alive()

    def test_by_the_server_within_a_chunk(self) -> None:
        """An upload that is aborted while its bytes come is lost once, and the rest of its bytes go nowhere."""
        stream = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.chunk = lambda data: upload.request.abort()  # type: ignore[method-assign]
        with self.client.one_read():
            self.client.send_data(stream, b"a")
            self.client.send_data(stream, b"b", end=True)
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.CANCEL)
        self.assertEqual(upload.ends, ["lost"])
        self.assert_alive()


class EarlyAnswers(Base):
    def test_too_large_by_its_declared_length(self) -> None:
        """413 with END_STREAM before any body came; RST_STREAM (NO_ERROR) one second later."""
        stream = self.client.open("POST", "/echo", [("content-length", str(LIMIT + 1))])
        response = self.client.response(stream)
        self.assertEqual((response.status, response.ended, response.reset_code), (413, True, None))
        self.web.clock.advance(0.99)
        self.assertIsNone(self.client.response(stream).reset_code)
        self.web.clock.advance(0.01)
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.NO_ERROR)
        self.assert_alive()

    def test_too_large_as_it_comes(self) -> None:
        """A body without a declared length is answered 413 as soon as it passes the limit; the rest is dropped."""
        stream = self.client.open("POST", "/echo")
        self.client.send_data(stream, b"x" * LIMIT)
        self.assertIsNone(self.client.response(stream).status)
        self.client.send_data(stream, b"x")
        self.assertEqual(self.client.response(stream).status, 413)
        self.assertEqual(self.web.refused[0].body, [])
        self.client.send_data(stream, b"x" * 1000)
        self.assert_alive()

    def test_the_largest_body_is_taken(self) -> None:
        """The limit itself is within the limit, declared or not."""
        declared = [("content-length", str(LIMIT))]
        self.assertEqual(len(self.client.fetch("POST", "/echo", b"x" * LIMIT, declared).body), LIMIT)

    def test_data_behind_the_answer(self) -> None:
        """Late DATA, its end included, ends nothing, and its bytes are given back to the connection's window."""
        stream = self.client.open("POST", "/now")
        for _ in range(20):
            self.client.send_data(stream, b"x" * 3000)
        self.client.send_data(stream, b"x", end=True)
        self.assert_alive()
        self.web.clock.advance(1)
        self.assertIsNone(self.client.response(stream).reset_code)

    def test_a_body_that_ends_within_the_second_is_not_reset(self) -> None:
        """There is nothing left to stop."""
        stream = self.client.open("POST", "/now")
        self.client.end(stream)
        self.web.clock.advance(1)
        self.assertIsNone(self.client.response(stream).reset_code)
        self.assertEqual(self.client.responses[stream].body, b"at once")

    def test_the_connection_may_go_within_the_second(self) -> None:
        """Nothing is left to do then."""
        self.client.open("POST", "/now")
        self.client.drop()
        self.assertEqual(self.web.timers(), [])


class Continue(Base):
    EXPECT = (("expect", "100-continue"), ("content-length", "3"))

    def test_is_said_to_an_accepted_request(self) -> None:
        """Ordinary or live, the client is told to go on, before any answer."""
        for path, body in (("/echo", b"abc"), ("/live", b"3")):
            stream = self.client.open("POST", path, self.EXPECT)
            self.assertEqual(self.client.response(stream).informational, [100])
            self.client.send_data(stream, b"abc", end=True)
            self.assertEqual(self.client.response(stream).body, body)

    def test_is_not_said_to_others(self) -> None:
        """Refused, answered at once, or too large: the client keeps its body."""
        large = (("expect", "100-continue"), ("content-length", str(LIMIT + 1)))
        for path, headers in (("/refused", self.EXPECT), ("/now", self.EXPECT), ("/echo", large)):
            stream = self.client.open("POST", path, headers)
            self.assertEqual(self.client.response(stream).informational, [])

    def test_is_not_said_unasked(self) -> None:
        stream = self.client.open("POST", "/live")
        self.assertEqual(self.client.response(stream).informational, [])

    def test_of_a_stream_that_was_reset_in_the_same_read(self) -> None:
        """Nobody is there to be told, and nothing is logged."""
        with self.client.one_read():
            self.client.reset(self.client.open("POST", "/live", self.EXPECT))
        self.assertEqual(self.web.uploads[0].ends, ["lost"])
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assert_alive()


class OddRequests(Base):
    def test_connect_without_a_path(self) -> None:
        """CONNECT has none: its stream alone is reset."""
        live = self.client.open("POST", "/live")
        stream = self.client.h2.get_next_available_stream_id()
        self.client.responses[stream] = self.client.responses[live].__class__()
        self.client.h2.send_headers(stream, [(":method", "CONNECT"), (":authority", "localhost:8080")])
        self.client.flush()
        self.assertEqual(self.client.response(stream).reset_code, ErrorCodes.PROTOCOL_ERROR)
        self.client.end(live)
        self.assertEqual(self.client.response(live).body, b"0")

    def test_head_has_no_body(self) -> None:
        """Headers as of GET, the length included, and the end."""
        response = self.client.fetch("HEAD", "/echo")
        self.assertEqual((response.status, response.body, response.ended), (200, b"", True))

    def test_bytes_that_are_no_http2(self) -> None:
        """They end the connection with GOAWAY, and every stream on it once."""
        self.client.open("POST", "/live")
        self.client.send_raw(b"\x00\x00\x01\x00\x00\x00\x00\x00\x00!")
        self.assertTrue(self.client.closed)
        self.assertEqual(self.client.goaway, ErrorCodes.PROTOCOL_ERROR)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])
        self.assertEqual(self.web.timers(), [])
