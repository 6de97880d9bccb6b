"""HTTP/1.1: requests that don't wait for the answers before them are answered in order, whatever happens meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from tests.support.ticking import Ticking
from tests.support.web import Web

CAPACITY = 10_000
LARGEST = 40_000

kinds = st.sampled_from(("echo", "chunked", "held", "live"))
sizes = st.sampled_from((0, 1, 7, 3000, LARGEST))
requests = st.lists(st.tuples(kinds, sizes), min_size=1, max_size=30)
reads = st.lists(st.integers(1, 70_000) | st.integers(1, 50), min_size=1, max_size=30)
happenings = st.lists(st.sampled_from(("turn", "answer", "stop reading", "read")), max_size=60)


def pipelined(number: int, kind: str, size: int) -> tuple[bytes, bytes]:
    """A request, and the body of its answer."""
    body = (b"%05d" % number * (size // 5 + 1))[:size]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:]) if part) + b"0\r\n\r\n"
    if kind == "held":
        return b"GET /held/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number, b"held %d" % number + b"." * size
    if kind == "echo":
        return b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (size, body), body
    head = b"POST /%b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    if kind == "chunked":
        return head % b"echo" + chunks, body
    return head % b"live" + chunks, b"%d" % size


class Scene:
    """A client, what it sends, and the answers that the test owes."""

    def __init__(self, asked: list[tuple[str, int]]) -> None:
        self.clock = Ticking()
        self.web = Web(clock=self.clock)
        self.client = self.web.h1(capacity=CAPACITY)
        made = [pipelined(number, kind, size) for number, (kind, size) in enumerate(asked)]
        self.bytes = b"".join(request for request, _ in made)
        self.expected = [body for _, body in made]
        for kind, _ in asked:
            self.client.expect("GET" if kind == "held" else "POST")
        self.answered = 0

    def send(self, sizes: list[int]) -> None:
        """The next bytes, so many in one read; the last of *sizes* takes all."""
        size = sizes.pop(0) if len(sizes) > 1 else len(self.bytes)
        data, self.bytes = self.bytes[:size], self.bytes[size:]
        self.client.send_raw(data)

    def happen(self, what: str) -> None:
        if what == "turn":
            self.clock.turn()
        elif what == "answer" and self.answered < len(self.web.held):
            request = self.web.held[self.answered]
            self.answered += 1
            request.answer(200, self.expected[int(request.path.rsplit(b"/")[-1])])
        elif what in ("stop reading", "read"):
            self.client.reading = what == "read"
            self.client.pump()

    def end(self) -> None:
        """Everything is sent, read and answered."""
        self.send([])
        for _ in range(2000):
            for what in ("turn", "answer", "read"):
                self.happen(what)
            if self.client.responses[len(self.expected) - 1].ended:
                return


class Tests(SynchronousTestCase):
    @tried
    @given(requests, reads, happenings)
    def test_in_order(self, asked: list[tuple[str, int]], sizes: list[int], happening: list[str]) -> None:
        """However they are cut, answered and read; one whose client takes nothing is the only one that waits."""
        scene = Scene(asked)
        while happening or len(sizes) > 1:
            scene.send(sizes)
            self.assertLess(scene.client.transport.unread, CAPACITY + LARGEST + 1000)
            if happening:
                scene.happen(happening.pop(0))
        scene.end()
        self.assertEqual([each.body for each in scene.client.responses.values()], scene.expected)
        self.assertEqual(scene.client.transport.reading_paused, False)
