"""addRecord.json with bodies that go to the disk as they come: what clients see is what they see of small ones."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.edge.test_records_edge import RecordsCase
from tests.support.edge import (
    DATABASE_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    OK,
    path_of,
)
from tests.support.http import H1Client, H2Client
from webcam.api.services import Limits
from webcam.api.uploads import AHEAD
from webcam.errors import DatabaseFail
from webcam.http.limits import BODY_GRACE, HELD, LOOK
from webcam.ports import RECORD_PART

SOME = bytes(range(251)) * (3 * RECORD_PART // 251)
"""Nearly three parts of it."""


class LargeCase(RecordsCase):
    """One camera that sends large records."""

    limits = Limits(record=8 * 1024 * 1024)

    def setUp(self) -> None:
        super().setUp()
        self.world.site.startFactory()
        self.addCleanup(self.world.site.stopFactory)

    def tearDown(self) -> None:
        self.world.site.stopFactory()
        super().tearDown()
        self.assertEqual(self.world.site.bodies.size, 0)
        self.world.run(self.world.retention.tidy())
        self.assertEqual(self.loose(), [], "a part is left behind")

    def begin(self, kind: Any = H2Client, headers: Any = (), method: str = "POST", **query: str) -> tuple[Any, int]:
        client = self.connect(kind)
        query = query or {"shash": self.token}
        return client, client.open(method, path_of("addRecord.json", **query), headers)

    def send(self, client: Any, stream: int, data: bytes = b"", end: bool = False) -> None:
        """As much of it as the server takes now, in pieces as a socket brings them."""
        pieces = [data[start : start + 60_000] for start in range(0, len(data), 60_000)] or [b""]
        for number, piece in enumerate(pieces, 1):
            client.send_data(stream, piece, end=end and number == len(pieces))
            client.pump()

    def loose(self) -> list[tuple[int]]:
        """Ids of records that come and go."""
        return self.world.store.query("SELECT id FROM loose_records")

    def held(self) -> int:
        return int(self.world.site.bodies.size)

    def slow_storage(self) -> list[Deferred[None]]:
        """Parts wait until these fire, in order; one that fails is one that storage refuses."""
        real, waiting = self.world.store.upload_part, []

        async def slow(*args: Any) -> None:
            turn: Deferred[None] = Deferred()
            waiting.append(turn)
            await turn
            await real(*args)

        self.patch(self.world.store, "upload_part", slow)
        return waiting


class LargeTests(LargeCase):
    def test_kept_byte_for_byte(self) -> None:
        for size in (HELD - 1, HELD, HELD + 1, 2 * RECORD_PART, len(SOME)):
            for kind in (H1Client, H2Client):
                answer = self.connect(kind).fetch("POST", path_of("addRecord.json", shash=self.token), SOME[:size])
                self.assertEqual(answer.json(), OK)
                self.assertTrue(self.data(max(self.rids(limit=1000))) == SOME[:size], (size, kind))

    def test_field_without_content_length(self) -> None:
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            for start in range(0, len(SOME), 50_000):
                self.send(client, stream, SOME[start : start + 50_000])
            client.end(stream)
            self.assertEqual(client.response(stream).json(), OK)
            self.assertTrue(self.data(max(self.rids())) == SOME)

    def test_it_is_in_no_list_before_its_end(self) -> None:
        client, stream = self.begin(meta="late", shash=self.token)
        self.send(client, stream, SOME)
        self.assertEqual(self.rids(), [])
        small = self.add(b"small")
        client.end(stream)
        self.assertEqual(client.response(stream).json(), OK)
        self.assertEqual(len(self.rids()), 2)
        self.assertEqual(self.rids()[0], small, "its stamp is of its end")
        self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=self.rids()[1])["meta"], "late")

    def test_no_more_of_it_is_held_than_is_not_on_disk_yet(self) -> None:
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            most = 0
            for start in range(0, len(SOME), 50_000):
                self.send(client, stream, SOME[start : start + 50_000])
                client.pump()
                most = max(most, self.held())
            self.assertLess(self.held(), RECORD_PART)
            self.assertLess(most, HELD + 2 * 50_000)
            client.end(stream)
            self.assertEqual(client.response(stream).json(), OK)

    def test_a_slow_disk_holds_the_client_back_and_loses_nothing(self) -> None:
        data = SOME * 6
        waiting = self.slow_storage()
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind, [("content-length", str(len(data)))])
            self.send(client, stream, data, end=True)
            client.pump()
            self.assertLess(self.held(), AHEAD + 2 * RECORD_PART)
            looked = self.world.site.connections.look_after()
            self.clock.advance(0)
            self.successResultOf(looked)
            for _ in range(int(BODY_GRACE / LOOK) * 3):
                self.clock.advance(LOOK)
                client.pump()
            self.assertFalse(client.closed, "it isn't the client that is slow")
            while waiting:
                waiting.pop(0).callback(None)
                self.assertLess(self.held(), AHEAD + 2 * RECORD_PART)
                client.pump()
            self.assertEqual(client.response(stream).json(), OK)
            self.assertTrue(self.data(max(self.rids())) == data)

    # What is refused

    def test_wrong_session_is_told_at_the_end_and_nothing_is_kept_of_it_meanwhile(self) -> None:
        for query, code in (({"shash": "wrong"}, NO_SUCH_SESSION), ({"meta": "x"}, MALFORMED_REQUEST)):
            for kind in (H1Client, H2Client):
                client, stream = self.begin(kind, **query)
                self.send(client, stream, SOME)
                self.assertEqual((self.held(), client.response(stream).status), (0, None))
                client.end(stream)
                self.refused(client.response(stream), code)
        self.assertEqual(self.loose(), [])

    def test_bad_meta(self) -> None:
        client, stream = self.begin(shash=self.token, meta="x" * 16385)
        self.send(client, stream, SOME, end=True)
        self.refused(client.response(stream), MALFORMED_REQUEST)

    def test_other_methods(self) -> None:
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind, method="PUT")
            self.send(client, stream, SOME, end=True)
            self.refused(client.response(stream), MALFORMED_REQUEST, status=405)
            client, stream = self.begin(kind, method="OPTIONS")
            self.send(client, stream, SOME, end=True)
            self.assertEqual(
                (client.response(stream).json(), client.response(stream).header("allow")), (OK, "POST, OPTIONS")
            )
        self.assertEqual(self.rids(), [])

    def test_counts_as_one_request(self) -> None:
        """Request 50 of a minute is served, request 51 ends the session."""
        for number in range(50):
            self.post("heartBit.json" if number else "addRecord.json", b"" if number else SOME, shash=self.token)
        self.refused(self.post("addRecord.json", SOME, shash=self.token), NO_SUCH_SESSION)

    def test_over_the_limit(self) -> None:
        size = self.services.limits.record
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, bytes(size))
            self.assertEqual(client.response(stream).status, None)
            self.send(client, stream, b"x")
            self.refused(client.response(stream), MALFORMED_REQUEST, status=413)
        self.assertEqual(self.rids(), [])

    def test_no_room_for_it(self) -> None:
        waiting = self.slow_storage()
        self.world.site.bodies._share = 2 * RECORD_PART
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, SOME)
            self.refused(client.response(stream), 2, status=503)
        for each in waiting:
            each.callback(None)
        self.assertEqual(self.rids(), [])

    def test_a_part_that_storage_refuses(self) -> None:
        waiting = self.slow_storage()
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, SOME)
            waiting.pop(0).callback(None)
            waiting.pop(0).errback(DatabaseFail("disk full"))
            self.assertEqual((self.held(), client.response(stream).status), (0, None))
            client.end(stream)
            self.refused(client.response(stream), DATABASE_FAIL, status=503)
        self.assertEqual(self.rids(), [])

    def test_a_last_part_that_storage_refuses(self) -> None:
        """The body is over by then."""
        waiting = self.slow_storage()
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, SOME, end=True)
            self.assertIsNone(client.response(stream).status)
            waiting.pop(0).errback(DatabaseFail("disk full"))
            self.refused(client.response(stream), DATABASE_FAIL, status=503)
        self.patch(self.world.store, "end_upload", self.refusing)
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, SOME, end=True)
            while waiting:
                waiting.pop(0).callback(None)
            self.refused(client.response(stream), DATABASE_FAIL, status=503)
        self.assertEqual(self.rids(), [])

    @staticmethod
    async def refusing(*_: Any) -> None:
        raise DatabaseFail("disk full")

    # What ends before its end

    def test_reset_or_dropped(self) -> None:
        for end in ("reset", "drop"):
            for kind in (H1Client, H2Client):
                client, stream = self.begin(kind)
                self.send(client, stream, SOME)
                client.reset(stream) if end == "reset" else client.drop()
                self.assertEqual((self.held(), self.rids()), (0, []))

    def test_shorter_than_declared(self) -> None:
        client, stream = self.begin(headers=[("content-length", str(len(SOME) + 1))])
        self.send(client, stream, SOME, end=True)
        self.assertIsNotNone(client.response(stream).reset_code)
        client, stream = self.begin(H1Client, [("content-length", str(len(SOME) + 1))])
        self.send(client, stream, SOME)
        client.drop()
        self.assertEqual(self.rids(), [])

    def test_longer_than_declared(self) -> None:
        client, stream = self.begin(headers=[("content-length", str(len(SOME) - 1))])
        self.send(client, stream, SOME, end=True)
        self.assertIsNotNone(client.response(stream).reset_code)
        self.assertEqual(self.rids(), [])

    def test_that_trickles(self) -> None:
        for kind in (H1Client, H2Client):
            client, stream = self.begin(kind)
            self.send(client, stream, SOME)
            for _ in range(int(BODY_GRACE / LOOK) * 2 + 2):
                self.send(client, stream, b"x")
                self.clock.advance(LOOK)
                client.pump()
            self.assertTrue(client.closed if kind is H1Client else client.response(stream).reset_code is not None)
        self.assertEqual(self.world.site.tally.met, {"time for a body": 2})
        self.assertEqual(self.rids(self.authorize("other")), [])

    def test_whose_client_is_gone_while_its_last_part_is_written(self) -> None:
        """As any request that changes something, it goes on to its end."""
        waiting = self.slow_storage()
        client, stream = self.begin()
        self.send(client, stream, SOME, end=True)
        client.drop()
        while waiting:
            waiting.pop(0).callback(None)
        self.assertEqual(len(self.rids()), 1)

    def test_whose_client_is_gone_while_a_part_is_written(self) -> None:
        waiting = self.slow_storage()
        client, stream = self.begin()
        self.send(client, stream, SOME)
        client.drop()
        self.assertEqual(self.held(), 0)
        waiting.pop(0).callback(None)
        self.assertEqual((waiting, self.rids()), ([], []), "no further part is written")

    # Its session

    def test_a_session_that_ends_takes_it_along(self) -> None:
        for kind in (H1Client, H2Client):
            token = self.authorize("thief")
            client, stream = self.begin(kind, shash=token)
            self.send(client, stream, SOME)
            self.services.sessions.end(self.services.sessions.find(token))
            self.assertEqual(self.held(), 0)
            self.send(client, stream, SOME)
            self.assertIsNone(client.response(stream).status)
            client.end(stream)
            self.refused(client.response(stream), NO_SUCH_SESSION)
        self.assertEqual(self.rids(), [])

    def test_keeps_its_session_active(self) -> None:
        client, stream = self.begin()
        self.send(client, stream, SOME)
        for _ in range(80):
            self.clock.advance(10)
            self.send(client, stream, bytes(20_000))
            client.pump()
        client.end(stream)
        self.assertEqual(client.response(stream).json(), OK)
        self.assertEqual(len(self.rids()), 1)
