"""wait=SECONDS: getMsgs.json and getMsgsAndSync.json that are answered when there is something."""

from __future__ import annotations

from typing import Any

from tests.support.edge import MALFORMED_REQUEST, NO_SUCH_SESSION, EdgeCase
from tests.support.http import H1Client, H2Client
from webcam.service import events


class WaitCase(EdgeCase):
    """``phone`` waits; ``camera`` sends."""

    waiter_class: Any = H2Client

    def setUp(self) -> None:
        super().setUp()
        self.phone, self.camera = self.authorize("phone"), self.authorize("camera")

    def wait(self, seconds: Any = 60, path: str = "getMsgs.json", client: Any = None, **more: str) -> tuple[Any, int]:
        """Begin to wait; the client and the stream id."""
        client = client or self.connect(self.waiter_class)
        pairs = "".join(f"&{key}={value}" for key, value in more.items())
        return client, client.request("POST", f"/{path}?shash={self.phone}&wait={seconds}{pairs}")

    def answered(self, client: Any, stream: int) -> bool:
        return bool(client.response(stream).ended)

    def names(self, client: Any, stream: int) -> list[str]:
        """Of the messages in the answer."""
        answer = client.response(stream).json()
        self.assertEqual(answer["result"], "OK")
        return [each["msg"] for each in answer["msgs"]]

    def send(self, name: str, target: str = "", token: str = "") -> None:
        self.ask("addMsgs.json", token or self.camera, msg=name, target=target)


class WaitTests(WaitCase):
    def test_what_is_there_is_given_at_once(self) -> None:
        self.send("motion")
        self.assertEqual(self.names(*self.wait()), ["motion"])

    def test_a_message_answers_in_the_turn_in_which_it_was_stored(self) -> None:
        waiting = self.wait()
        self.assertFalse(self.answered(*waiting))
        self.send("motion")
        self.assertEqual(self.names(*waiting), ["motion"])

    def test_an_empty_list_when_the_time_is_over(self) -> None:
        client, stream = self.wait(60)
        for _ in range(59):
            self.clock.advance(1)
            self.assertFalse(self.answered(client, stream))
        self.clock.advance(1)
        self.assertEqual(client.response(stream).json(), {"msgs": [], "result": "OK"})

    def test_only_messages_for_the_device_count(self) -> None:
        waiting = self.wait()
        self.send("to another", target="tablet")
        self.send("my own", token=self.phone)
        self.assertFalse(self.answered(*waiting))
        self.send("to me", target="phone")
        self.assertEqual(self.names(*waiting), ["to me"])

    def test_only_messages_behind_the_stamp_count(self) -> None:
        waiting = self.wait(stamp="2023-11-14%2023:00")
        self.send("before")
        self.assertFalse(self.answered(*waiting))
        self.clock.advance(59)
        self.assertFalse(self.answered(*waiting))
        self.clock.advance(1)
        self.assertEqual(self.names(*waiting), [])

    def test_everyone_who_waits_is_answered(self) -> None:
        client = self.connect(H2Client)
        waiting = [self.wait(client=client) for _ in range(3)]
        self.send("motion")
        for each in waiting:
            self.assertEqual(self.names(*each), ["motion"])

    def test_a_sync_acknowledges_what_a_waiting_request_gave(self) -> None:
        waiting = self.wait()
        self.send("motion")
        self.names(*waiting)
        self.send("later")
        self.ask("addMsgs.json", self.phone, msg="sync")
        self.assertEqual([each["msg"] for each in self.ask("getMsgs.json", self.phone)["msgs"]], ["later"])

    def test_taking_raises_the_mark_to_what_was_given(self) -> None:
        waiting = self.wait(path="getMsgsAndSync.json")
        self.send("motion")
        self.assertEqual(self.names(*waiting), ["motion"])
        self.assertEqual(self.ask("getMsgs.json", self.phone)["msgs"], [])

    def test_who_went_takes_nothing(self) -> None:
        client, _ = self.wait(path="getMsgsAndSync.json")
        client.drop()
        self.send("motion")
        self.assertEqual([each["msg"] for each in self.ask("getMsgs.json", self.phone)["msgs"]], ["motion"])

    def test_who_went_is_forgotten(self) -> None:
        for path in ("getMsgs.json", "getMsgsAndSync.json"):
            client, _ = self.wait(300, path)
            client.drop()
            self.assertEqual(self.services.events._waiters, {})

    def test_no_wait_and_a_wait_of_nothing_are_answered_at_once(self) -> None:
        self.assertEqual(self.names(*self.wait(0)), [])
        self.assertEqual(self.names(*self.wait("")), [])

    def test_bounds(self) -> None:
        for wait in ("301", "-1", "1.5", "long", "true"):
            client, stream = self.wait(wait)
            self.refused(client.response(stream), MALFORMED_REQUEST)
        client, stream = self.wait(300)
        self.clock.advance(299)
        self.assertFalse(self.answered(client, stream))

    def test_a_session_has_its_bound(self) -> None:
        client = self.connect(H2Client)
        waiting = [self.wait(client=client) for _ in range(events.PER_SESSION)]
        over, stream = self.wait(client=client)
        self.refused(over.response(stream), 2, 503)
        self.send("motion")
        for each in waiting:
            self.assertTrue(self.answered(*each))
        self.assertEqual(self.names(*self.wait(client=client)), ["motion"])

    def test_it_is_one_request_and_keeps_its_session_alive(self) -> None:
        self.ask("setConfig.json", self.phone, config=[{"kind": 2, "fv": 3}])
        client, stream = self.wait(300)
        session = self.services.sessions.find(self.phone)
        self.assertEqual(session.requests, 2)
        for _ in range(29):
            self.clock.advance(10)
            self.world.run(self.services.sessions.sweep())
            client.pump()
        self.send("motion", token=self.authorize("camera"))
        self.assertEqual(self.names(client, stream), ["motion"])

    def test_it_ends_with_its_session(self) -> None:
        client, stream = self.wait()
        self.services.sessions.end(self.services.sessions.find(self.phone))
        self.refused(client.response(stream), NO_SUCH_SESSION)

    def test_it_is_answered_when_the_server_ends(self) -> None:
        waiting = self.wait()
        self.services.events.close_all()
        self.assertEqual(self.names(*waiting), [])


class WaitOverHTTP1Tests(WaitTests):
    waiter_class = H1Client
