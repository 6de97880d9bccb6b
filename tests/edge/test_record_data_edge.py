"""getRecordData.json: the bytes of a record, whole and in ranges."""

from __future__ import annotations

from tests.edge.test_records_edge import RecordsCase
from tests.support.edge import JPEG, MALFORMED_REQUEST, NO_SUCH_RECORD, path_of
from tests.support.http import H1Client, H2Client
from webcam.ports import RECORD_PART

KINDS = {
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF89a": "image/gif",
    b"RIFF0000WEBPVP8 ": "image/webp",
    b"\0\0\0\x20ftypisom": "video/mp4",
    b"\x1aE\xdf\xa3": "video/webm",
    b"RIFF0000WAVEfmt ": "audio/wav",
    b"OggS": "application/ogg",
    b"<!doctype html><script>alert(1)</script>": "application/octet-stream",
    b"<svg xmlns='http://www.w3.org/2000/svg'>": "application/octet-stream",
    b"%PDF-1.7": "application/octet-stream",
    b'{"result":"BAD","code":2}': "application/octet-stream",
    b"x": "application/octet-stream",
}


class RecordDataTests(RecordsCase):
    """What a browser's video element and a device's downloader want."""

    def fetch(self, rid: int, client=None, **headers: str):
        path = path_of("getRecordData.json", shash=self.token, rid=str(rid))
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return (client or self.client).fetch("POST", path, b"", pairs)

    def test_never_a_page_of_this_site(self) -> None:
        for start, kind in KINDS.items():
            answer = self.fetch(self.add(start))
            self.assertEqual((answer.status, answer.body), (200, start))
            self.assertEqual(answer.header("content-type"), kind)
            self.assertEqual(answer.header("x-content-type-options"), "nosniff")
            self.assertEqual(answer.header("content-length"), str(len(start)))
            self.assertIn("sandbox", answer.header("content-security-policy"))

    def test_parameters_in_the_body(self) -> None:
        rid = self.add()
        body = b'{"shash":"%b","rid":"%d"}' % (self.token.encode(), rid)
        self.assertEqual(self.post("getRecordData.json", body).body, JPEG)

    def test_large_records_whole(self) -> None:
        """Parts of storage, windows of HTTP/2: none of their borders shows."""
        for size in (RECORD_PART - 1, RECORD_PART, RECORD_PART + 1, 3 * RECORD_PART + 12345):
            data = bytes(range(251)) * (size // 251 + 1)
            rid = self.add(data[:size])
            for kind in (H1Client, H2Client):
                answer = self.fetch(rid, self.connect(kind))
                self.assertTrue(answer.ended and answer.body == data[:size], (size, kind))

    def test_field_bodies_go_out_in_full_size_frames(self) -> None:
        """A client that reads in steps of 4,096 bytes takes a short read for the end."""
        answer = self.fetch(self.add(b"x" * 60_000))
        sizes = [each for each in answer.chunks if each]
        self.assertEqual(sizes, [16384, 16384, 16384, 60_000 - 3 * 16384])

    def test_field_never_compressed_unasked(self) -> None:
        rid = self.add(b"\0" * 10_000)
        for coding in ("gzip, deflate, br", "*", "identity"):
            answer = self.fetch(rid, accept_encoding=coding)
            self.assertEqual((answer.header("content-encoding"), len(answer.body)), (None, 10_000))
        answer = self.client.fetch(
            "POST", path_of("getConfig.json", shash=self.token), b"", [("accept-encoding", "gzip")]
        )
        self.assertEqual((answer.header("content-encoding"), answer.body[:1]), (None, b"{"))

    def test_sent_at_the_pace_of_the_client(self) -> None:
        """A slow client holds no more of it in memory than a part of storage and a window."""
        rid = self.add(b"x" * (4 * RECORD_PART))
        for kind in (H1Client, H2Client):
            client = self.connect(kind, capacity=64 * 1024)
            client.reading = False
            self.fetch(rid, client)
            self.assertLess(client.transport.unread, 2 * RECORD_PART)
            if kind is H2Client:
                self.assertLessEqual(client.protocol._channel._sender.queued(1), RECORD_PART)
            client.reading = True
            self.assertEqual(len(client.response(max(client.responses)).body), 4 * RECORD_PART)

    def test_shut_window(self) -> None:
        rid = self.add(b"x" * (2 * RECORD_PART))
        client = self.connect(auto_window=False)
        stream = client.request("POST", path_of("getRecordData.json", shash=self.token, rid=str(rid)))
        self.assertEqual(len(client.response(stream).body), 61440)
        client.credit(0, 2 * RECORD_PART)
        client.credit(stream, 100)
        self.assertEqual(len(client.response(stream).body), 65536, "a whole step of 4,096 bytes, or nothing")
        self.clock.advance(3)
        self.assertEqual(len(client.response(stream).body), 65635, "unless the peer waits for just that")
        client.credit(stream, 2 * RECORD_PART)
        self.assertTrue(client.response(stream).ended)

    # Ranges

    def test_ranges(self) -> None:
        data = bytes(range(200))
        rid = self.add(data)
        for asked, (start, stop) in {
            "bytes=0-": (0, 200),
            "bytes=0-0": (0, 1),
            "bytes=10-19": (10, 20),
            "bytes=199-": (199, 200),
            "bytes=150-100000": (150, 200),
            "bytes=-50": (150, 200),
            "bytes=-100000": (0, 200),
        }.items():
            answer = self.fetch(rid, range=asked)
            self.assertEqual((answer.status, answer.body), (206, data[start:stop]), asked)
            self.assertEqual(answer.header("content-range"), f"bytes {start}-{stop - 1}/200")
            self.assertEqual(answer.header("content-length"), str(stop - start))
            self.assertEqual(answer.header("accept-ranges"), "bytes")

    def test_ranges_over_parts(self) -> None:
        data = bytes(range(251)) * 4000
        rid = self.add(data)
        for start, last in ((RECORD_PART - 1, RECORD_PART), (RECORD_PART, RECORD_PART), (5, 2 * RECORD_PART + 7)):
            answer = self.fetch(rid, range=f"bytes={start}-{last}")
            self.assertTrue(answer.ended and answer.body == data[start : last + 1])

    def test_a_range_that_is_none_gets_the_whole(self) -> None:
        rid = self.add()
        for asked in ("bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "", "bytes=" + "9" * 40 + "-"):
            answer = self.fetch(rid, range=asked)
            self.assertEqual((answer.status, len(answer.body)), (200, len(JPEG)), asked)

    def test_a_range_behind_the_end(self) -> None:
        rid = self.add()
        for asked in (f"bytes={len(JPEG)}-", "bytes=99999999-", "bytes=-0"):
            answer = self.fetch(rid, range=asked)
            self.refused(answer, MALFORMED_REQUEST, status=416)
            self.assertEqual(answer.header("content-range"), f"bytes */{len(JPEG)}")

    def test_if_range(self) -> None:
        rid, other = self.add(), self.add()
        tag = self.fetch(rid).header("etag")
        self.assertRegex(tag, r'^"[^"]+"$')
        self.assertNotEqual(tag, self.fetch(other).header("etag"))
        self.assertEqual(self.fetch(rid, range="bytes=0-9", if_range=tag).status, 206)
        self.assertEqual(self.fetch(rid, range="bytes=0-9", if_range='"another"').status, 200)

    def test_a_range_of_a_record_that_is_not_there(self) -> None:
        self.refused(self.fetch(77, range="bytes=0-1"), NO_SUCH_RECORD)
