"""Small devices of the field get all that was sent to them, over TLS: nothing that counts as acknowledged is lost."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from tests.support.session import OK, ServerCase
from tests.support.small_device import CIPHER, SmallDevice

MESSAGES = 40
RECORD = 8192
ANSWER = 20 * 1024
PLAINTEXT = 4096
FULL = 16384

WAYS = [
    (protocol, version)
    for protocol in ("h2", "http/1.1")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
]


class SmallDevices(ServerCase):
    """Stand-ins, over both versions of HTTP and of TLS."""

    def setUp(self) -> None:
        super().setUp()
        self.camera = self.authorize("camera")

    def devices(self, **bounds: int) -> Iterator[tuple[SmallDevice, str]]:
        """One of each way, with a session of its own."""
        for number, (protocol, version) in enumerate(WAYS):
            device = SmallDevice(self.server, protocol, version, **bounds)
            self.addCleanup(device.close)
            with self.subtest(protocol=protocol, version=version.name):
                yield device, self.authorize(f"device {number}")

    def send(self, count: int, size: int) -> list[str]:
        """Messages for every device; their names."""
        messages = [{"msg": f"m{number}", "params": {"text": "x" * size}} for number in range(count)]
        self.assertEqual(self.call("addMsgs.json", shash=self.camera, msgs=messages), OK)
        return [str(each["msg"]) for each in messages]

    def taken(self, device: SmallDevice, shash: str) -> list[str]:
        """The names of all messages, page by page."""
        names: list[str] = []
        while page := device.call("getMsgsAndSync.json", shash=shash)["msgs"]:
            names += [each["msg"] for each in page]
        return names

    def test_records_of_8_kb(self) -> None:
        """It gives up at a TLS record of more."""
        sent = self.send(MESSAGES, 1000)
        for device, shash in self.devices(largest=RECORD):
            self.assertEqual(self.taken(device, shash), sent)

    def test_answers_in_20_kb(self) -> None:
        """It drops the rest of an answer, which then is no JSON."""
        sent = self.send(MESSAGES, 1000)
        for device, shash in self.devices(room=ANSWER):
            self.assertEqual(self.taken(device, shash), sent)

    def test_every_record_of_a_json_answer_is_small(self) -> None:
        """However long the answer is, and whatever it says: a list that is no page, a large message, an error."""
        self.send(4, 200_000)
        for number in range(20):
            self.authorize(f"other {number}", meta="m" * 2000)
        for device, shash in self.devices():
            for path, params in (("getMsgs.json", {"limit": 4}), ("getDevicesOnline.json", {}), ("nothing.json", {})):
                self.check(device, device.call(path, shash=shash, **params), path)
                self.assertLessEqual(max(device.records), PLAINTEXT + CIPHER, path)

    def check(self, device: SmallDevice, answer: Any, path: str) -> None:
        """The answer is what it has to be, and as long as this test needs it."""
        least = {"getMsgs.json": 800_000, "getDevicesOnline.json": 40_000, "nothing.json": 0}[path]
        self.assertEqual(answer["result"], "BAD" if path == "nothing.json" else "OK")
        self.assertGreater(sum(device.records), least)

    def test_the_data_of_a_record_come_in_full_records(self) -> None:
        """On the same connection, behind a JSON answer and before the next one."""
        self.add_record(self.camera, bytes(300_000))
        (record,) = self.call("getRecordCount.json", shash=self.camera)["records"]
        for device, shash in self.devices():
            for _ in range(2):
                self.assertEqual(device.call("heartBit.json", shash=shash), OK)
                data = device.fetch(f"getRecordData.json?shash={shash}&rid={record['rid']}")
                self.assertEqual(len(data), 300_000)
                self.assertGreater(max(device.records), FULL)
