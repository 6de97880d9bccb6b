"""console/thumbnail: small pictures of records, for who may see them."""

from __future__ import annotations

from unittest import mock

from tests.edge.test_roles_edge import RolesCase
from tests.support.browser import BrowserCase
from tests.support.decoder import FakeDecoder
from tests.support.edge import (
    INTERNAL_UNKNOWN_ERROR,
    MALFORMED_REQUEST,
    NO_DATA_RETURNED,
    NO_SUCH_RECORD,
    NO_SUCH_SESSION,
    OK,
    path_of,
)
from tests.support.http import H1Client, Response
from tests.support.images import jpeg, opened, png_of
from webcam.errors import Overloaded
from webcam.model import Role
from webcam.service.thumbnails import Thumbnails

PATH = "console/thumbnail"


class ThumbnailTests(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def add(self, data: bytes) -> int:
        client = self.connect()
        target = path_of("addRecord.json", meta="a picture")
        self.assertEqual(client.fetch("POST", target, data, self.headers).json(), OK)
        return int(self.browse("getRecordCount.json", limit=1000)["records"][-1]["rid"])

    def get(self, record_id: object, headers: object = ()) -> Response:
        return self.show(PATH, headers, rid=str(record_id))

    def test_it_is_a_small_jpeg(self) -> None:
        answer = self.get(self.add(jpeg(1600, 1200)))
        self.assertEqual((answer.status, answer.header("content-type")), (200, "image/jpeg"))
        self.assertEqual(answer.header("content-length"), str(len(answer.body)))
        self.assertEqual(opened(answer.body).size, (320, 240))

    def test_nothing_of_it_runs_and_nobody_else_keeps_it(self) -> None:
        answer = self.get(self.add(jpeg()))
        self.assertEqual(answer.header("cache-control"), "private, max-age=31536000, immutable")
        self.assertEqual(answer.header("x-content-type-options"), "nosniff")
        self.assertIn("sandbox", answer.header("content-security-policy") or "")

    def test_who_has_it_gets_no_body_and_nothing_is_made(self) -> None:
        record_id = self.add(jpeg())
        etag = self.get(record_id).header("etag") or ""
        with mock.patch.object(Thumbnails, "of", side_effect=AssertionError("asked for")):
            answer = self.get(record_id, [("if-none-match", etag)])
        self.assertEqual((answer.status, answer.body, answer.ended), (304, b"", True))
        self.assertEqual(answer.header("etag"), etag)
        self.assertEqual(self.get(record_id, [("if-none-match", '"another"')]).status, 200)
        self.assertNotEqual(self.get(self.add(jpeg())).header("etag"), etag)

    def test_it_is_made_once(self) -> None:
        record_id = self.add(jpeg())
        first = self.get(record_id)
        with mock.patch.object(FakeDecoder, "thumbnail", side_effect=AssertionError("made again")):
            self.assertEqual(self.get(record_id).body, first.body)

    def test_a_large_record(self) -> None:
        """Of many parts."""
        data = jpeg(2000, 1500)
        data = data[:-2] + bytes(1_000_000) + data[-2:]
        self.assertEqual(opened(self.get(self.add(data)).body).size, (320, 240))

    def test_where_there_is_none_to_make(self) -> None:
        """404, quietly: half of a gallery may be videos."""
        for data in (b"{}", jpeg()[:-3000], png_of(60_000, 60_000), b"\x00\x00\x00\x20ftypisom", b"GIF89a" + bytes(99)):
            record_id = self.add(data)
            for _ in range(2):
                answer = self.get(record_id)
                self.refused(answer, NO_DATA_RETURNED, status=404)
                self.assertIsNone(answer.header("etag"))
        self.assertEqual(self.refusals(), [])

    def test_a_record_that_is_gone(self) -> None:
        record_id = self.add(jpeg())
        self.assertEqual(self.get(record_id).status, 200)
        self.assertEqual(self.browse("deleteRecords.json", records=[record_id]), OK)
        self.refused(self.get(record_id), NO_SUCH_RECORD, status=404)
        self.assertEqual(self.world.run(self.services.thumbnails._kept.kept(0, 10)), [])

    def test_malformed(self) -> None:
        for value in ("", "x", "-1", "1.5"):
            self.refused(self.get(value), MALFORMED_REQUEST, status=400)
        self.refused(self.show(PATH), MALFORMED_REQUEST, status=400)
        self.refused(self.post(PATH, b"{}", self.headers), MALFORMED_REQUEST, status=405)

    def test_without_a_session(self) -> None:
        target = path_of(PATH, rid=str(self.add(jpeg())))
        self.refused(self.client.fetch("GET", target), MALFORMED_REQUEST, status=400)
        self.refused(self.client.fetch("GET", f"{target}&shash=none"), NO_SUCH_SESSION, status=403)
        foreign = [("cookie", self.cookie), ("sec-fetch-site", "cross-site")]
        self.refused(self.client.fetch("GET", target, b"", foreign), MALFORMED_REQUEST, status=400)
        self.assertEqual(self.client.fetch("GET", f"{target}&shash={self.token}").status, 200)

    def test_nobody_sees_those_of_another_account(self) -> None:
        record_id = self.add(jpeg())
        self.assertEqual(self.get(record_id).status, 200)
        self.other_account()
        answer = self.client.fetch(
            "GET", path_of(PATH, rid=str(record_id), shash=self.authorize("phone", name="other"))
        )
        self.refused(answer, NO_SUCH_RECORD, status=404)

    def test_too_many_at_once(self) -> None:
        record_id = self.add(jpeg())
        with mock.patch.object(Thumbnails, "of", side_effect=Overloaded("thumbnails at once")):
            answer = self.get(record_id)
        self.refused(answer, INTERNAL_UNKNOWN_ERROR, status=503)
        self.assertIsNotNone(answer.header("retry-after"))
        self.assertEqual(self.world.site.tally.met, {"thumbnails at once": 1})


class ThumbnailTestsHTTP1(ThumbnailTests):
    client_class = H1Client


class GuestTests(RolesCase):
    def test_a_guest_sees_those_of_its_devices_alone(self) -> None:
        shown, hidden = (self.add_picture(device) for device in ("porch", "bedroom"))
        guest = self.open(Role.VIEW, "guest", "porch")
        self.assertEqual(self.get(shown, guest).status, 200)
        self.refused(self.get(hidden, guest), NO_SUCH_RECORD, status=404)

    def add_picture(self, device: str) -> int:
        self.assertEqual(self.post("addRecord.json", jpeg(), shash=self.authorize(device)).json(), OK)
        return int(self.ask("getRecordCount.json", self.authorize("owner"), limit=1000)["records"][-1]["rid"])

    def get(self, record_id: int, token: str) -> Response:
        answer: Response = self.client.fetch("GET", path_of(PATH, rid=str(record_id), shash=token))
        return answer
