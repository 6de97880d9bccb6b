"""The decoder's process, as a program and as the child of a real server: what a hostile picture takes."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from tests.support.images import encoded, jpeg, opened
from tests.support.process import DEADLINE, environment, until
from tests.support.session import ServerCase
from webcam.decoder.messages import READY, Outcome, encode_size

MB = 1024 * 1024
SMALL_MACHINE = 512 * MB
AROUND = 40 * MB
"""Of programs and libraries, which are in no limit and are shared where others use them."""

SERVER_GROWS = 60 * MB


def memory_of(pid: int, what: str) -> int:
    """Bytes, by the kernel: ``VmHWM`` at most so far, ``VmRSS`` now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def children_of(pid: int) -> list[int]:
    """Processes, by id."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def photograph(width: int, height: int) -> Image.Image:
    """As much in it as a camera sees."""
    noise = Image.effect_noise((width // 4, height // 4), 30).resize((width, height), Image.Resampling.BICUBIC)
    return Image.merge("RGB", (noise, noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT), noise))


class ProgramTests(SynchronousTestCase):
    def start(self, memory: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "webcam.decoder", str(memory)]
        process = subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.assertEqual(process.stdout.read(1), READY)
        return process

    def decode(self, process: subprocess.Popen[bytes], data: bytes) -> tuple[Outcome, bytes]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode_size(len(data)) + data)
        process.stdin.flush()
        outcome, size = struct.unpack("<BI", process.stdout.read(5))
        return Outcome(outcome), process.stdout.read(size)

    def test_pictures_of_telephones_on_a_small_machine(self) -> None:
        process = self.start(SMALL_MACHINE // 4)
        picture = photograph(4000, 3000)
        for data in (encoded(picture, quality=90), encoded(picture, "PNG", compress_level=1)):
            outcome, made = self.decode(process, data)
            self.assertEqual((outcome, opened(made).size), (Outcome.MADE, (320, 240)))

    def test_what_takes_more_has_none_and_takes_no_more(self) -> None:
        memory = 64 * MB
        process = self.start(memory)
        flat = Image.new("RGB", (6000, 4000))
        hostile = [encoded(flat, kind) for kind in ("PNG", "GIF")] + [encoded(flat, "WEBP", lossless=True)]
        for data in (*hostile, bytes(100 * MB)):
            self.assertEqual((len(data), self.decode(process, data)[1]), (len(data), b""))
        self.assertEqual(self.decode(process, jpeg())[0], Outcome.MADE)
        self.assertLess(memory_of(process.pid, "VmHWM"), memory + AROUND)

    def test_it_stands_back(self) -> None:
        """The kernel ends it before any other process, others' work goes first, and signals are the server's."""
        process = self.start(64 * MB)
        self.assertEqual(Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip(), "1000")
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, process.pid) - os.getpriority(os.PRIO_PROCESS, 0), 10)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        self.assertEqual(self.decode(process, jpeg())[0], Outcome.MADE)
        assert process.stdin is not None
        process.stdin.close()
        self.assertEqual(process.wait(30), 0)


RESTS = """
import sys
from twisted.internet import defer, reactor, task
from webcam.decoder import supervisor

supervisor.IDLE = 0.2
decoder = supervisor.Decoder(reactor, 2**27)
picture = sys.stdin.buffer.read()

async def parts():
    yield picture

async def main(reactor):
    for _ in range(2):
        assert await decoder.thumbnail(len(picture), parts)
        child = decoder._child
        await child.ended()
        print(child._reason)
    await decoder.close()

task.react(lambda reactor: defer.ensureDeferred(main(reactor)))
"""


class RestTests(SynchronousTestCase):
    def test_it_ends_when_there_was_no_picture_for_long(self) -> None:
        """And another one begins with the next."""
        done = subprocess.run(
            [sys.executable, "-c", RESTS],
            input=jpeg(),
            env=environment(),
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
        self.assertEqual(done.stdout.decode().count("exit code 0"), 2, done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)


class ServerTests(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.own_server()
        self.shash = self.authorize("camera")

    def add(self, data: bytes) -> int:
        self.add_record(self.shash, data)
        return int(self.call("getRecordCount.json", shash=self.shash, limit=1000)["records"][-1]["rid"])

    def thumbnail(self, rid: int) -> bytes | None:
        answer = self.http.get("/console/thumbnail", params={"shash": self.shash, "rid": rid}, timeout=60)
        self.assertIn(answer.status_code, (200, 404))
        return answer.content if answer.status_code == 200 else None

    @property
    def children(self) -> list[int]:
        return children_of(self.server.pid)

    def test_hostile_pictures_cost_the_server_nothing(self) -> None:
        """Two at a time, as a gallery asks; what has none has none behind a restart, too, and nothing tries again."""
        flat = Image.new("RGB", (6000, 4000))
        hostile = encoded(flat, "WEBP", lossless=True)
        ids = [
            self.add(data)
            for data in (encoded(flat, "PNG"), hostile, encoded(Image.new("RGB", (4000, 2790)), "BMP")[:-9])
        ]
        good = self.add(jpeg())
        idle = memory_of(self.server.pid, "VmRSS")
        made = [self.thumbnail(rid) for rid in (*ids, good)]
        self.assertEqual([each is None for each in made], [False, True, True, False])
        self.assertLess(memory_of(self.server.pid, "VmHWM") - idle, SERVER_GROWS)
        self.server.stop()
        self.server.start()
        self.use_client(self.server.client())
        self.assertEqual([self.thumbnail(rid) for rid in (*ids, good)], made)
        self.assertEqual(self.children, [])

    def test_a_child_that_was_killed_is_replaced(self) -> None:
        self.assertEqual(self.children, [])
        self.assertIsNotNone(self.thumbnail(self.add(jpeg())))
        (child,) = self.children
        os.kill(child, signal.SIGKILL)
        until(lambda: self.children == [], "it has ended")
        self.assertIsNotNone(self.thumbnail(self.add(jpeg(600, 400))))
        self.assertEqual(len(self.children), 1)

    def test_it_ends_with_the_server_however_that_ends(self) -> None:
        for end in (self.server.stop, self.server.kill):
            self.assertIsNotNone(self.thumbnail(self.add(jpeg())))
            (child,) = self.children
            end()
            until(lambda child=child: not Path(f"/proc/{child}").exists(), "the child has ended")  # type: ignore[misc]
            self.server.start()
            self.use_client(self.server.client())
