"""httpx: a whole session over HTTP/2, and the same over HTTP/1.1."""

from __future__ import annotations

from tests.support.session import OK, ServerCase, bad

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000


class Session(ServerCase):
    """authorize, message, record, list, fetch, delete."""

    def whole_session(self, version: str) -> None:
        shash = self.authorize("camera", meta="cam v0.3")
        viewer = self.authorize("viewer")
        self.assertEqual(self.http.post("/heartBit.json", json={"shash": shash}).http_version, version)
        self.assertEqual(self.call("addMsgs.json", shash=viewer, msg="snap", target="camera", params={"n": 1}), OK)
        (message,) = self.call("getMsgsAndSync.json", shash=shash)["msgs"]
        self.assertEqual((message["msg"], message["device"], message["params"]), ("snap", "viewer", {"n": 1}))
        self.assertEqual(self.call("getMsgs.json", shash=shash)["msgs"], [])
        self.add_record(shash, PICTURE, "PNG")
        (record,) = self.call("getRecordCount.json", shash=viewer)["records"]
        self.assertEqual(record["device"], "camera")
        self.assertGreater(record["stamp"], message["stamp"])
        meta = self.call("getRecordMeta.json", shash=viewer, rid=record["rid"])
        self.assertEqual(meta, {"device": "camera", "meta": "PNG", "stamp": record["stamp"], "result": "OK"})
        wanted = {"shash": viewer, "rid": record["rid"]}
        fetched = self.http.post("/getRecordData.json", json=wanted)
        self.assertEqual(fetched.content, PICTURE)
        self.assertEqual(fetched.headers["content-type"], "image/png")
        part = self.http.post("/getRecordData.json", json=wanted, headers={"range": "bytes=1-3"})
        self.assertEqual((part.status_code, part.content), (206, b"PNG"))
        self.assertEqual(self.call("deleteRecords.json", shash=viewer, records=[record["rid"]]), OK)
        self.assertEqual(self.call("getRecordCount.json", shash=viewer)["records"], [])
        self.assertEqual(self.call("getRecordData.json", **wanted), bad(9))

    def test_http2(self) -> None:
        """Over HTTP/2."""
        self.whole_session("HTTP/2")

    def test_http1(self) -> None:
        """Over HTTP/1.1."""
        self.use_client(self.server.client(http2=False))
        self.whole_session("HTTP/1.1")

    def test_large_record(self) -> None:
        """A record of 32 MiB, the most, is uploaded and fetched equal."""
        shash = self.authorize("camera")
        largest = PICTURE.ljust(32 * 1024 * 1024, b".")
        self.add_record(shash, largest)
        (record,) = self.call("getRecordCount.json", shash=shash)["records"]
        fetched = self.http.post("/getRecordData.json", json={"shash": shash, "rid": record["rid"]})
        self.assertTrue(fetched.content == largest)
