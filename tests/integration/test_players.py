"""stream.mjpg in players: OpenCV and VLC decode every picture of a camera that counts."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from tests.integration.test_pictures import CURL, DISTINCT, PicturesCase
from tests.support.images import counting, number_of
from tests.support.process import DEADLINE, until
from tests.support.trail import PASSWORD

VLC = shutil.which("vlc")
NOBODY = 65534
"""Whoever VLC runs as, that refuses to be root."""

_READ = """
import json, sys
import cv2
capture, seen = cv2.VideoCapture(sys.argv[1]), {}
while len(seen) < int(sys.argv[2]):
    read, frame = capture.read()
    if not read:
        break
    frame = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (6, 1), interpolation=cv2.INTER_AREA)
    seen[sum(int(value > 127) << bit for bit, value in enumerate(frame[0]))] = True
print(json.dumps(list(seen)))
"""


class PlayersCase(PicturesCase):
    """A camera counts from 0 to 19, again and again."""

    def setUp(self) -> None:
        super().setUp()
        self.stream([counting(number) for number in range(DISTINCT)])
        self.watched = self.url("stream.mjpg", f"{self.account}:{PASSWORD}@")


class OpenCVTests(PlayersCase):
    skip = None if importlib.util.find_spec("cv2") else "OpenCV is not installed (the extra named players)"

    def test_it_reads_twenty_distinct_pictures(self) -> None:
        """In a process of its own: its ffmpeg is not this one's to wait for."""
        command = [sys.executable, "-c", _READ, self.watched, str(DISTINCT)]
        ended = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr.decode())
        self.assertEqual(sorted(json.loads(ended.stdout)), list(range(DISTINCT)))


class VLCTests(PlayersCase):
    skip = None if VLC else "VLC is not installed"

    def test_it_shows_twenty_distinct_pictures(self) -> None:
        """Over HTTP/2, as VLC prefers. Each one that it would show it writes to a file."""
        folder = Path(tempfile.mkdtemp(prefix="webcam-vlc-"))
        self.addCleanup(shutil.rmtree, folder)
        trust, shown = folder / "trust", folder / "shown"
        trust.mkdir(), shown.mkdir()
        shutil.copy(self.server.data / "certificate.pem", trust)
        process = self.vlc(folder, f"--gnutls-dir-trust={trust}", f"--scene-path={shown}")
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wanted = set(range(DISTINCT))
        until(lambda: self.numbers(shown) >= wanted or process.poll() is not None, "every picture was shown")
        self.assertEqual(self.numbers(shown), wanted)

    def vlc(self, folder: Path, *options: str) -> subprocess.Popen[bytes]:
        """It plays, and shows nothing to anybody."""
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for each in (folder, *folder.iterdir()):
                os.chown(each, NOBODY, NOBODY)
        scene = ("--video-filter=scene", "--scene-format=png", "--scene-ratio=1", "--scene-prefix=")
        return subprocess.Popen(
            [str(VLC), "--intf=dummy", "--no-audio", "--vout=vdummy", *scene, *options, self.watched],
            env={"HOME": str(folder), "PATH": os.defpath},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **who,
        )

    def numbers(self, shown: Path) -> set[int]:
        """Of the pictures that are there, whole."""
        found = set()
        for each in shown.glob("*.png"):
            try:
                with Image.open(each) as image:
                    found.add(number_of(image))
            except (UnidentifiedImageError, OSError, SyntaxError):
                continue  # it is being written
        return found


class SnapshotTests(PlayersCase):
    skip = None if CURL else "curl is not installed"

    def test_curl_saves_one_that_opens(self) -> None:
        file = self.folder() / "picture.jpg"
        url = self.url("snapshot.jpg")
        command = [str(CURL), "-sS", "-k", "-u", f"{self.account}:{PASSWORD}", "-o", str(file), url]
        subprocess.run(command, timeout=DEADLINE, check=True)
        with Image.open(file) as image:
            self.assertEqual(image.format, "JPEG")
            self.assertIn(number_of(image), range(DISTINCT))
