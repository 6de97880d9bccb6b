"""The decoder's process as the server sees it: when it begins and ends, and what becomes of pictures meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.python.failure import Failure as Failed
from twisted.trial.unittest import SynchronousTestCase

from webcam.decoder.child import DECODING, STARTING, Child
from webcam.decoder.messages import READY, Answer, Outcome, encode_answer, encode_size
from webcam.decoder.supervisor import ENDING, IDLE, MOST_MEMORY, REST, Decoder, memory_for
from webcam.errors import DecoderFail, NoSuchRecord

MADE = Answer(Outcome.MADE, b"small")


class Pipe:
    """The child's standard input, which takes what it is given when the test says so."""

    def __init__(self) -> None:
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None


class Process:
    """Stands for a process and its transport."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.pid: int | None = 7
        self.pipes = {0: Pipe()}
        self.written: list[bytes] = []
        self.signals: list[str] = []
        child.makeConnection(self)

    def writeToChild(self, number: int, data: bytes) -> None:
        assert number == 0
        self.written.append(data)

    def closeStdin(self) -> None:
        if self.pipes[0].producer is None:  # as Twisted's, which asks its producer for more instead
            del self.pipes[0]

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)

    # What the test has it do

    def start(self) -> None:
        self.child.outReceived(READY)

    def take(self) -> None:
        """All that was written."""
        self.pipes[0].producer.resumeProducing()

    def take_all(self) -> None:
        """Until nothing more is written."""
        count = -1
        while len(self.written) != count:
            count = len(self.written)
            self.take()

    def say(self, answer: Answer) -> None:
        self.child.outReceived(encode_answer(answer))

    def end(self, signal: int | None = None) -> None:
        self.pid = None
        self.child.processEnded(Failed(ProcessDone(0) if signal is None else ProcessTerminated(None, signal)))


class Reactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.processes: list[Process] = []
        self.commands: list[tuple[str, ...]] = []
        self.refusal: OSError | None = None

    def spawnProcess(self, child: Child, _program: str, command: tuple[str, ...], env: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        assert env
        self.commands.append(command)
        self.processes.append(Process(child))


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.decoder = Decoder(self.reactor, 100_000_000, ("decode",))
        self.lines: list[str] = []
        observer = lambda event: self.lines.append(formatEvent(event) or "")  # noqa: E731
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    @property
    def process(self) -> Process:
        """The newest."""
        return self.reactor.processes[-1]

    def ask(self, *parts: bytes | Exception) -> Deferred[bytes]:
        async def read() -> AsyncIterator[bytes]:
            for part in parts:
                if isinstance(part, Exception):
                    raise part
                yield part

        size = sum(len(part) for part in parts if isinstance(part, bytes))
        return Deferred.fromCoroutine(self.decoder.thumbnail(size, read))

    def make(self) -> None:
        """One good picture."""
        asked = self.ask(b"a picture")
        if not self.process.child._is_ready:
            self.process.start()
        self.process.take_all()
        self.process.say(MADE)
        self.assertEqual(self.successResultOf(asked), b"small")


class Making(Case):
    def test_a_child_begins_with_the_first_picture_and_stays(self) -> None:
        self.assertEqual(self.reactor.processes, [])
        for _ in range(3):
            self.make()
        self.assertEqual(self.reactor.commands, [("decode", "100000000")])

    def test_a_part_is_sent_when_the_one_before_is_gone(self) -> None:
        self.ask(b"one", b"two")
        self.assertEqual(self.process.written, [])
        self.process.start()
        self.assertEqual(self.process.written, [encode_size(6)])
        self.process.take()
        self.assertEqual(self.process.written[1:], [b"one"])
        self.process.take()
        self.assertEqual(self.process.written[2:], [b"two"])

    def test_there_is_none_of_some(self) -> None:
        asked = self.ask(b"text")
        self.process.start()
        self.process.take_all()
        self.process.say(Answer(Outcome.NONE))
        self.assertEqual(self.successResultOf(asked), b"")
        self.make()
        self.assertEqual(len(self.reactor.processes), 1)

    def test_a_record_that_goes_while_it_is_sent(self) -> None:
        """The child waits for the rest of it, so it can't be asked again."""
        asked = self.ask(b"one", NoSuchRecord("gone"))
        self.process.start()
        self.process.take_all()
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end(9)
        self.failureResultOf(asked, NoSuchRecord)
        self.make()
        self.assertEqual(len(self.reactor.processes), 2)

    def test_its_memory(self) -> None:
        self.assertEqual(memory_for(512 * 2**20), 128 * 2**20)
        self.assertEqual(memory_for(64 * 2**30), MOST_MEMORY)


class Memory(Case):
    def test_what_is_too_much_for_a_new_child_is_too_much(self) -> None:
        asked = self.ask(b"huge")
        self.process.start()
        self.process.take_all()
        self.process.say(Answer(Outcome.MEMORY))
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end(9)
        self.assertEqual((self.successResultOf(asked), len(self.reactor.processes)), (b"", 1))

    def test_an_older_one_may_have_none_left(self) -> None:
        self.make()
        asked = self.ask(b"large")
        self.process.take_all()
        self.process.say(Answer(Outcome.MEMORY))
        self.process.end(9)
        self.process.start()
        self.process.take_all()
        self.process.say(MADE)
        self.assertEqual((self.successResultOf(asked), len(self.reactor.processes)), (b"small", 2))

    def test_a_picture_that_ends_two_children(self) -> None:
        self.make()
        asked = self.ask(b"deadly")
        self.process.take_all()
        self.process.end(11)
        self.process.start()
        self.process.take_all()
        self.process.end(11)
        self.assertEqual((self.successResultOf(asked), len(self.reactor.processes)), (b"", 2))
        self.assertEqual(len([line for line in self.lines if "a picture ended the decoder" in line]), 2)

    def test_a_child_that_ends_for_another_reason(self) -> None:
        """The kernel was short of memory, or somebody ended it: nothing is learnt of the picture."""
        asked = self.ask(b"a picture")
        self.process.start()
        self.process.take_all()
        self.process.end(9)
        self.process.start()
        self.process.take_all()
        self.process.say(MADE)
        self.assertEqual((self.successResultOf(asked), len(self.reactor.processes)), (b"small", 2))

    def test_one_that_takes_too_long(self) -> None:
        """Twice: a machine may have slept."""
        asked = self.ask(b"slow")
        for _ in range(2):
            self.assertNoResult(asked)
            self.process.start()
            self.process.take_all()
            self.reactor.advance(DECODING - 1)
            self.assertEqual(self.process.signals, [])
            self.reactor.advance(1)
            self.assertEqual(self.process.signals, ["KILL"])
            self.process.end(9)
        self.assertEqual(self.successResultOf(asked), b"")

    def test_a_child_that_says_what_it_never_does(self) -> None:
        asked = self.ask(b"sly")
        for _ in range(2):
            self.process.start()
            self.process.take_all()
            self.process.child.outReceived(b"\xff" * 100)
            self.assertEqual(self.process.signals, ["KILL"])
            self.process.end(9)
        self.assertEqual(self.successResultOf(asked), b"")


class Ending(Case):
    def test_it_ends_when_there_was_no_picture_for_long(self) -> None:
        self.make()
        self.reactor.advance(IDLE - 1)
        self.make()
        self.reactor.advance(IDLE - 1)
        self.assertIn(0, self.process.pipes)
        self.reactor.advance(1)
        self.assertNotIn(0, self.process.pipes)
        self.make()
        self.assertEqual(len(self.reactor.processes), 2)
        self.reactor.processes[0].end()
        self.make()
        self.assertEqual(len(self.reactor.processes), 2)

    def test_one_that_ended_by_itself_is_missed_by_nobody(self) -> None:
        self.make()
        self.process.end(15)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.make()
        self.assertEqual(len(self.reactor.processes), 2)

    def test_it_ends_with_the_server(self) -> None:
        self.make()
        closed = Deferred.fromCoroutine(self.decoder.close())
        self.assertEqual(self.process.signals, ["KILL"])
        self.assertNoResult(closed)
        self.process.end(9)
        self.successResultOf(closed)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.failureResultOf(self.ask(b"late"), DecoderFail)

    def test_one_that_rests_ends_with_the_server_too(self) -> None:
        self.make()
        self.reactor.advance(IDLE)
        closed = Deferred.fromCoroutine(self.decoder.close())
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end(9)
        self.successResultOf(closed)

    def test_the_server_does_not_wait_for_ever(self) -> None:
        self.make()
        closed = Deferred.fromCoroutine(self.decoder.close())
        self.reactor.advance(ENDING)
        self.successResultOf(closed)

    def test_the_server_ends_while_it_starts(self) -> None:
        asked = self.ask(b"a picture")
        closed = Deferred.fromCoroutine(self.decoder.close())
        self.process.end(9)
        self.successResultOf(closed)
        self.failureResultOf(asked, DecoderFail)
        self.assertEqual([line for line in self.lines if "doesn't start" in line], [])

    def test_the_server_ends_while_it_decodes(self) -> None:
        """Nothing is learnt of that picture."""
        asked = self.ask(b"a picture")
        self.process.start()
        self.process.take_all()
        closed = Deferred.fromCoroutine(self.decoder.close())
        self.process.end(9)
        self.successResultOf(closed)
        self.failureResultOf(asked, DecoderFail)
        self.assertEqual(len(self.reactor.processes), 1)

    def test_nothing_to_end(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.decoder.close()))


class Starting(Case):
    def test_one_that_ends_at_once(self) -> None:
        """It is left alone for a minute then: a gallery asks for hundreds."""
        asked = self.ask(b"a picture")
        self.process.child.errReceived(b"ImportError: no PIL")
        self.process.end(1)
        self.failureResultOf(asked, DecoderFail)
        self.reactor.advance(REST - 1)
        self.failureResultOf(self.ask(b"a picture"), DecoderFail)
        self.assertEqual(len(self.reactor.processes), 1)
        self.assertEqual(len([line for line in self.lines if "doesn't start" in line]), 1)
        self.assertEqual(len([line for line in self.lines if "no PIL" in line]), 1)
        self.reactor.advance(1)
        self.make()

    def test_one_that_is_never_ready(self) -> None:
        asked = self.ask(b"a picture")
        self.reactor.advance(STARTING)
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end(9)
        self.failureResultOf(asked, DecoderFail)

    def test_the_system_has_no_process_left(self) -> None:
        self.reactor.refusal = OSError(11, "Resource temporarily unavailable")
        self.failureResultOf(self.ask(b"a picture"), DecoderFail)
        self.assertIn("Resource temporarily unavailable", self.lines[-1])
        self.reactor.refusal = None
        self.reactor.advance(REST)
        self.make()
