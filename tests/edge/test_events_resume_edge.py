"""/events, by who comes back or was too slow: what was missed, from the journal or storage, and what can only be read
anew."""

from __future__ import annotations

from typing import Any

from tests.support.edge import frames, path_of
from tests.support.following import FollowCase
from tests.support.http import H2Client
from webcam.errors import DatabaseFail
from webcam.relay import journal

LISTS = ["getDevicesOnline.json", "getStreams.json", "getRecordCount.json"]


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
