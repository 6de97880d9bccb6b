"""HEAD, wherever GET is answered: the same fields, no body, and nobody who watches."""

from __future__ import annotations

from typing import Any

from tests.support.edge import JPEG, EdgeCase, path_of
from tests.support.http import H1Client
from webcam.api.tree import ENDPOINTS
from webcam.http.conditions import has_already
from webcam.wire import fields
from webcam.wire.frames import encode

STREAMS = ("output.raw", "stream.mjpg", "events", fields.LINK_STREAM)


class Heads(EdgeCase):
    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize("camera")
        self.camera, upload = self.publish(self.token)
        self.camera.send_data(upload, encode(JPEG))
        self.post("addRecord.json", JPEG, shash=self.token)
        link = self.ask("console/share.json", self.token, device="camera", hours=1)
        self.link = next(each for each in link.values() if isinstance(each, str) and "share/" in each)

    def target(self, path: str) -> str:
        """With all that any of them wants to know."""
        if path.startswith("share/"):
            return "/share/" + self.link.rpartition("share/")[2].strip("/") + path.removeprefix(fields.LINK)
        return path_of(path, shash=self.token, device="camera", rid="1")

    def each(self) -> Any:
        for kind in (None, H1Client):
            for endpoint in ENDPOINTS:
                if "GET" in endpoint.methods:
                    yield kind, endpoint.path

    def test_the_same_fields(self) -> None:
        """Of good answers and of refusals."""
        for kind, path in self.each():
            for target in (self.target(path), f"/{path}"):
                client, other = self.connect(kind), self.connect(kind)
                head = client.fetch("HEAD", target)
                whole = other.fetch("GET", target)
                self.assertEqual((head.status, head.body, head.ended), (whole.status, b"", True), path)
                self.assertEqual(told(head), told(whole), path)
                if kind is H1Client and path not in STREAMS:
                    self.assertEqual(client.fetch("HEAD", target).ended, True, "its connection goes on")
                other.drop()

    def test_nobody_watches(self) -> None:
        """It takes no place of a viewer or a follower, and ends at once."""
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        watched: list[Any] = []
        self.patch(stream, "watch", watched.append)
        for kind, path in self.each():
            if path in STREAMS:
                client = self.connect(kind)
                self.assertEqual(client.fetch("HEAD", self.target(path)).status, 200)
        self.assertEqual((watched, dict(self.services.events._followers)), ([], {}))

    def test_a_range_is_of_get_alone(self) -> None:
        for method, status in (("HEAD", 200), ("GET", 206)):
            answer = self.client.fetch(method, self.target("console/record"), headers=[("range", "bytes=0-9")])
            self.assertEqual(answer.status, status)

    def test_a_record_is_not_read_for_it(self) -> None:
        """But for its first part, which tells of what kind it is."""
        self.post("addRecord.json", JPEG * 500, shash=self.token)
        read: list[int] = []
        part = self.services.records.part
        self.patch(self.services.records, "part", lambda record, number: read.append(number) or part(record, number))
        target = path_of("console/record", shash=self.token, rid="2")
        self.assertEqual(self.client.fetch("HEAD", target).header("content-length"), str(len(JPEG * 500)))
        self.assertEqual(read, [0])

    def test_who_has_it_already(self) -> None:
        """Tags are compared weakly; several fields are one list."""
        target = self.target("console/record")
        etag = self.client.fetch("HEAD", target).header("etag")
        for method in ("GET", "HEAD"):
            for named in (etag, f"W/{etag}", f'"x", W/{etag},"y"', "*"):
                answer = self.client.fetch(method, target, headers=[("if-none-match", named)])
                self.assertEqual((answer.status, answer.body, answer.header("etag")), (304, b"", etag), named)
            both = [("if-none-match", '"x"'), ("if-none-match", f"W/{etag}")]
            self.assertEqual(self.client.fetch(method, target, headers=both).status, 304)
            for named in ('"x"', etag.strip('"'), f"w/{etag[:-1]}", "", "W/"):
                self.assertEqual(self.client.fetch(method, target, headers=[("if-none-match", named)]).status, 200)

    def test_tags(self) -> None:
        self.assertTrue(has_already(['W/"a"'], '"a"'))
        self.assertTrue(has_already(['"a"'], 'W/"a"'))
        self.assertFalse(has_already(['"b", "*"'], '"a"'))
        self.assertFalse(has_already([], '"a"'))


def told(answer: Any) -> dict[str, str]:
    """Fields that are of the answer, and not of its way here."""
    return {name.lower(): value for name, value in answer.headers if name.lower() not in ("date", "transfer-encoding")}
