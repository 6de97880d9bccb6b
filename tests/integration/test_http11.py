"""HTTP/1.1: a live stream both ways at once, by curl."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.examples import CURL, NO_CURL
from tests.support.frames import numbered, numbers
from tests.support.process import DEADLINE, until
from tests.support.session import ServerCase


class LiveOverHTTP1(ServerCase):
    """curl uploads what it reads, in chunks, and writes what it gets."""

    skip = None if CURL else NO_CURL

    def curl(self, path: str, *arguments: str, into: Path) -> subprocess.Popen[bytes]:
        """A running curl that reads its standard input; killed at the end of the test."""
        with into.open("wb") as output:
            command = ["curl", "--http1.1", "-sS", "-N", "-k", *arguments, f"{self.server.url}/{path}"]
            curl = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL)
        assert curl.stdin is not None
        self.addCleanup(curl.wait)
        self.addCleanup(curl.stdin.close)
        self.addCleanup(curl.kill)
        return curl

    def test_both_ways(self) -> None:
        """A chunked upload is seen by a chunked download frame by frame; both end when the upload does."""
        shash, viewer = self.authorize("camera"), self.authorize("viewer")
        folder = self.folder()
        chunked = ("-T", "-", "-X", "POST", "-H", "Transfer-Encoding: chunked", "-w", "%{http_code}")
        camera = self.curl(f"input.raw?shash={shash}&subproto=RAW_JPEG", *chunked, into=folder / "answer")
        until(lambda: self.call("getStreams.json", shash=viewer)["devices"], "the stream")
        got = folder / "frames"
        watcher = self.curl(f"output.raw?shash={viewer}&device=camera", "-D", str(folder / "head"), into=got)
        until(lambda: (folder / "head").exists() and (folder / "head").read_bytes().endswith(b"\r\n\r\n"), "the head")
        self.assertIn(b"HTTP/1.1 200", (folder / "head").read_bytes())
        self.assertIn(b"transfer-encoding: chunked", (folder / "head").read_bytes().lower())
        assert camera.stdin is not None
        for number in range(5):
            camera.stdin.write(numbered(number, 50_000))
            camera.stdin.flush()
            until(lambda number=number: numbers(got.read_bytes()) == list(range(number + 1)), f"frame {number}")
        camera.stdin.close()
        self.assertEqual(camera.wait(DEADLINE), 0)
        self.assertEqual(watcher.wait(DEADLINE), 0)
        self.assertEqual((folder / "answer").read_bytes(), b"200")
        self.assertEqual(self.streaming(viewer), [])

    def test_wrong_header(self) -> None:
        """What is no frame ends the connection at once: curl fails, and is told no status but the leave to send."""
        shash = self.authorize("camera")
        folder = self.folder()
        camera = self.curl(f"input.raw?shash={shash}", "-T", "-", "-X", "POST", "-w", "%{http_code}", into=folder / "o")
        assert camera.stdin is not None
        camera.stdin.write(b"GIF89a")
        camera.stdin.flush()

        def is_cut() -> bool:
            """Between its head and its first bytes it is a stream, and an answer of it ends with it."""
            answer = self.http.post("/output.raw", json={"shash": shash, "device": "camera"})
            return b'"code":14' in answer.content

        until(is_cut, "the stream's error")
        camera.stdin.close()
        self.assertNotEqual(camera.wait(DEADLINE), 0)
        self.assertIn((folder / "o").read_bytes(), (b"000", b"100"))
