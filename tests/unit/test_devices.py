"""Devices: presence, and the two ends of a live stream bound to their sessions."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import FakePublisher, FakeSink, framed, viewer_on
from tests.support.server import World
from webcam.errors import ErroredStream, NoChannel, NoSuchDevice, QuotaExceeded
from webcam.model import QUOTA_STREAMS, Role, Secret
from webcam.service.publication import Publication
from webcam.service.session import Session

BEHIND = 2 * 1024 * 1024


class DevicesCase(SynchronousTestCase):
    def setUp(self):
        self.world = World()
        self.devices, self.sessions = self.world.services.devices, self.world.services.sessions
        self.camera, self.phone = self.session("camera", "a camera"), self.session("phone", "{}")
        self.publisher = FakePublisher()

    def session(self, device: str, meta: str = "") -> Session:
        return self.sessions.find(self.world.authorize(device, meta))

    def publish(self, session: Session | None = None, publisher: FakePublisher | None = None) -> Publication:
        return self.devices.publish(session or self.camera, "mjpeg", 40, publisher or self.publisher)

    def watch(self, session: Session | None = None, room: float = float("inf"), every: bool = False) -> FakeSink:
        sink = FakeSink(room)
        stream = self.devices.stream(self.phone, "camera")
        viewer = viewer_on(sink, self.world.clock, every=every)
        self.devices.watch(session or self.phone, stream, viewer)
        return sink

    def streams(self) -> list[tuple[str, str, int]]:
        return self.devices.streams(self.phone)


class PresenceTests(DevicesCase):
    def test_devices_online_name_the_asking_one_too_sorted(self):
        online = list(self.devices.online(self.phone))
        self.assertEqual([(each.device, each.meta) for each in online], [("camera", "a camera"), ("phone", "{}")])

    def test_the_ways_of_having_no_stream(self):
        self.assertRaises(NoSuchDevice, self.devices.stream, self.phone, "unknown")
        self.assertRaises(NoChannel, self.devices.stream, self.phone, "camera")
        self.assertEqual(self.streams(), [])
        self.sessions.end(self.camera)
        self.assertRaises(NoSuchDevice, self.devices.stream, self.phone, "camera")

    def test_a_stream_of_another_account_is_none(self):
        self.publish()
        other_id = self.world.run(self.world.store.add_account("other", "hash"))
        other = self.sessions.find(self.world.run(self.sessions.open(other_id, "camera", "", "")))
        self.assertEqual(self.devices.streams(other), [])
        self.assertRaises(NoChannel, self.devices.stream, other, "camera")


class PublicationTests(DevicesCase):
    def test_a_stream_is_listed_from_its_beginning_to_its_end(self):
        publication = self.publish()
        self.assertEqual(self.streams(), [("camera", "mjpeg", 40)])
        publication.end()
        self.assertEqual(self.streams(), [])
        self.assertRaises(NoChannel, self.devices.stream, self.phone, "camera")

    def test_a_frame_is_with_the_viewer_when_publish_returns_and_the_end_in_the_same_turn(self):
        publication = self.publish()
        sink = self.watch()
        publication.publish(framed(b"frame"))
        self.assertEqual(sink.pieces, [b"frame"])
        publication.end()
        self.assertEqual((sink.events[-1], self.publisher.events), ("finished", []))

    def test_a_newer_stream_of_the_device_takes_over_even_from_another_session(self):
        self.publish()
        sink, newer = self.watch(), FakePublisher()
        second = self.session("camera")
        publication = self.publish(second, newer)
        self.assertEqual((self.publisher.events, newer.events, sink.events[-1]), (["cut"], [], "finished"))
        watching = self.watch()
        publication.publish(framed(b"new"))
        self.assertEqual(watching.pieces, [b"new"])

    def test_the_end_of_the_upload_that_was_taken_over_touches_the_newer_one_no_more(self):
        older = self.publish()
        newer = self.publish(publisher=FakePublisher())
        older.publish(framed(b"late"))
        older.end(errored=True)
        self.assertEqual(self.streams(), [("camera", "mjpeg", 40)])
        newer.end()
        self.assertRaises(NoChannel, self.devices.stream, self.phone, "camera")

    def test_an_error_is_seen_until_the_stream_comes_back(self):
        self.publish().end(errored=True)
        self.assertRaises(ErroredStream, self.devices.stream, self.phone, "camera")
        self.publish().end()
        self.assertRaises(NoChannel, self.devices.stream, self.phone, "camera")

    def test_an_error_is_forgotten_when_the_device_goes_offline(self):
        self.publish().end(errored=True)
        self.sessions.end(self.camera)
        self.session("camera")
        self.assertRaises(NoChannel, self.devices.stream, self.phone, "camera")

    def test_a_session_that_ends_takes_its_published_stream_with_it(self):
        publication = self.publish()
        sink = self.watch()
        self.sessions.end(self.camera)
        self.assertEqual((self.streams(), self.publisher.events, sink.events[-1]), ([], ["cut"], "finished"))
        publication.end()
        self.assertEqual(self.publisher.events, ["cut"])

    def test_the_sessions_other_device_names_are_not_touched_when_one_ends(self):
        second = self.session("camera")
        self.publish(second)
        self.sessions.end(self.camera)
        self.assertEqual((self.streams(), self.publisher.events), ([("camera", "mjpeg", 40)], []))

    def test_publishing_and_watching_keep_their_sessions_active(self):
        publication = self.publish()
        sink = self.watch()
        self.world.clock.advance(10 * 3600)
        self.world.run(self.sessions.sweep())
        self.assertEqual([each.device for each in list(self.devices.online(self.phone))], ["camera", "phone"])
        publication.end()
        self.assertEqual(sink.events[-1], "finished")
        self.world.clock.advance(601)
        self.world.run(self.sessions.sweep())
        self.assertEqual(list(self.devices.online(self.phone)), [])

    def test_one_stream_more_than_the_account_may_have_is_refused_and_a_takeover_is_none(self):
        self.world.run(self.world.store.set_quota("user", QUOTA_STREAMS, 1))
        self.world.run(self.world.services.accounts.refresh())
        publication = self.publish()
        self.assertRaises(QuotaExceeded, self.publish, self.phone)
        self.assertEqual((self.streams(), self.phone.streams), ([("camera", "mjpeg", 40)], 0))
        facts = {"account": self.world.account_id, "device": "phone", "reason": "more than 1 streams"}
        self.assertEqual(self.world.audit.of("quota_met"), [facts])
        newer = self.publish(publisher=FakePublisher())
        publication.end()
        self.assertRaises(QuotaExceeded, self.publish, self.phone)
        newer.end()
        self.publish(self.phone)

    def test_closing_all_cuts_every_upload(self):
        self.publish()
        sink = self.watch()
        self.devices.close_all()
        self.assertEqual((self.publisher.events, sink.events[-1], self.streams()), (["cut"], "finished", []))


class GuestTests(DevicesCase):
    """A session that may see some devices alone."""

    def guest(self, *devices: str) -> Session:
        named = frozenset(devices)
        secret_id = self.world.run(self.world.store.add_secret("user", "guest", "digest", Role.VIEW, named))
        secret = Secret(secret_id, "guest", Role.VIEW, named)
        return self.sessions.find(self.world.run(self.sessions.open(self.world.account_id, "phone", "", "", secret)))

    def test_sees_its_devices_and_no_others(self):
        self.publish()
        self.publish(self.phone)
        guest = self.guest("camera", "never seen")
        self.assertEqual([each.device for each in self.devices.online(guest)], ["camera"])
        self.assertEqual(self.devices.streams(guest), [("camera", "mjpeg", 40)])
        self.devices.stream(guest, "camera")
        self.assertRaises(NoSuchDevice, self.devices.stream, guest, "phone")

    def test_whose_devices_are_not_named_sees_all(self):
        self.publish(self.phone)
        guest = self.guest()
        self.assertEqual([each.device for each in self.devices.online(guest)], ["camera", "phone"])
        self.assertEqual(self.devices.streams(guest), [("phone", "mjpeg", 40)])


class ViewerTests(DevicesCase):
    def test_a_session_that_ends_ends_its_viewers_and_the_stream_goes_on(self):
        publication = self.publish()
        sink = self.watch()
        self.sessions.end(self.phone)
        publication.publish(framed(b"frame"))
        self.assertEqual((sink.pieces, sink.events[-1], self.publisher.events), ([], "finished", []))

    def test_a_session_that_ends_while_its_viewer_holds_the_publisher_lets_it_go_on(self):
        publication = self.publish()
        sink = self.watch(room=1, every=True)
        publication.publish(framed(b"first"))
        publication.publish(framed(bytes(BEHIND)))
        self.assertEqual(self.publisher.events, ["pause"])
        self.sessions.end(self.phone)
        self.assertEqual(self.publisher.events, ["pause", "resume"])
        sink.drain()
        self.assertEqual(sink.events[-1], "finished")

    def test_a_stream_keeps_no_viewer_whose_session_has_ended(self):
        self.publish()
        stream = self.devices.stream(self.phone, "camera")
        sink = self.watch(room=1)
        stream.publish(framed(b"first"))
        stream.publish(framed(b"second"))
        self.sessions.end(self.phone)
        self.assertEqual(stream.viewers, 0)
        self.world.clock.advance(10)
        self.assertEqual(sink.events[-1], "aborted", "one that takes nothing is not waited for")

    def test_a_viewer_that_is_gone_leaves_nothing_with_its_session(self):
        self.publish()
        sink = self.watch()
        sink.producer.stopProducing()
        self.assertEqual((self.phone.streams, self.phone.on_end), (0, []))
