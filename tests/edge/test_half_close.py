"""Clients that end their side of the connection right behind their request, and wait for the answer."""

from __future__ import annotations

import ssl
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.edge.test_tls import HEADERS, Case, Connection
from tests.support.edge import JPEG, EdgeCase, frames, path_of
from tests.support.freed import garbage
from tests.support.http import H1Client
from tests.support.peer import block, raw, request
from tests.support.web import Producer, Web
from webcam.http.limits import LAST_BYTES
from webcam.wire.frames import encode

END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


class OverTCP(SynchronousTestCase):
    """HTTP/1.1 without TLS: a FIN."""

    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h1()

    def end(self) -> None:
        self.client.transport.half_close()

    def assert_over(self) -> None:
        """The connection is gone, and nothing of it is left."""
        self.assertTrue(self.client.closed)
        self.assertEqual((self.web.timers(), len(self.web.site.connections)), ([], 0))

    def test_an_answer_that_is_given_later(self) -> None:
        number = self.client.request("GET", "/held")
        self.end()
        self.end()  # TCP tells it again when it reads on
        self.assertFalse(self.client.closed)
        self.web.held[0].answer(200, b"late")
        self.assertEqual((self.client.response(number).body, self.client.response(number).ended), (b"late", True))
        self.assert_over()

    def test_an_answer_that_was_given(self) -> None:
        self.assertEqual(self.client.fetch("GET", "/echo").status, 200)
        self.end()
        self.assert_over()

    def test_the_last_answer_of_a_connection(self) -> None:
        """Either side may be the first to end it."""
        self.client.transport.feed(b"GET /echo HTTP/1.0\r\n\r\n")
        self.end()
        self.assertEqual(self.client.transport.take().split(b"\r\n")[0][9:], b"200 OK")
        self.assert_over()

    def test_nothing_was_asked(self) -> None:
        self.end()
        self.assertEqual(self.client.transport.value(), b"")
        self.assert_over()

    def test_all_that_was_asked_is_answered_in_its_order(self) -> None:
        with self.client.one_read():
            numbers = [self.client.request("GET", "/held"), self.client.request("POST", "/echo", b"second")]
            numbers.append(self.client.request("GET", "/held"))
        self.end()
        self.web.held[0].answer(200, b"first")
        self.assertEqual(self.client.response(numbers[1]).body, b"second")
        self.assertFalse(self.client.closed)
        self.web.held[1].answer(200, b"third")
        self.assertEqual(self.client.response(numbers[2]).body, b"third")
        self.assert_over()

    def test_an_answer_goes_on_while_it_is_taken(self) -> None:
        self.client.drop()
        self.client = self.web.h1(capacity=20_000)
        self.client.reading = False
        number = self.client.request("GET", "/held")
        producer = Producer(self.web.held[0], [b"x" * 10_000] * 20)
        producer.go()
        self.end()
        self.client.reading = True
        self.client.pump()
        self.assertEqual(producer.pieces, [])
        producer.request.unregisterProducer()
        producer.request.finish()
        self.assertEqual(len(self.client.response(number).body), 200_000)
        self.assert_over()

    def test_one_that_takes_nothing_is_cut_off(self) -> None:
        self.client.drop()
        self.client = self.web.h1(capacity=20_000)
        self.client.reading = False
        self.client.request("GET", "/held")
        Producer(self.web.held[0], [b"x" * 10_000] * 20).go()
        self.end()
        for seconds, gone in ((LAST_BYTES, False), (0.5, True)):
            self.web.clock.advance(seconds)
            self.web.site.connections.look_after()
            self.web.clock.advance(0)
            self.assertEqual(self.client.closed, gone)
        self.assertEqual(self.web.site.tally.met["time for the last bytes"], 1)

    def test_the_end_of_a_live_upload(self) -> None:
        """Whatever length it declared, or none: it is over, and is answered."""
        for headers in ((), [("content-length", "21474836480")]):
            self.client.drop()
            self.client = self.web.h1()
            number = self.client.open("POST", "/live", headers)
            self.client.send_data(number, b"all there is")
            self.end()
            upload = self.web.uploads[-1]
            self.assertEqual((upload.received, upload.ends), (b"all there is", ["ended"]))
            self.assertEqual(self.client.response(number).body, b"12")
            self.assert_over()

    def test_the_end_of_a_live_upload_that_is_paused(self) -> None:
        """What came still counts when it goes on."""
        number = self.client.open("POST", "/live", [("content-length", "1000")])
        self.client.send_data(number, b"stop")
        upload = self.web.uploads[-1]
        self.client.protocol.dataReceived(b"more")
        self.end()
        self.assertEqual(upload.ends, [])
        upload.request.resume_body()
        self.assertEqual((upload.received, upload.ends), (b"stopmore", ["ended"]))
        self.assert_over()

    def test_half_a_request(self) -> None:
        """It is told so, and never served."""
        for sent in (
            b"GET /hel",
            b"GET /held HTTP/1.1\r\nHost: a\r\n",
            b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfour",
            b"POST /held HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n",
        ):
            self.client.drop()
            self.client = self.web.h1()
            self.client.expect("POST")
            self.client.send_raw(sent)
            self.end()
            self.assertTrue(self.client.transport.value().startswith(b"HTTP/1.1 400 Bad Request\r\n"), sent)
            self.assert_over()
        self.assertEqual(self.web.held, [])

    def test_behind_an_answer_that_came_early(self) -> None:
        """The rest of the body isn't waited for."""
        self.client.open("POST", "/now", [("content-length", "100")])
        self.assertFalse(self.client.closed)
        self.end()
        self.assert_over()

    def test_what_is_told_of_it(self) -> None:
        """Once, at once or as soon as it is asked for, and not when the answer is complete."""
        told: list[int] = []
        self.client.request("GET", "/held")
        first = self.web.held[0]
        first.when_half_closed(lambda: told.append(1))
        self.end()
        self.end()
        self.assertEqual(told, [1])
        first.when_half_closed(lambda: told.append(2))
        self.assertEqual(told, [1, 2])
        first.answer(200, b"")
        first.when_half_closed(lambda: told.append(3))
        self.assertEqual(told, [1, 2])

    def test_is_freed_at_once(self) -> None:
        def all_of_it() -> None:
            for path in ("/held", "/live"):
                client = self.web.h1()
                client.open("POST", path, [("content-length", "0" if path == "/held" else "9")])
                for each in self.web.held:
                    each.when_half_closed(each.finish)
                client.transport.half_close()
                client.pump()
                self.web.held.clear()
                self.web.uploads.clear()

        with garbage() as found:
            all_of_it()
        self.assertEqual(found, {})


class OverTLS(Case):
    """A close_notify, over either protocol."""

    def begin(self, path: bytes, method: bytes = b"GET", ends: bool = True) -> list[Connection]:
        flags = END_HEADERS | (END_STREAM if ends else 0)
        length = b"" if ends else b"Content-Length: 100\r\n"
        asked = (
            ("h2", PREFACE + raw(HEADERS, 1, block(request(method, path)), flags)),
            ("http/1.1", b"%b %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (method, path, length)),
        )
        found = []
        for protocol, sent in asked:
            connection = self.connect(self.context((protocol,)))
            connection.ask(sent)
            found.append(connection)
        return found

    def rest_of(self, connection: Connection) -> bytes:
        """What the client still gets, until the server ends TLS."""
        connection.exchange()
        answer = b""
        with self.assertRaises(ssl.SSLZeroReturnError):
            while True:
                answer += connection.client.read(1 << 16)
        return answer

    def test_an_answer_that_is_given_later(self) -> None:
        for connection in self.begin(b"/held"):
            connection.end_tls()
            self.assertTrue(connection.settle())
            self.web.held.pop(0).answer(200, b"late")
            self.assertIn(b"late", self.rest_of(connection))
            self.assertFalse(connection.settle())
        self.assertEqual(len(self.web.site.connections), 0)

    def test_the_end_of_a_live_upload(self) -> None:
        for connection in self.begin(b"/live", b"POST", ends=False):
            upload = self.web.uploads[-1]
            self.assertEqual(upload.ends, [])
            connection.end_tls()
            connection.take()
            self.assertFalse(connection.settle())
        self.assertEqual([each.ends for each in self.web.uploads], [["ended"], ["ended"]])

    def test_half_a_request(self) -> None:
        for connection in self.begin(b"/held", b"POST", ends=False):
            connection.end_tls()
            connection.take()
            self.assertFalse(connection.settle())
        self.assertEqual(self.web.held, [])

    def test_tcp_ends_without_tls(self) -> None:
        """Something may be missing: the connection is lost, as ever. With it, its answer is waited for."""
        for ends_tls in (False, True):
            for connection in self.begin(b"/held"):
                if ends_tls:
                    connection.end_tls()
                connection.end_tcp()
                self.assertEqual(connection.settle(), ends_tls)
                self.assertEqual(self.web.held.pop(0).gone, not ends_tls)

    def test_windows_that_stay_shut(self) -> None:
        """The peer of HTTP/2 can't open them any more: what doesn't fit is given up."""
        connection = self.begin(b"/held")[0]
        producer = Producer(self.web.held[0], [b"x" * 10_000] * 20)
        producer.go()
        connection.end_tls()
        for _ in range(4):
            connection.take()
            self.web.clock.advance(1.0)
        connection.take()
        self.assertFalse(connection.settle())
        self.assertTrue(producer.request.gone)

    def test_a_long_wait_without_a_ping(self) -> None:
        """Which nobody would answer."""
        connection = self.begin(b"/held")[0]
        connection.end_tls()
        for _ in range(30):
            connection.take()
            self.web.clock.advance(1.0)
            self.web.site.connections.look_after()
        self.assertTrue(connection.settle())
        self.web.held[0].answer(200, b"late")
        connection.take()
        self.assertFalse(connection.settle())

    def test_what_comes_behind_it(self) -> None:
        """Nothing that belongs to TLS can: it is dropped."""
        for connection in self.begin(b"/held"):
            connection.end_tls()
            connection.write(b"\x17\x03\x03\x00\x10" + b"x" * 16)
            connection.write(b"y" * 100_000)
            self.assertTrue(connection.settle())

    def test_is_freed_at_once(self) -> None:
        def all_of_it() -> None:
            for connection in self.begin(b"/held"):
                connection.end_tls()
                self.web.held.pop(0).answer(200, b"late")
                connection.take()
                self.assertFalse(connection.settle())

        with garbage() as found:
            all_of_it()
        self.assertEqual(found, {})


class Endpoints(EdgeCase):
    """What the protocol's own paths do then."""

    client_class = H1Client

    def end(self, client: Any) -> None:
        client.transport.half_close()

    def test_streams_and_events_end_at_once(self) -> None:
        """With all that was written, and an orderly end."""
        token = self.authorize("camera")
        camera, upload = self.publish(token)
        camera.send_data(upload, encode(JPEG))
        for path in ("output.raw", "stream.mjpg", "events"):
            client = self.connect()
            number = client.request("GET", path_of(path, shash=token, device="camera"))
            self.assertFalse(client.response(number).ended, path)
            self.end(client)
            response = client.response(number)
            self.assertEqual((response.status, response.ended), (200, True), path)
            self.assertTrue(client.closed, path)
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        self.assertEqual(stream.viewers, 0)

    def test_one_that_takes_nothing(self) -> None:
        """Its connection is dropped: nobody waits for what it doesn't take."""
        token = self.authorize("camera")
        camera, upload = self.publish(token)
        client = self.connect(capacity=1000)
        client.reading = False
        client.request("GET", path_of("output.raw", shash=token, device="camera"))
        camera.send_data(upload, frames(1, 5000)[0])
        self.end(client)
        client.transport.settle()
        self.assertFalse(client.transport.connected)

    def test_an_upload(self) -> None:
        """It leaves the list in the same turn, and is answered."""
        token = self.authorize("camera")
        camera, upload = self.publish(token)
        self.end(camera)
        self.assertEqual(self.ask("getStreams.json", token)["devices"], [])
        self.assertEqual((camera.response(upload).status, camera.response(upload).body), (200, b""))

    def test_a_long_poll(self) -> None:
        """It is answered with what is there; what arrives later is acknowledged by nobody."""
        sender, token = self.authorize("sender"), self.authorize("camera")
        for path in ("getMsgs.json", "getMsgsAndSync.json"):
            client = self.connect()
            number = client.request("POST", f"/{path}", b'{"shash":"%b","wait":60}' % token.encode())
            self.assertFalse(client.response(number).ended)
            self.end(client)
            self.assertEqual(client.response(number).json()["msgs"], [])
            self.assertTrue(client.closed)
            self.ask("addMsgs.json", sender, msg=path)
            found = self.ask("getMsgsAndSync.json", token)["msgs"]
            self.assertEqual([each["msg"] for each in found], [path])

    def test_a_long_poll_that_looks(self) -> None:
        """What comes while it looks, behind the client's end, is not looked for again."""
        sender, token = self.authorize("sender"), self.authorize("camera")
        storage: Deferred[None] = Deferred()
        looks: list[int] = []

        async def look(*_: Any) -> list[Any]:
            looks.append(1)
            if len(looks) == 1:
                await storage
            return []

        self.patch(self.world.store, "take_messages", look)
        client = self.connect()
        number = client.request("POST", "/getMsgsAndSync.json", b'{"shash":"%b","wait":60}' % token.encode())
        self.end(client)
        self.ask("addMsgs.json", sender, msg="late")
        storage.callback(None)
        self.assertEqual(client.response(number).json()["msgs"], [])
        self.assertEqual(looks, [1])

    def test_a_question(self) -> None:
        token = self.authorize("camera")
        client = self.connect()
        with client.one_read():
            number = client.request("POST", "/getDevicesOnline.json", b'{"shash":"%b"}' % token.encode())
        self.end(client)
        self.assertEqual(client.response(number).json()["result"], "OK")
        self.assertTrue(client.closed)
