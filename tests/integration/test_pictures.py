"""stream.mjpg and snapshot.jpg as what shows pictures asks for them: ffmpeg, curl, Home Assistant's camera."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import httpx

from tests.support.multipart import MultipartReader
from tests.support.process import DEADLINE
from tests.support.session import ServerCase
from tests.support.trail import PASSWORD
from webcam.wire.frames import encode

FFMPEG = shutil.which("ffmpeg")
CURL = shutil.which("curl")

DISTINCT = 20
"""Pictures that differ."""

PACE = 0.04
"""Seconds from one to the next."""


def synthetic(number: int) -> bytes:
    """What passes for a JPEG by its ends; nobody decodes it."""
    return b"\xff\xd8\xff\xe0" + number.to_bytes(2, "big") * 3000 + b"\xff\xd9"


class PicturesCase(ServerCase):
    """A device ``camera`` streams pictures, again and again, until the test ends."""

    def stream(self, pictures: list[bytes]) -> None:
        camera = self.connect()
        upload = self.publish(camera, "camera", "&subproto=RAW_JPEG")
        over = threading.Event()

        def send() -> None:
            while not over.is_set():
                for each in pictures:
                    camera.send(upload, encode(each))
                    over.wait(PACE)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)

    def url(self, path: str, login: str = "") -> str:
        host = self.server.url.removeprefix("https://")
        return f"https://{login}{host}/{path}?device=camera"


class FFmpegTests(PicturesCase):
    skip = None if FFMPEG else "ffmpeg is not installed"

    def ffmpeg(self, *arguments: str, folder: Path) -> None:
        command = [str(FFMPEG), "-nostdin", "-loglevel", "error", *arguments]
        ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))

    def made(self) -> list[bytes]:
        """Real pictures, in the order of their numbers."""
        folder = self.folder()
        source = f"testsrc=size=320x240:rate=1:duration={DISTINCT}"
        self.ffmpeg("-f", "lavfi", "-i", source, "-c:v", "mjpeg", "%02d.jpg", folder=folder)
        found = [each.read_bytes() for each in sorted(folder.glob("*.jpg"))]
        self.assertEqual(len(set(found)), DISTINCT)
        return found

    def test_ffmpeg_reads_twenty_distinct_pictures_byte_for_byte(self) -> None:
        """By name and password. A round more than one, and one more: on a slow machine some are skipped."""
        pictures = self.made()
        self.stream(pictures)
        folder = self.folder()
        url = self.url("stream.mjpg", f"{self.account}:{PASSWORD}@")
        self.ffmpeg("-f", "mpjpeg", "-i", url, "-frames:v", str(3 * DISTINCT), "-c", "copy", "%02d.jpg", folder=folder)
        seen = [each.read_bytes() for each in sorted(folder.glob("*.jpg"))]
        self.assertEqual({pictures.index(each) for each in seen}, set(range(DISTINCT)))

    def test_ffmpeg_decodes_them(self) -> None:
        """By a session's id, and without being told what comes."""
        self.stream(self.made())
        url = self.url("stream.mjpg") + f"&shash={self.authorize('recorder')}"
        folder = self.folder()
        self.ffmpeg("-i", url, "-frames:v", str(DISTINCT), "%02d.png", folder=folder)
        self.assertEqual(len(list(folder.glob("*.png"))), DISTINCT)


class CurlTests(PicturesCase):
    skip = None if CURL else "curl is not installed"

    def test_a_snapshot_is_saved_as_it_was_sent(self) -> None:
        pictures = [synthetic(number) for number in range(DISTINCT)]
        self.stream(pictures)
        folder = self.folder()
        for arguments in (["--http1.1"], ["--http2"], ["--http2", "--anyauth"]):
            command = [str(CURL), "-sS", "-k", *arguments, "-u", f"{self.account}:{PASSWORD}", "-o", "picture.jpg"]
            command += ["-w", "%{http_code} %{content_type}", self.url("snapshot.jpg")]
            ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=DEADLINE, check=True)
            self.assertEqual(ended.stdout, b"200 image/jpeg")
            self.assertIn((folder / "picture.jpg").read_bytes(), pictures)


class HomeAssistantTests(PicturesCase):
    """The requests that its MJPEG camera makes, over HTTP/1.1."""

    def setUp(self) -> None:
        super().setUp()
        self.pictures = [synthetic(number) for number in range(DISTINCT)]
        self.stream(self.pictures)
        self.use_client(self.server.client(http2=False))
        self.login = httpx.BasicAuth(self.account, PASSWORD)

    def test_its_setup_asks_whether_the_addresses_work(self) -> None:
        """A GET whose body it doesn't read; 401 for a wrong password, and again when it tries Digest."""
        for path in ("stream.mjpg", "snapshot.jpg"):
            with self.http.stream("GET", self.url(path), auth=self.login) as answer:
                self.assertEqual(answer.status_code, 200)
            for auth in (httpx.BasicAuth(self.account, "112"), httpx.DigestAuth(self.account, "112")):
                self.assertEqual(self.http.get(self.url(path), auth=auth).status_code, 401)

    def test_a_still_picture(self) -> None:
        self.assertIn(self.http.get(self.url("snapshot.jpg"), auth=self.login).content, self.pictures)

    def test_a_still_picture_out_of_the_stream(self) -> None:
        """It looks for the ends of a JPEG, and closes the connection."""
        data = b""
        with self.http.stream("GET", self.url("stream.mjpg"), auth=self.login) as answer:
            for chunk in answer.iter_raw():
                data += chunk
                if b"\xff\xd9" in data and b"\xff\xd8" in data:
                    break
        self.assertIn(data[data.find(b"\xff\xd8") : data.find(b"\xff\xd9") + 2], self.pictures)

    def test_a_stream_is_handed_on(self) -> None:
        """With its content type and its chunks as they come."""
        with self.http.stream("GET", self.url("stream.mjpg"), auth=self.login) as answer:
            reader = MultipartReader(answer.headers["content-type"])
            for chunk in answer.iter_raw():
                reader.feed(chunk)
                if len(reader.parts) > 3 * DISTINCT:
                    break
        self.assertEqual({each.data for each in reader.parts}, set(self.pictures))
