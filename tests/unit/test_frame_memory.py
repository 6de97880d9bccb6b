"""The memory that frames take together: what counts, for how long, and what is given up where it is too much."""

from __future__ import annotations

import gc

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import FakePublisher, FakeSink
from webcam.relay.memory import AT_ONCE, LOOKED_AT, NOTICE, Frame, FrameMemory
from webcam.relay.pictures import PictureViewer
from webcam.relay.stream import Stream
from webcam.relay.viewer import Viewer

MB = 1024 * 1024
LIMIT = 20 * MB
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"
JPEG = b"\xaa\xaa\0\0\0\0\xff\xd8\xff\xe0"
"""How a frame begins that is a picture."""


class Upload:
    """One with an unfinished frame."""

    def __init__(self, memory: FrameMemory, account: int = 1, address: str = HOME) -> None:
        self.charge = memory.charge(account, address)
        self.charge.begin(self)
        self.unfinished = 0
        self.over = False

    def hold(self, size: int) -> None:
        self.charge.add(size - self.unfinished)
        self.unfinished = size
        self.charge.check()

    def give_up(self) -> None:
        self.over = True
        self.charge.end(self)
        self.charge.add(-self.unfinished)
        self.unfinished = 0


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.memory = FrameMemory(LIMIT, steady=self.clock.seconds)

    @property
    def held(self) -> int:
        return self.memory.whole.held

    def stream(self, device: str = "camera") -> Stream:
        return Stream(device, "mjpeg", 0, FakePublisher())

    def publish(self, stream: Stream, size: int, account: int = 1, address: str = HOME) -> None:
        charge = self.memory.charge(account, address)
        stream.publish(Frame(JPEG + bytes(size - len(JPEG)), charge))
        charge.check()

    def watch(self, stream: Stream, room: float = float("inf"), pictures: bool = False) -> tuple[Viewer, FakeSink]:
        sink = FakeSink(room)
        viewer = (PictureViewer if pictures else Viewer)(sink, self.clock)
        stream.watch(viewer)
        return viewer, sink

    def stalled(self, stream: Stream, size: int, account: int = 1, address: str = HOME) -> tuple[Viewer, FakeSink]:
        """A viewer that holds a frame of *size* of its own."""
        stream.forget_newest()
        found = self.watch(stream, room=1)
        self.publish(stream, size, account, address)
        self.publish(stream, 1000, account, address)
        return found


class Counting(Case):
    def test_a_frame_counts_once_while_anyone_holds_it(self) -> None:
        stream = self.stream()
        sinks = [self.watch(stream, room=1)[1] for _ in range(5)]
        self.publish(stream, MB)
        self.assertEqual(self.held, MB)
        self.publish(stream, 1000)
        self.assertEqual(self.held, MB + 1000)
        for sink in sinks[1:]:
            sink.drain()
        self.assertEqual(self.held, MB + 1000)
        sinks[0].drain()
        self.assertEqual(self.held, 1000)
        stream.close(cut=False)
        self.assertEqual(self.held, 0)

    def test_one_that_its_transport_has_counts(self) -> None:
        """A small frame leaves whole; a viewer whose transport is full has it there."""
        stream = self.stream()
        viewer, sink = self.watch(stream, room=1)
        self.publish(stream, 10_000)
        self.publish(stream, 20_000)
        self.publish(stream, 70_000)
        self.assertEqual(self.held, 80_000)
        sink.drain(room=1)
        self.assertEqual(self.held, 70_000)
        viewer.lost()
        stream.close(cut=False)
        self.assertEqual(self.held, 0)

    def test_a_picture_is_made_a_part_of_once(self) -> None:
        """For all that watch pictures, and not before any of them does."""
        stream = self.stream()
        self.publish(stream, MB)
        self.assertEqual(self.held, MB)
        sinks = [self.watch(stream, pictures=True)[1] for _ in range(5)]
        self.assertTrue(MB < self.held - MB < MB + 200)
        pieces = {id(piece) for sink in sinks for piece in sink.pieces[:1]}
        self.assertEqual(len(pieces), 5, "a large one leaves in pieces")
        self.publish(stream, 1000)
        self.assertTrue(1000 < self.held - 1000 < 1200)
        self.assertEqual(len({id(sink.pieces[-1]) for sink in sinks}), 1)

    def test_what_is_no_picture_is_asked_once(self) -> None:
        asked = []
        frame = Frame(b"text", self.memory.charge(1, HOME))
        for _ in range(3):
            self.assertIsNone(frame.made("part", asked.append))
        self.assertEqual(asked, [b"text"])

    def test_nothing_is_kept_of_accounts_and_addresses_that_hold_nothing(self) -> None:
        for number in range(1000):
            Frame(b"frame", self.memory.charge(number, f"198.51.100.{number % 200}"))
        gc.collect()
        self.assertEqual((len(self.memory._accounts), len(self.memory._networks), self.held), (0, 0, 0))


class Found(Case):
    """Whoever holds what could go is found."""

    def test_one_that_took_a_piece_and_is_full_again(self) -> None:
        """Nothing more comes of its stream."""
        stream = self.stream()
        viewers = []
        for _ in range(5):
            viewer, sink = self.watch(stream, room=1)
            self.publish(stream, MB)
            stream.forget_newest()
            sink.drain(room=1)
            viewers.append(viewer)
        self.assertEqual(self.held, 5 * MB)
        upload = Upload(self.memory)
        upload.hold(LIMIT // 2 - 3 * MB)
        self.assertEqual([each.over for each in viewers], [True, True, False, False, False])
        self.assertFalse(upload.over)

    def test_one_that_holds_what_was_the_newest(self) -> None:
        """It is at hand for nobody any more."""
        streams = [self.stream(f"camera {number}") for number in range(5)]
        viewers = [self.watch(each, room=1)[0] for each in streams]
        for each in streams:
            self.publish(each, MB)
        upload = Upload(self.memory)
        upload.hold(LIMIT // 2 - 2 * MB)
        for _ in range(3):
            upload.charge.check()
        self.assertEqual([each.over for each in viewers].count(True), 3)
        self.assertFalse(upload.over)

    def test_the_picture_that_a_viewer_repeats(self) -> None:
        """However well its client reads."""
        streams = [self.stream(f"camera {number}") for number in range(5)]
        sinks = [self.watch(each, pictures=True)[1] for each in streams]
        for each in streams:
            self.publish(each, MB)
        upload = Upload(self.memory)
        upload.hold(LIMIT // 2 - 2 * MB)
        self.assertLessEqual(self.held, LIMIT // 2)
        self.assertFalse(upload.over)
        self.clock.advance(60)
        for each in streams:
            self.publish(each, 1000)
        self.assertTrue(all(len(sink.written) > MB + 1000 for sink in sinks))
        for each in streams:
            each.close(cut=False)
        self.assertEqual(self.held, upload.unfinished)

    def test_a_failure_of_one_is_nobody_elses(self) -> None:
        uploads = [Upload(self.memory, number) for number in range(3)]

        def fail() -> None:
            raise ZeroDivisionError

        uploads[0].give_up = fail  # type: ignore[method-assign]
        for each in uploads:
            each.hold(LIMIT // 5 + (each is uploads[0]))
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))


class Order(Case):
    """What goes first where the server holds too much."""

    def fill(self, size: int) -> list[Upload]:
        """By two accounts of two addresses, neither of which has too much."""
        uploads = [Upload(self.memory, account, f"203.0.113.{account}") for account in (8, 9)]
        for each in uploads:
            each.hold(size // 2)
        return uploads

    def test_stalled_viewers_first_the_longest_stalled_first_of_all(self) -> None:
        watched, unwatched = self.stream("watched"), self.stream("unwatched")
        self.publish(unwatched, MB)
        viewers = [self.stalled(watched, MB)[0] for _ in range(3)]
        uploads = self.fill(LIMIT - 4 * MB)
        self.assertEqual([each.over for each in viewers], [True, False, False])
        uploads[0].hold(uploads[0].unfinished + MB)
        self.assertEqual([each.over for each in viewers], [True, True, False])
        self.assertIsNotNone(unwatched.newest)
        self.assertEqual([each.over for each in uploads], [False, False])

    def test_one_that_took_something_is_stalled_anew(self) -> None:
        stream = self.stream()
        (first, sink), (second, _) = self.stalled(stream, MB), self.stalled(stream, MB)
        sink.drain()
        sink.room = 1
        self.publish(stream, MB)
        self.publish(stream, 1000)
        self.fill(LIMIT - 2 * MB)
        self.assertEqual((first.over, second.over), (False, True))

    def test_a_viewer_that_holds_the_newest_frame_alone_stays(self) -> None:
        """It would free nothing: that frame is at hand for others."""
        stream = self.stream()
        viewer, _ = self.watch(stream, room=1)
        self.publish(stream, MB)
        Upload(self.memory, 8, ELSEWHERE).hold(LIMIT // 2)
        Upload(self.memory, 9, HOME).hold(LIMIT // 2 - MB)
        self.assertFalse(viewer.over)

    def test_one_that_holds_old_frames_is_found_behind_many_that_do_not(self) -> None:
        stream = self.stream()
        for _ in range(2 * LOOKED_AT):
            self.watch(stream, room=1)
        self.publish(stream, 1000)
        other = self.stream("other")
        viewer, _ = self.stalled(other, 4 * MB)
        uploads = [Upload(self.memory, account, f"203.0.113.{account}") for account in (8, 9)]
        for _ in range(4):
            for each in uploads:
                each.hold(min(each.unfinished + 3 * MB, LIMIT // 2 - 1))
        self.assertTrue(viewer.over)

    def test_then_frames_at_hand_of_streams_that_nobody_watches(self) -> None:
        streams = [self.stream(f"camera {number}") for number in range(4)]
        for each in streams:
            self.publish(each, MB)
        viewer, sink = self.watch(streams[0])
        uploads = self.fill(LIMIT - 2 * MB - 1000)
        self.assertEqual([each.newest is None for each in streams], [False, True, True, False])
        self.assertEqual((viewer.over, len(sink.written)), (False, MB))
        self.assertEqual([each.over for each in uploads], [False, False])
        _, late = self.watch(streams[1])
        self.assertEqual(late.pieces, [], "it waits for the next")
        self.publish(streams[1], 2000)
        self.assertEqual(len(late.written), 2000)

    def test_those_of_watched_streams_before_any_upload(self) -> None:
        stream = self.stream()
        _, sink = self.watch(stream)
        self.publish(stream, MB)
        uploads = self.fill(LIMIT)
        self.assertIsNone(stream.newest)
        self.assertEqual([each.over for each in uploads], [False, False])
        self.publish(stream, 1000)
        self.assertEqual(len(sink.written), MB + 1000)

    def test_one_that_is_watched_no_more_is_unwatched(self) -> None:
        streams = [self.stream("first"), self.stream("second")]
        for each in streams:
            self.publish(each, MB)
        viewer, _ = self.watch(streams[0])
        viewer.lost()
        self.fill(LIMIT - MB)
        self.assertEqual([each.newest is None for each in streams], [False, True], "the first was watched more lately")

    def test_then_the_largest_unfinished_frame(self) -> None:
        uploads = self.fill(LIMIT - 5 * MB)
        small = [Upload(self.memory, account, f"203.0.113.{account}") for account in range(20, 26)]
        for each in small:
            each.hold(MB)
        self.assertEqual([each.over for each in (*uploads, *small)].count(True), 1)
        self.assertTrue(uploads[0].over or uploads[1].over)

    def test_what_holds_nothing_is_never_ended(self) -> None:
        frames = [Frame(bytes(MB), self.memory.charge(number, f"203.0.113.{number}")) for number in range(30)]
        upload = Upload(self.memory)
        upload.hold(0)
        self.assertFalse(upload.over)
        frames.clear()
        self.assertEqual(self.held, 0)


class Whose(Case):
    """Where the server holds too much, the account that holds most gives up first."""

    def test_unfinished_frames(self) -> None:
        small = [Upload(self.memory, account, f"203.0.113.{account}") for account in range(20, 25)]
        for each in small:
            each.hold(MB)
        many = [Upload(self.memory, number % 2, f"198.51.100.{number % 2}") for number in range(40)]
        for each in many:
            each.hold(400_000)
        self.assertEqual([each.over for each in small], [False] * 5)
        self.assertTrue(any(each.over for each in many))

    def test_stalled_viewers(self) -> None:
        honest = self.stalled(self.stream("honest"), MB, account=5, address="203.0.113.5")[0]
        viewers = [self.stalled(self.stream(), MB, account=1, address=f"198.51.100.{number}")[0] for number in range(9)]
        Upload(self.memory, 7, "203.0.113.7").hold(LIMIT // 2 + MB - 10_000 - MB)
        Upload(self.memory, 8, "203.0.113.8").hold(MB)
        self.assertFalse(honest.over)
        self.assertTrue(any(each.over for each in viewers))


class Halves(Case):
    def test_an_account_holds_half(self) -> None:
        """From however many addresses; what others hold stays."""
        other = self.stalled(self.stream("other"), MB, account=2, address="203.0.113.9")[0]
        stream = self.stream()
        viewers = [self.stalled(stream, MB, address=f"198.51.100.{number}")[0] for number in range(12)]
        self.assertEqual([each.over for each in viewers], [True, True, True] + [False] * 9)
        self.assertFalse(other.over)

    def test_an_address_holds_half(self) -> None:
        """Of however many accounts."""
        uploads = [Upload(self.memory, account) for account in range(12)]
        elsewhere = Upload(self.memory, 1, ELSEWHERE)
        elsewhere.hold(2 * MB)
        for each in uploads:
            each.hold(MB)
        self.assertEqual([each.over for each in uploads].count(True), 2)
        self.assertFalse(elsewhere.over)

    def test_an_address_of_ipv6_is_its_network(self) -> None:
        uploads = [Upload(self.memory, number, f"2001:db8::{number:x}") for number in range(12)]
        for each in uploads:
            each.hold(MB)
        self.assertEqual([each.over for each in uploads].count(True), 2)

    def test_behind_a_proxy_that_is_not_asked_all_are_one_address(self) -> None:
        self.memory = FrameMemory(LIMIT, by_address=False)
        uploads = [Upload(self.memory, account) for account in range(12)]
        for each in uploads:
            each.hold(MB)
        self.assertEqual([each.over for each in uploads].count(True), 0)


class Relieving(Case):
    def test_so_many_at_once(self) -> None:
        """The next frame goes on with it: nobody waits for hundreds of viewers to be closed."""
        stream = self.stream()
        viewers = [self.stalled(stream, 400_000)[0] for _ in range(20)]
        more = [self.stalled(self.stream(), 100_000, account=2, address=ELSEWHERE)[0] for _ in range(60)]
        upload = Upload(self.memory, 3, "203.0.113.1")
        upload.hold(LIMIT // 2)
        gone = [each.over for each in (*viewers, *more)].count(True)
        self.assertTrue(0 < gone <= AT_ONCE)
        while self.held > LIMIT:
            upload.charge.check()
        self.assertFalse(upload.over)

    def test_what_is_given_up_may_bring_more(self) -> None:
        """A publisher that its stalled viewer held goes on in the middle of it."""
        uploads = [Upload(self.memory, account) for account in range(12)]
        give_up = uploads[0].give_up

        def bring_more() -> None:
            give_up()
            uploads[1].hold(2 * MB)

        uploads[0].give_up = bring_more  # type: ignore[method-assign]
        uploads[0].hold(3 * MB)
        for each in uploads[1:]:
            each.hold(max(each.unfinished, MB))
        self.assertTrue(self.memory.whole.held <= LIMIT // 2)

    def test_it_is_told_of_once_a_minute(self) -> None:
        lines: list[str] = []
        observer = lambda event: lines.append(formatEvent(event) or "")  # noqa: E731
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        for _ in range(3):
            Upload(self.memory).hold(LIMIT)
        self.assertEqual(len(lines), 1)
        self.assertIn("for an account or an address", lines[0])
        self.assertIn("ended 1 uploads", lines[0])
        self.clock.advance(NOTICE)
        Upload(self.memory).hold(LIMIT)
        self.assertIn("ended 4 uploads", lines[1])
