"""Every example of the published protocol, run by curl as it was printed but for host, port and session id."""

from __future__ import annotations

import subprocess

from tests.integration import examples
from tests.integration.examples import Ran, put_in, run
from tests.support.frames import numbered, numbers
from tests.support.process import DEADLINE, shared_server, until
from tests.support.session import OK, ServerCase, bad
from tests.support.trail import PASSWORD

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 161
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class Examples(ServerCase):
    """``self.printed`` runs a command as the device ``user_pc``."""

    skip = None if examples.CURL else examples.NO_CURL

    def setUp(self) -> None:
        super().setUp()
        self.shash = self.authorize("user_pc")
        self.files = self.folder()

    def printed(self, command: str, **more: str) -> Ran:
        return run(put_in(command, self.server.port, self.shash, **more), self.files)

    def answers(self, command: str, answer: object, **more: str) -> None:
        """The command succeeds and prints this."""
        ran = self.printed(command, **more)
        self.assertEqual(ran.status, 0, ran.progress)
        self.assertEqual(ran.json(), answer)


class AccountExamples(Examples):
    """Logging in, settings, staying."""

    def test_authorize(self) -> None:
        """authorize.json: a session id, of 28 characters, that works."""
        server = shared_server()
        if "user\n" not in server.account("list"):
            server.account("add", "user", password=PASSWORD)
        answer = self.printed(examples.AUTHORIZE, **{'"111"': f'"{PASSWORD}"'}).json()
        self.assertEqual({**answer, "shash": ""}, {"shash": "", "result": "OK"})
        self.assertEqual(len(answer["shash"]), len(examples.SESSION))
        self.assertEqual(
            self.call("getDevicesOnline.json", shash=answer["shash"])["devices"],
            [{"device": "user_pc", "meta": "some info"}],
        )

    def test_get_config(self) -> None:
        """getConfig.json: the four kinds as printed; those that came later follow."""
        answer = self.printed(examples.GET_CONFIG).json()
        printed = examples.GET_CONFIG_ANSWER["config"]
        self.assertEqual(answer["result"], "OK")
        self.assertEqual(answer["config"][: len(printed)], printed)
        self.assertEqual([each["kind"] for each in answer["config"]], [1, 2, 3, 4, 5, 6])

    def test_set_config(self) -> None:
        """setConfig.json: OK, and the values are the account's."""
        self.answers(examples.SET_CONFIG, OK)
        config = self.call("getConfig.json", shash=self.shash)["config"]
        self.assertEqual([each["fv"] for each in config[:4]], [1.0, 10.0, 1500.0, 100.0])

    def test_heart_bit(self) -> None:
        """heartBit.json: OK."""
        self.answers(examples.HEART_BIT, OK)

    def test_devices_online(self) -> None:
        """getDevicesOnline.json: the printed devices, by name."""
        for device, meta in (("user_pc", "some info"), ("d1c", {"param": 1}), ("d2", "cam v0.3")):
            self.authorize(device, meta=meta)
        by_name = sorted(examples.DEVICES_ONLINE_ANSWER, key=lambda each: each["device"])
        self.answers(examples.DEVICES_ONLINE, {"result": "OK", "devices": by_name})


class MessageExamples(Examples):
    """Messages and sync."""

    def test_add_message(self) -> None:
        """addMsgs.json with one message: OK, and another device gets it."""
        other = self.authorize("other")
        self.answers(examples.ADD_MESSAGE, OK)
        (message,) = self.call("getMsgs.json", shash=other)["msgs"]
        self.assertEqual((message["msg"], message["device"]), ("obey", "user_pc"))
        self.assertEqual(message["params"], {"please": 1})

    def test_add_messages(self) -> None:
        """addMsgs.json with a list: OK, each for its target. As printed it lacks a brace, and is no JSON."""
        self.answers(examples.ADD_MESSAGES_UNBALANCED, bad(4))
        self.answers(examples.ADD_MESSAGES, OK)
        got = {
            device: [each["msg"] for each in self.call("getMsgs.json", shash=self.authorize(device))["msgs"]]
            for device in ("device1", "device2", "device3")
        }
        self.assertEqual(got, {"device1": ["status"], "device2": ["shutdown"], "device3": []})

    def test_get_messages(self) -> None:
        """getMsgs.json: all that is not acknowledged; from a stamp; after a sync nothing."""
        for device, message in (("dev1", "1"), ("dev2", "2")):
            self.assertEqual(self.call("addMsgs.json", shash=self.authorize(device), msg=message), OK)
        got = self.printed(examples.GET_MESSAGES).json()
        stamps = [each["stamp"] for each in got["msgs"]]
        printed = [
            {**each, "stamp": stamp} for each, stamp in zip(examples.GET_MESSAGES_ANSWER["msgs"], stamps, strict=True)
        ]
        self.assertEqual(got, {"msgs": printed, "result": "OK"})
        first = {examples.GET_MESSAGES_STAMPS[0]: stamps[0]}
        self.answers(examples.GET_MESSAGES_AFTER, {"msgs": printed[1:], "result": "OK"}, **first)
        self.answers(examples.SYNC, OK)
        self.answers(examples.GET_MESSAGES, {"msgs": [], "result": "OK"})


class RecordExamples(Examples):
    """Records: in a database of its own, where ids are those that were printed."""

    def setUp(self) -> None:
        super().setUp()
        self.own_server()
        self.shash = self.authorize("user_pc")

    def records_until(self, record_id: int, device: str, data: bytes = b"1") -> None:
        """The newest record has this id and is of *device*."""
        self.server.account("add", "other", password=PASSWORD)
        self.account, ours = "other", self.account
        filler = self.authorize("filler")
        for _ in range(record_id - 1):
            self.add_record(filler, b"1")
        self.account = ours
        self.add_record(self.authorize(device), data)

    def ids(self) -> tuple[int, ...]:
        return tuple(each["rid"] for each in self.call("getRecordCount.json", shash=self.shash)["records"])

    def test_add_record(self) -> None:
        """addRecordData.json: OK; the picture is kept byte for byte, and its meta."""
        (self.files / "inp.png").write_bytes(PNG)
        self.answers(examples.ADD_RECORD, OK)
        self.assertEqual(self.call("getRecordMeta.json", shash=self.shash, rid=1)["meta"], "PNG")
        self.assertEqual(self.http.post(f"/getRecordData.json?shash={self.shash}&rid=1").content, PNG)

    def test_record_meta(self) -> None:
        """getRecordMeta.json: device, meta and stamp of record 34."""
        self.records_until(34, examples.RECORD_META_DEVICE)
        (listed,) = self.call("getRecordCount.json", shash=self.shash)["records"]
        answer = {"device": examples.RECORD_META_DEVICE, "meta": "", "stamp": listed["stamp"], "result": "OK"}
        self.answers(examples.RECORD_META, answer)

    def test_record_count_and_data(self) -> None:
        """getRecordCount.json: record 34 alone, after its stamp nothing. getRecordData.json: its 41431 bytes."""
        picture = JPEG[: examples.RECORD_DATA_SIZE].ljust(examples.RECORD_DATA_SIZE, b"\xd9")
        self.records_until(34, "d1", picture)
        got = self.printed(examples.RECORD_COUNT).json()
        stamp = got["records"][0]["stamp"]
        (printed,) = examples.RECORD_COUNT_ANSWER["records"]
        self.assertEqual(got, {"records": [{**printed, "stamp": stamp}], "result": "OK"})
        ours = {examples.RECORD_COUNT_STAMP: stamp}
        self.answers(examples.RECORD_COUNT_AFTER, {"records": [], "result": "OK"}, **ours)
        ran = self.printed(examples.RECORD_DATA)
        self.assertEqual(ran.status, 0, ran.progress)
        self.assertRegex(ran.progress, examples.RECORD_DATA_PROGRESS)
        self.assertEqual((self.files / "out.jpg").read_bytes(), picture)

    def test_delete_records(self) -> None:
        """deleteRecords.json: one; then two with a negative number, which takes the older ones along."""
        last = max(examples.RECORDS)
        for record_id in range(1, last + 1):
            if record_id % 30 == 1:
                self.shash = self.authorize("user_pc")
            self.add_record(self.shash, b"%d" % record_id)
        others = sorted(set(range(1, last + 1)) - set(examples.RECORDS))
        self.assertEqual(self.call("deleteRecords.json", shash=self.shash, records=others), OK)
        self.assertEqual(self.ids(), examples.RECORDS)
        self.answers(examples.DELETE_ONE, OK)
        self.assertEqual(self.ids(), examples.RECORDS_WITHOUT_ONE)
        self.answers(examples.DELETE_OLDER, OK)
        self.assertEqual(self.ids(), examples.RECORDS_WITHOUT_OLDER)


class StreamExamples(Examples):
    """Live streams."""

    def test_streams(self) -> None:
        """getStreams.json: the printed streams."""
        camera = self.connect()
        self.publish(camera, "user_pc", "&subproto=DEFLATE_JSON&delta=30000")
        self.publish(camera, "camera1", "&subproto=RAW_THEORA&delta=400")
        by_name = sorted(examples.STREAMS_ANSWER, key=lambda each: str(each["device"]))
        self.answers(examples.STREAMS, {"result": "OK", "devices": by_name})

    def test_input(self) -> None:
        """input.raw: no formatted answer; nothing is wrong, and the stream is over when the upload is."""
        (self.files / "data.raw").write_bytes(b"".join(numbered(each, 30_000) for each in range(20)))
        ran = self.printed(examples.INPUT)
        self.assertEqual((ran.status, ran.output), (0, b""), ran.progress)
        self.assertEqual(self.streaming(self.shash), [])

    def test_output(self) -> None:
        """output.raw: whole frames as they come, until the stream ends."""
        camera = self.connect()
        stream = self.publish(camera, "camera_device")
        camera.send(stream, numbered(0))
        path = self.files / "frames"
        with path.open("wb") as frames:
            command = [*put_in(examples.OUTPUT, self.server.port, self.shash), "-N"]
            curl = subprocess.Popen(command, stdout=frames, stderr=subprocess.DEVNULL)
        self.addCleanup(curl.wait)
        self.addCleanup(curl.kill)
        until(lambda: path.stat().st_size > 0, "the first frame")
        for number in (1, 2, 3):
            camera.send(stream, numbered(number, 50_000))
        camera.end(stream)
        self.assertEqual(curl.wait(DEADLINE), 0)
        self.assertEqual(numbers(path.read_bytes()), [0, 1, 2, 3])
