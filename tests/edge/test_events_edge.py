"""/events: what happens in an account, told as it happens, over HTTP/2 and HTTP/1.1."""

from __future__ import annotations

import json

from tests.support.edge import MALFORMED_REQUEST, NO_SUCH_SESSION, path_of
from tests.support.following import FollowCase
from tests.support.http import H1Client, H2Client
from webcam.ports import RECORD_PART
from webcam.relay import follower
from webcam.service import events


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

    def test_of_thousands_at_once_all_are_told_in_order(self) -> None:
        """The first of them out of storage: no more than 500 are told of in the turn in which they were stored."""
        client, stream = self.follow()
        self.send("before")
        names = [str(number) for number in range(1200)]
        told, tell = [], self.services.events._tell
        self.patch(self.services.events, "_tell", lambda *args: (told.append(args), tell(*args)))
        body = json.dumps({"shash": self.camera, "msgs": [{"msg": name} for name in names]}).encode()
        sender = self.connect()
        sent = sender.request("POST", "/addMsgs.json", body)
        for _ in range(10):
            self.clock.advance(0)
        self.assertEqual(sender.response(sent).json(), {"result": "OK"})
        self.assertEqual(len(told), 500)
        self.send("after")
        self.assertEqual(self.names(self.told(client, stream)), ["before", *names, "after"])

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

    def test_the_disk_fills_up_and_has_space_again(self) -> None:
        client, stream = self.follow()
        disk = self.world.disk
        for free in (10**10, 10**10, 10**6, 10**12):
            disk.others = disk.total - free
            self.world.retention.space.look()
        told = [(each.kind, each.data) for each in self.told(client, stream)]
        self.assertEqual(told, [("disk-changed", {"state": state}) for state in ("low", "full", "fine")])

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
