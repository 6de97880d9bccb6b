"""treq: a session over HTTP/1.1 and TLS, from within the tests' own reactor."""

from __future__ import annotations

import treq
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.support.agent import Treq, Upload
from tests.support.frames import numbered, numbers
from tests.support.process import DEADLINE, shared_server

OK = {"result": "OK"}


class TreqSession(TestCase):
    """Its certificate is checked, name and all."""

    timeout = 2 * DEADLINE

    def setUp(self) -> None:
        self.server = shared_server()
        self.account = self.server.new_account()
        self.treq = Treq(self.server)
        self.addCleanup(self.treq.close)

    async def test_session(self) -> None:
        """authorize, message, record, list, fetch equal, delete."""
        camera = (await self.treq.authorize(self.account, "camera"))["shash"]
        viewer = (await self.treq.authorize(self.account, "viewer"))["shash"]
        self.assertEqual(await self.treq.call("addMsgs.json", shash=camera, msg="hello", params=[1]), OK)
        (message,) = (await self.treq.call("getMsgs.json", shash=viewer))["msgs"]
        self.assertEqual((message["msg"], message["device"], message["params"]), ("hello", "camera", [1]))
        data = bytes(range(256)) * 2000
        stored = await self.treq.post("addRecord.json", params={"shash": camera, "meta": "RAW"}, data=data)
        self.assertEqual((stored.code, await stored.json()), (200, OK))
        (record,) = (await self.treq.call("getRecordCount.json", shash=viewer))["records"]
        fetched = await self.treq.post("getRecordData.json", json={"shash": viewer, "rid": record["rid"]})
        self.assertEqual(await fetched.content(), data)
        self.assertEqual(await self.treq.call("deleteRecords.json", shash=viewer, records=record["rid"]), OK)
        self.assertEqual((await self.treq.call("getRecordCount.json", shash=viewer))["records"], [])

    async def test_at_once(self) -> None:
        """Twenty sessions at once, each with its own token, all listed."""
        logins = [
            Deferred.fromCoroutine(self.treq.authorize(self.account, f"device{number:02}")) for number in range(20)
        ]
        tokens = [(await each)["shash"] for each in logins]
        self.assertEqual(len(set(tokens)), 20)
        online = await self.treq.call("getDevicesOnline.json", shash=tokens[0])
        self.assertEqual([each["device"] for each in online["devices"]], [f"device{number:02}" for number in range(20)])

    async def test_live_stream(self) -> None:
        """A live stream that is watched while it is uploaded; its end ends the viewer's answer."""
        camera = (await self.treq.authorize(self.account, "camera"))["shash"]
        viewer = (await self.treq.authorize(self.account, "viewer"))["shash"]
        upload = Upload()
        answer = Deferred.fromCoroutine(self.treq.post("input.raw", params={"shash": camera}, data=upload))
        await upload.begun
        upload.write(numbered(0, 30_000))
        while not (await self.treq.call("getStreams.json", shash=viewer))["devices"]:
            pass
        watching = await self.treq.post("output.raw", params={"shash": viewer, "device": "camera"})
        got = bytearray()
        first: Deferred[None] = Deferred()

        def collect(data: bytes) -> None:
            got.extend(data)
            if numbers(got) and not first.called:
                first.callback(None)

        over = treq.collect(watching, collect)
        await first
        upload.write(numbered(1, 30_000))
        upload.end()
        self.assertEqual((await answer).code, 200)
        await over
        self.assertEqual(numbers(got), [0, 1])
