"""The console's files: the page, what lies beside it, their headers."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.support.edge import MALFORMED_REQUEST, NO_SUCH_SESSION, EdgeCase
from tests.support.http import H1Client
from webcam.console import files

STATIC = Path(files.__file__).with_name("static")
STYLE = "/console/style/base.css"


class FilesTests(EdgeCase):
    """Over both versions of HTTP."""

    def each(self):
        """A client of each."""
        return self.client, self.connect(H1Client)

    def test_the_page(self) -> None:
        for client in self.each():
            answer = client.fetch("GET", "/")
            self.assertEqual((answer.status, answer.body), (200, (STATIC / "index.html").read_bytes()))
            self.assertEqual(answer.header("content-type"), "text/html; charset=utf-8")

    def test_every_file_is_served_as_what_it_is(self) -> None:
        there = [each for each in STATIC.rglob("*") if each.is_file()]
        self.assertEqual(len(files.routes()), len(there), "a file of a kind that is not known")
        for file in there:
            name = file.relative_to(STATIC).as_posix()
            answer = self.client.fetch("GET", f"/{files.PLACES.get(name, f'console/{name}')}")
            self.assertEqual((answer.status, answer.body), (200, file.read_bytes()), name)
            self.assertEqual(answer.header("content-type"), files.TYPES[file.suffix])

    def test_headers_that_keep_strangers_out_of_it(self) -> None:
        for path in ("/", STYLE):
            answer = self.client.fetch("GET", path)
            policy = dict(each.split(" ", 1) for each in (answer.header("content-security-policy") or "").split("; "))
            self.assertEqual(policy["default-src"], "'none'")
            self.assertEqual((policy["script-src"], policy["style-src"]), ("'self'", "'self'"))
            self.assertEqual((policy["frame-ancestors"], policy["form-action"]), ("'none'", "'none'"))
            self.assertEqual(policy["require-trusted-types-for"], "'script'")
            self.assertNotIn("unsafe", answer.header("content-security-policy"))
            self.assertEqual(answer.header("x-content-type-options"), "nosniff")
            self.assertEqual(answer.header("referrer-policy"), "no-referrer")
            self.assertEqual(answer.header("cross-origin-opener-policy"), "same-origin")
            self.assertEqual(answer.header("cross-origin-resource-policy"), "same-origin")
            self.assertIn("camera=(self)", answer.header("permissions-policy"))

    def test_who_has_it_gets_no_body(self) -> None:
        for client in self.each():
            for wanted in ("", "gzip"):
                headers = [("accept-encoding", wanted)]
                whole = client.fetch("GET", STYLE, headers=headers)
                self.assertEqual((whole.header("cache-control"), whole.header("vary")), ("no-cache", "accept-encoding"))
                again = client.fetch("GET", STYLE, headers=[*headers, ("if-none-match", whole.header("etag"))])
                self.assertEqual((again.status, again.body, again.ended), (304, b"", True))
                for name in ("etag", "cache-control", "vary"):
                    self.assertEqual(again.header(name), whole.header(name))
                self.assertIsNone(again.header("content-encoding"))
                other = client.fetch("GET", STYLE, headers=[*headers, ("if-none-match", '"of another version"')])
                self.assertEqual((other.status, other.body), (200, whole.body))

    def test_zipped_for_who_takes_that(self) -> None:
        for client in self.each():
            plain = client.fetch("GET", "/")
            for accepted in ("gzip", "br, GZIP;q=0.5", "deflate, gzip ; q=1.0"):
                zipped = client.fetch("GET", "/", headers=[("accept-encoding", accepted)])
                self.assertEqual(zipped.header("content-encoding"), "gzip", accepted)
                self.assertLess(len(zipped.body), len(plain.body))
                self.assertEqual(gzip.decompress(zipped.body), plain.body)
                self.assertNotEqual(zipped.header("etag"), plain.header("etag"), "they are different bytes")
            for accepted in ("", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip"):
                answer = client.fetch("GET", "/", headers=[("accept-encoding", accepted)])
                self.assertEqual((answer.header("content-encoding"), answer.body), (None, plain.body), accepted)

    def test_head_and_other_methods(self) -> None:
        for client in self.each():
            whole, head = client.fetch("GET", "/"), client.fetch("HEAD", "/")
            self.assertEqual((head.status, head.body, head.ended), (200, b"", True))
            self.assertEqual(head.header("content-length"), whole.header("content-length"))
            answer = client.fetch("POST", "/")
            self.refused(answer, MALFORMED_REQUEST, status=405)
            self.assertEqual(answer.header("allow"), "GET, HEAD, OPTIONS")

    def test_nothing_else_is_served(self) -> None:
        for path in (
            "/index.html",
            "/console",
            "/console/",
            "/console/index.html",
            "/console/../files.py",
            "/console/..%2ffiles.py",
            "/console/%2e%2e/__init__.py",
            "//console/style/base.css",
            "/console/style/base.css/",
            "/console/none.css",
        ):
            self.refused(self.client.fetch("GET", path), MALFORMED_REQUEST, status=404)

    def test_a_file_is_no_matter_of_a_session(self) -> None:
        headers = [
            ("cookie", "__Host-webcam-0123456789abcdef=of-a-session-that-ended"),
            ("sec-fetch-site", "same-origin"),
        ]
        self.assertEqual(self.client.fetch("GET", "/", headers=headers).status, 200)
        answer = self.client.fetch("POST", "/console/session.json", b"{}", headers)
        self.refused(answer, NO_SUCH_SESSION)
