"""The hub: which streams are live, and which devices' last one was closed for an error."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import FakePublisher, FakeSink, viewer_on
from webcam.errors import ErroredStream, NoChannel
from webcam.relay.hub import Hub, device_text
from webcam.relay.stream import Stream

ACCOUNT = 1


class HubTests(SynchronousTestCase):
    def setUp(self):
        self.hub = Hub()

    def open(self, device: str = "camera", account_id: int = ACCOUNT) -> tuple[Stream, FakePublisher]:
        publisher = FakePublisher()
        stream = Stream(device, "", 0, publisher)
        self.hub.open(account_id, stream)
        return stream, publisher

    def test_streams_are_listed_by_device_and_of_their_account(self):
        streams = [self.open(device)[0] for device in ("b", "a", "C")]
        self.open("other", account_id=2)
        self.assertEqual(self.hub.streams(ACCOUNT), [streams[2], streams[1], streams[0]])
        self.assertEqual([each.device for each in self.hub.streams(2)], ["other"])
        self.assertEqual(self.hub.streams(3), [])

    def test_a_device_that_streams_nothing_has_no_channel(self):
        stream, _ = self.open()
        self.assertIs(self.hub.stream(ACCOUNT, "camera"), stream)
        self.assertRaises(NoChannel, self.hub.stream, ACCOUNT, "other")
        self.assertRaises(NoChannel, self.hub.stream, 2, "camera")

    def test_a_closed_stream_leaves_the_list_and_its_viewers_end_in_this_turn(self):
        stream, publisher = self.open()
        sink = FakeSink()
        stream.watch(viewer_on(sink))
        self.hub.close(ACCOUNT, stream)
        self.assertEqual((self.hub.streams(ACCOUNT), sink.events[-1], publisher.events), ([], "finished", []))
        self.assertRaises(NoChannel, self.hub.stream, ACCOUNT, "camera")
        self.hub.close(ACCOUNT, stream)

    def test_a_newer_stream_of_the_device_takes_over_and_the_older_is_cut(self):
        older, older_publisher = self.open()
        sink = FakeSink()
        older.watch(viewer_on(sink))
        newer, publisher = self.open()
        self.assertIs(self.hub.stream(ACCOUNT, "camera"), newer)
        self.assertEqual((older_publisher.events, publisher.events, sink.events[-1]), (["cut"], [], "finished"))

    def test_the_end_of_a_stream_that_was_taken_over_changes_nothing(self):
        older, _ = self.open()
        newer, publisher = self.open()
        self.hub.close(ACCOUNT, older, errored=True)
        self.assertIs(self.hub.stream(ACCOUNT, "camera"), newer)
        self.hub.close(ACCOUNT, newer)
        self.assertRaises(NoChannel, self.hub.stream, ACCOUNT, "camera")
        self.assertEqual(publisher.events, [])

    def test_an_upload_that_ends_when_it_is_cut_ends_the_older_stream_alone(self):
        older, publisher = self.open()
        publisher.cut = lambda: self.hub.close(ACCOUNT, older)
        newer, _ = self.open()
        self.assertEqual(self.hub.streams(ACCOUNT), [newer])

    def test_an_errored_stream_is_remembered_until_the_device_comes_back(self):
        stream, _ = self.open()
        self.hub.close(ACCOUNT, stream, errored=True)
        self.assertRaises(ErroredStream, self.hub.stream, ACCOUNT, "camera")
        self.assertRaises(NoChannel, self.hub.stream, 2, "camera")
        self.assertEqual(self.hub.streams(ACCOUNT), [])
        newer, _ = self.open()
        self.assertIs(self.hub.stream(ACCOUNT, "camera"), newer)
        self.hub.close(ACCOUNT, newer)
        self.assertRaises(NoChannel, self.hub.stream, ACCOUNT, "camera")

    def test_an_error_is_forgotten_when_the_device_goes_offline(self):
        stream, _ = self.open()
        self.hub.close(ACCOUNT, stream, errored=True)
        self.hub.forget(ACCOUNT, "camera")
        self.assertRaises(NoChannel, self.hub.stream, ACCOUNT, "camera")
        self.hub.forget(ACCOUNT, "never was")

    def test_closing_all_cuts_every_upload(self):
        publishers = [self.open(device, account)[1] for account in (1, 2) for device in ("a", "b")]
        self.hub.close_all()
        self.assertEqual([each.events for each in publishers], [["cut"]] * 4)
        self.assertEqual(self.hub.streams(1) + self.hub.streams(2), [])

    def test_a_failure_names_no_more_than_64_characters_of_a_device(self):
        self.assertEqual(device_text("a\n" * 1000), "device " + repr("a\n" * 32))
