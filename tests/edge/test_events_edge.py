"""/events: what happens in an account, told as it happens, and again from an id, over HTTP/2 and HTTP/1.1."""

from __future__ import annotations

from typing import Any

from tests.edge.test_roles_edge import RolesCase
from tests.support.edge import MALFORMED_REQUEST, NO_SUCH_SESSION, EdgeCase, frames, path_of
from tests.support.events import EventReader, Told
from tests.support.http import H1Client, H2Client
from webcam.errors import DatabaseFail
from webcam.model import Role
from webcam.ports import RECORD_PART
from webcam.relay import follower, journal
from webcam.service import events

LISTS = ["getDevicesOnline.json", "getStreams.json", "getRecordCount.json"]


class FollowCase(EdgeCase):
    """``phone`` follows; others do something."""

    follower_class: Any = H2Client

    def setUp(self) -> None:
        super().setUp()
        self.phone, self.camera = self.authorize("phone"), self.authorize("camera")

    def follow(self, token: str = "", last: str = "", client: Any = None, **query: str) -> tuple[Any, int]:
        """Begin to follow; the client and the stream id."""
        client = client or self.connect(self.follower_class)
        headers = [("last-event-id", last)] if last else []
        path = path_of("events", shash=token or self.phone, **query)
        return client, client.request("GET", path, headers=headers)

    def told(self, client: Any, stream: int) -> list[Told]:
        """All so far."""
        return self.reader(client, stream).events

    def reader(self, client: Any, stream: int) -> EventReader:
        reader = EventReader()
        reader.feed(client.response(stream).body)
        return reader

    def again(self, last: str, **query: str) -> list[Told]:
        """What somebody is told who comes back; then it goes."""
        client, stream = self.follow(last=last, **query)
        told = self.told(client, stream)
        client.drop()
        return told

    def send(self, *names: str, token: str = "", target: str = "") -> None:
        msgs = [{"msg": name, "target": target, "params": {"n": name}} for name in names]
        self.assertEqual(self.ask("addMsgs.json", token or self.camera, msgs=msgs)["result"], "OK")

    def add(self, token: str = "", data: bytes = b"data") -> None:
        self.assertEqual(self.post("addRecord.json", data, shash=token or self.camera).json()["result"], "OK")

    def kinds(self, told: list[Told]) -> list[str]:
        return [each.kind for each in told]

    def names(self, told: list[Told]) -> list[str]:
        """The messages among them."""
        return [each.data["msg"] for each in told if each.kind == "message"]


class FollowTests(FollowCase):
    def test_answer_and_where_it_begins(self) -> None:
        client, stream = self.follow()
        response = client.response(stream)
        self.assertEqual((response.status, response.ended), (200, False))
        self.assertEqual(response.header("content-type"), "text/event-stream")
        self.assertEqual(response.header("cache-control"), "no-store")
        self.assertEqual(response.header("x-accel-buffering"), "no")
        reader = self.reader(client, stream)
        self.assertEqual((reader.events, reader.retry), ([], 2000))
        self.send("while nobody followed")
        self.assertEqual(self.names(self.again(reader.last)), ["while nobody followed"])

    def test_a_message_is_spelled_as_get_messages_spells_it(self) -> None:
        client, stream = self.follow()
        self.send("motion")
        (told,) = self.told(client, stream)
        self.assertEqual((told.kind, [told.data]), ("message", self.ask("getMsgs.json", self.phone)["msgs"]))

    def test_messages_are_those_of_the_device_alone(self) -> None:
        client, stream = self.follow()
        self.send("to all")
        self.send("to me", target="phone")
        self.send("to another", target="tablet")
        self.send("my own", token=self.phone)
        self.send("mine to me", token=self.phone, target="phone")
        self.assertEqual(self.names(self.told(client, stream)), ["to all", "to me", "mine to me"])

    def test_being_told_acknowledges_nothing(self) -> None:
        self.ask("getMsgs.json", self.phone)
        self.follow()
        self.send("motion")
        self.ask("addMsgs.json", self.phone, msg="sync")
        self.assertEqual([each["msg"] for each in self.ask("getMsgs.json", self.phone)["msgs"]], ["motion"])

    def test_a_record_comes_and_goes(self) -> None:
        client, stream = self.follow()
        self.add()
        (record,) = self.ask("getRecordCount.json", self.phone)["records"]
        self.ask("deleteRecords.json", self.camera, records=[record["rid"], 999])
        added, removed = self.told(client, stream)
        self.assertEqual((added.kind, added.data), ("record-added", record))
        self.assertEqual(
            (removed.kind, removed.data), ("record-removed", {"records": [record["rid"], 999], "stamp": ""})
        )

    def test_records_that_go_with_a_newer_one_go_by_their_stamp(self) -> None:
        for _ in range(3):
            self.add()
        records = self.ask("getRecordCount.json", self.phone)["records"]
        client, stream = self.follow()
        self.ask("deleteRecords.json", self.camera, records=[-1, records[1]["rid"]])
        (removed,) = self.told(client, stream)
        self.assertEqual(removed.data, {"records": [records[1]["rid"]], "stamp": records[1]["stamp"]})
        self.assertEqual(self.ask("getRecordCount.json", self.phone)["records"], records[2:])

    def test_records_that_expire_go_by_their_stamp(self) -> None:
        self.add()
        (record,) = self.ask("getRecordCount.json", self.phone)["records"]
        client, stream = self.follow()
        self.ask("setConfig.json", self.phone, config=[{"kind": 1, "fv": 0.004}])
        self.clock.advance(400)
        client.pump()
        self.world.run(self.world.retention.sweep())
        (removed,) = self.told(client, stream)
        self.assertEqual((removed.kind, removed.data["records"]), ("record-removed", []))
        self.assertGreater(removed.data["stamp"], record["stamp"])

    def test_devices_come_and_go(self) -> None:
        client, stream = self.follow()
        token = self.authorize("tablet", "a tablet")
        self.authorize("tablet", "a tablet")
        self.authorize("tablet", "another")
        for _ in range(2):
            self.services.sessions.end(self.services.sessions.find(token))
            token = self.tokens[-2]
        self.services.sessions.end(self.services.sessions.find(self.tokens[-1]))
        told = [(each.kind, each.data) for each in self.told(client, stream)]
        self.assertEqual(
            told,
            [
                ("device-on", {"device": "tablet", "meta": "a tablet"}),
                ("device-on", {"device": "tablet", "meta": "another"}),
                ("device-off", {"device": "tablet"}),
            ],
        )

    def test_a_device_whose_session_expired_and_was_not_swept_yet_comes_again(self) -> None:
        """In between the list didn't have it."""
        client, stream = self.follow()
        self.authorize("tablet")
        self.clock.advance(601)
        self.authorize("tablet")
        self.assertEqual(self.kinds(self.told(client, stream)), ["device-on", "device-on"])

    def test_streams_start_and_end_and_break(self) -> None:
        client, stream = self.follow()
        self.publish(self.camera, subproto="RAW_JPEG", delta="400")
        newer, other = self.publish(self.camera)
        newer.end(other)
        broken, third = self.publish(self.camera)
        broken.send_data(third, b"no frame")
        told = [(each.kind, each.data) for each in self.told(client, stream)]
        first = {"device": "camera", "subproto": "RAW_JPEG", "delta": 400}
        start, end = {"device": "camera", "subproto": "", "delta": 0}, {"device": "camera"}
        self.assertEqual(
            told,
            [
                ("stream-start", first),
                ("stream-end", end),
                ("stream-start", start),
                ("stream-end", end),
                ("stream-start", start),
                ("stream-error", end),
            ],
        )

    def test_nothing_of_another_account(self) -> None:
        self.other_account()
        client, stream = self.follow()
        other = self.authorize("camera", name="other")
        self.send("motion", token=other)
        self.add(other)
        self.publish(other)
        self.assertEqual(self.told(client, stream), [])

    def test_post_takes_its_parameters_from_a_body(self) -> None:
        """So that no token stands in a URL."""
        client = self.connect(self.follower_class)
        stream = client.request("POST", "/events", b'{"shash":"%b"}' % self.phone.encode())
        self.send("motion")
        self.assertEqual(self.names(self.told(client, stream)), ["motion"])

    def test_refusals(self) -> None:
        self.refused(self.client.fetch("GET", path_of("events", shash="none")), NO_SUCH_SESSION)
        self.refused(self.client.fetch("GET", path_of("events", last="x")), MALFORMED_REQUEST)

    def test_it_is_one_request_and_keeps_its_session_alive(self) -> None:
        client, _ = self.follow()
        session = self.services.sessions.find(self.phone)
        self.assertEqual(session.requests, 1)
        for _ in range(20):
            self.clock.advance(60)
            self.world.run(self.services.sessions.sweep())
            client.pump()
        self.assertFalse(session.ended)
        client.drop()
        self.clock.advance(601)
        self.world.run(self.services.sessions.sweep())
        self.assertTrue(session.ended)

    def test_it_ends_with_its_session(self) -> None:
        client, stream = self.follow()
        self.services.sessions.end(self.services.sessions.find(self.phone))
        self.assertTrue(client.response(stream).ended)

    def test_it_ends_with_the_server(self) -> None:
        client, stream = self.follow()
        self.services.events.close_all()
        self.assertTrue(client.response(stream).ended)
        self.refused(self.client.fetch("GET", path_of("events", shash=self.phone)), 2, 503)

    def test_a_sign_of_life_and_the_id_when_it_moved(self) -> None:
        client, stream = self.follow()
        begin = self.reader(client, stream).last
        self.clock.advance(follower.BEAT)
        reader = self.reader(client, stream)
        self.assertEqual((reader.comments, reader.last), (1, begin))
        self.send("to another", target="tablet")
        self.clock.advance(follower.BEAT)
        reader = self.reader(client, stream)
        self.assertEqual((reader.events, reader.comments), ([], 1))
        self.assertNotEqual(reader.last, begin)

    def test_a_session_and_an_account_have_their_bounds(self) -> None:
        client = self.connect(H2Client)
        for _ in range(events.PER_SESSION):
            self.follow(client=client)
        self.refused(self.client.fetch("GET", path_of("events", shash=self.phone)), 2, 503)
        self.patch(events, "PER_ACCOUNT", events.PER_SESSION + 1)
        _, stream = self.follow(self.camera, client=client)
        self.assertEqual(client.response(stream).status, 200)
        self.refused(self.client.fetch("GET", path_of("events", shash=self.camera)), 2, 503)
        client.drop()
        client, stream = self.follow()
        self.assertEqual(client.response(stream).status, 200)


class FollowOverHTTP1Tests(FollowTests):
    follower_class = H1Client


class ResumeTests(FollowCase):
    def test_every_id_goes_on_right_behind_its_event(self) -> None:
        client, stream = self.follow()
        ids = [self.reader(client, stream).last]
        self.send("a", "b", "c")
        self.send("d", target="tablet")
        self.add()
        self.publish(self.camera)
        self.authorize("tablet")
        self.send("e")
        told = self.told(client, stream)
        self.assertEqual(
            self.kinds(told), ["message"] * 3 + ["record-added", "stream-start", "device-on"] + ["message"]
        )
        ids += [each.last for each in told]
        for number, last in enumerate(ids):
            self.assertEqual([each.data for each in self.again(last)], [each.data for each in told[number:]])

    def test_the_header_wins_over_the_parameter(self) -> None:
        """A browser comes back to the same URL."""
        client, stream = self.follow()
        old = self.reader(client, stream).last
        self.send("a")
        (told,) = self.told(client, stream)
        self.send("b")
        path = path_of("events", shash=self.phone, last=old)
        again = self.connect(self.follower_class)
        both = again.request("GET", path, headers=[("last-event-id", told.last)])
        self.assertEqual(self.names(self.told(again, both)), ["b"])
        again = self.connect(self.follower_class)
        self.assertEqual(self.names(self.told(again, again.request("GET", path))), ["a", "b"])

    def test_an_id_of_nothing_known_has_everything_read_anew(self) -> None:
        self.send("a")
        later = "0123456789abcdef-7-20990101000000000000"
        for last in ("nonsense", "-", "x" * 100, later):
            client, stream = self.follow(last=last)
            self.send("b")
            told = self.told(client, stream)
            self.assertEqual((told[0].kind, told[0].data), ("reset", {"lists": [*LISTS, "getMsgs.json"]}), last)
            self.assertEqual(self.names(told), ["b"])

    def test_after_a_restart_messages_and_records_go_on_and_the_rest_is_to_be_read_anew(self) -> None:
        client, stream = self.follow()
        self.send("a")
        self.authorize("tablet")
        last = self.reader(client, stream).last
        client.drop()
        self.send("b")
        self.add()
        self.services.events.keep([])  # a server that has just begun has no journals
        told = self.again(last)
        self.assertEqual(self.kinds(told), ["reset", "message", "record-added"])
        self.assertEqual((told[0].data, self.names(told)), ({"lists": LISTS}, ["b"]))
        for number, each in enumerate(told):
            self.assertEqual(self.again(each.last), told[number + 1 :])

    def test_a_clock_that_steps_back_at_a_restart_hides_nothing(self) -> None:
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        self.world.clock.step -= 3600
        self.services.events.keep([])
        self.send("b")
        self.assertEqual(self.names(self.again(last)), ["b"])

    def test_messages_that_fell_out_of_the_journal_come_from_storage_in_order(self) -> None:
        self.patch(journal.Journal.__init__, "__defaults__", (10, 10**6))
        self.ask("setConfig.json", self.phone, config=[{"kind": 4, "fv": 200}])
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        for number in range(40):
            self.send(*(f"{number}.{each}" for each in range(3)))
            if number % 4 == 0:
                self.add()
        told = self.again(last)
        self.assertEqual(self.names(told), [f"{number}.{each}" for number in range(40) for each in range(3)])
        self.assertEqual(self.kinds(told).count("record-added"), 10)
        stamps = [each.data["stamp"] for each in told]
        self.assertEqual(stamps, sorted(set(stamps)))

    def test_what_only_the_journal_had_is_not_passed_over_in_silence(self) -> None:
        self.patch(journal.Journal.__init__, "__defaults__", (10, 10**6))
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        self.authorize("tablet")
        self.send("a")
        for number in range(10):
            self.send(f"b{number}", target="tablet")
        told = self.again(last)
        self.assertEqual((self.kinds(told), told[0].data), (["reset", "message"], {"lists": LISTS}))

    def test_messages_alone_that_fell_out_are_no_reason_to_read_lists(self) -> None:
        self.patch(journal.Journal.__init__, "__defaults__", (10, 10**6))
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        self.send(*(f"{number}" for number in range(20)))
        self.authorize("tablet")
        self.assertEqual(self.kinds(self.again(last)), ["message"] * 20 + ["device-on"])

    def test_what_expired_meanwhile_is_not_told(self) -> None:
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        self.ask("setConfig.json", self.phone, config=[{"kind": 1, "fv": 0.004}, {"kind": 5, "fv": 1}])
        self.add()
        self.send("to all")
        self.send("to me", target="phone")
        self.clock.advance(3601)
        self.phone, self.camera = self.authorize("phone"), self.authorize("camera")
        self.assertEqual(self.names(self.again(last)), ["to me"])
        self.assertNotIn("record-added", self.kinds(self.again(last)))

    def test_a_storage_that_refuses_cuts_it_off_and_it_goes_on_later(self) -> None:
        client, stream = self.follow()
        last = self.reader(client, stream).last
        client.drop()
        self.send("a")
        self.services.events.keep([])

        async def refused(*_: Any) -> Any:
            raise DatabaseFail("full")

        working = self.world.store.records
        self.world.store.records = refused  # type: ignore[method-assign]
        client, stream = self.follow(last=last)
        self.assertEqual(self.kinds(self.told(client, stream)), ["reset"])
        self.assertTrue(client.response(stream).ended)
        self.assertEqual(len([each for each in self.refusals() if "DATABASE_FAIL" in each]), 1)
        self.world.store.records = working  # type: ignore[method-assign]
        self.assertEqual(self.names(self.again(last)), ["a"])

    def test_after_a_restore_every_list_is_to_be_read_anew(self) -> None:
        client, stream = self.follow()
        self.send("a")
        last = self.reader(client, stream).last
        self.services.events.start_anew()
        self.assertTrue(client.response(stream).ended)
        self.send("b")
        self.assertEqual([each.data for each in self.again(last)], [{"lists": [*LISTS, "getMsgs.json"]}])
        client, stream = self.follow()
        last = self.reader(client, stream).last
        self.send("c")
        self.assertEqual(self.names(self.again(last)), ["c"])


class LargeRecordTests(FollowCase):
    def test_one_that_goes_to_the_disk_as_it_comes_is_told_when_it_is_there(self) -> None:
        client, stream = self.follow()
        self.add(data=b"x" * (3 * RECORD_PART + 7))
        (told,) = self.told(client, stream)
        self.assertEqual([told.data], self.ask("getRecordCount.json", self.phone)["records"])

    def test_one_that_goes_for_its_quota_is_told(self) -> None:
        client, stream = self.follow()
        self.world.run(self.world.store.set_quota("user", "records", 1))
        self.world.run(self.services.accounts.refresh())
        for _ in range(2):
            self.add()
        self.world.run(self.world.retention.sweep())
        one, two, gone = self.told(client, stream)
        self.assertEqual((gone.kind, gone.data), ("record-removed", {"records": [one.data["rid"]], "stamp": ""}))
        self.assertEqual([two.data], self.ask("getRecordCount.json", self.phone)["records"])


class RoleTests(RolesCase, FollowCase):
    """Sessions of secrets are told what their requests would tell them."""

    def happen(self) -> None:
        self.send("to all")
        self.send("to guest", target="guest")
        self.send("to door", target="door")
        self.add()
        self.add(self.phone)
        self.authorize("tablet")
        self.publish(self.camera)

    def told_to(self, *secret: Any) -> list[tuple[str, str]]:
        """Kind and device of each event, followed as it happens; the same when it is asked for later."""
        token = self.open(*secret)
        client, stream = self.follow(token)
        last = self.reader(client, stream).last
        self.happen()
        told = self.told(client, stream)
        self.assertEqual(self.again_by(token, last), told)
        self.services.events.keep([])
        stored = [each.data for each in told if "stamp" in each.data]
        self.assertEqual([each.data for each in self.again_by(token, last) if each.kind != "reset"], stored)
        return [(each.kind, each.data.get("msg") or each.data["device"]) for each in told]

    def again_by(self, token: str, last: str) -> list[Told]:
        client, stream = self.follow(token, last)
        return self.told(client, stream)

    def test_one_that_publishes_is_told_of_messages_alone(self) -> None:
        self.assertEqual(self.told_to(Role.PUBLISH, "door"), [("message", "to all"), ("message", "to door")])

    def test_a_guest_is_told_of_no_messages(self) -> None:
        """Its name is nobody's: what is sent to a device of that name is not for it."""
        kinds = [("record-added", "camera"), ("record-added", "phone")]
        kinds += [("device-on", "tablet"), ("stream-start", "camera")]
        self.assertEqual(self.told_to(Role.VIEW, "guest"), kinds)

    def test_a_guest_that_sees_one_device_is_told_of_it_alone(self) -> None:
        kinds = [("record-added", "camera"), ("stream-start", "camera")]
        self.assertEqual(self.told_to(Role.VIEW, "guest", "camera"), kinds)

    def test_a_guest_is_no_device_that_comes_or_goes(self) -> None:
        client, stream = self.follow()
        guest = self.open(Role.VIEW, "guest")
        self.services.sessions.end(self.services.sessions.find(guest))
        self.assertEqual(self.told(client, stream), [])


class SlowFollowerTests(FollowCase):
    """One that reads slowly is bounded: nothing is queued for it."""

    def test_it_is_told_later_of_what_is_stored_and_of_the_rest_that_it_is_missing(self) -> None:
        self.patch(journal.Journal.__init__, "__defaults__", (10, 10**6))
        self.ask("setConfig.json", self.phone, config=[{"kind": 4, "fv": 200}])
        client = self.connect(H2Client, window=1000)
        client.stalled.add(1)
        _, stream = self.follow(client=client)
        self.assertEqual(stream, 1)
        client.auto_window = False
        for number in range(30):
            self.send(f"{number} {'x' * 300}")
            self.authorize(f"tablet {number % 2}", str(number))
        before = self.told(client, stream)
        self.assertLess(len(before), 10)
        (one,) = self.services.events._followers[self.world.account_id]
        self.assertLess(len(client.response(stream).body), 2000)
        client.auto_window = True
        client.stalled.clear()
        client.credit(stream, 1_000_000)
        told = self.told(client, stream)
        self.assertEqual(len(self.names(told)), 30)
        self.assertEqual([int(each.split()[0]) for each in self.names(told)], list(range(30)))
        self.assertEqual(self.kinds(told).count("reset"), 1)
        self.assertEqual(one.cursor, self.services.events._journals[self.world.account_id].cursor)

    def test_one_that_takes_nothing_holds_up_nobody(self) -> None:
        client = self.connect(H2Client, window=100, auto_window=False)
        self.follow(client=client)
        other, stream = self.follow()
        for number in range(20):
            self.send(str(number))
        self.assertEqual(len(self.names(self.told(other, stream))), 20)

    def test_a_session_that_ends_cuts_it(self) -> None:
        client = self.connect(H2Client, window=100, auto_window=False)
        _, slow = self.follow(client=client)
        self.send("x" * 1000)
        self.services.sessions.end(self.services.sessions.find(self.phone))
        self.assertEqual(client.response(slow).reset_code, 8)

    def test_frames_go_on_beside_it(self) -> None:
        client, stream = self.follow()
        camera, up = self.publish(self.camera)
        _, down = self.watch(self.phone, "camera", client)
        sent = frames(20)
        for frame in sent:
            camera.send_data(up, frame)
            self.send("motion")
        self.assertEqual(client.response(down).body, b"".join(sent))
        self.assertEqual(len(self.names(self.told(client, stream))), 20)
