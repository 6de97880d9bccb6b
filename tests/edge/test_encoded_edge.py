"""Bodies with a Content-Encoding: JSON is refused by a status of its own, data are kept as they came."""

from __future__ import annotations

import gzip
import json

from tests.support.edge import JSON_PARSER_FAIL, OK, EdgeCase
from tests.support.http import H1Client
from webcam.api.tree import ENDPOINTS

GZIP = [("content-encoding", "gzip")]


class EncodedTests(EdgeCase):
    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize("camera")

    def test_json_that_is_encoded_is_415(self) -> None:
        plain = json.dumps({"shash": self.token}).encode()
        for value in ("gzip", "GZIP", "br", "zstd", "deflate", "aes128gcm", "identity, gzip", "none of any", "x-gzip"):
            for body in (gzip.compress(plain), plain):
                answer = self.post("heartBit.json", body, [("content-encoding", value)])
                self.refused(answer, JSON_PARSER_FAIL, status=415)
        self.assertEqual(self.post("heartBit.json", plain).json(), OK, "none of them was charged for")

    def test_every_endpoint_with_json(self) -> None:
        for endpoint in ENDPOINTS:
            if endpoint.raw or endpoint.path == "input.raw" or "POST" not in endpoint.methods:
                continue
            answer = self.post(endpoint.path, gzip.compress(b"{}"), GZIP)
            self.refused(answer, JSON_PARSER_FAIL, status=415)

    def test_identity_is_no_encoding(self) -> None:
        plain = json.dumps({"shash": self.token}).encode()
        for value in ("identity", "Identity", "", "identity, identity"):
            self.assertEqual(self.post("heartBit.json", plain, [("content-encoding", value)]).json(), OK)

    def test_no_body_has_no_encoding(self) -> None:
        self.assertEqual(self.post("heartBit.json", b"", GZIP, shash=self.token).json(), OK)

    def test_data_are_kept_as_they_came(self) -> None:
        """A form's envelope, too: whatever a client says of a record's body, that is the record."""
        envelope = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\ndata\r\n--x--\r\n'
        form = [("content-type", "multipart/form-data; boundary=x")]
        for body, headers in ((gzip.compress(b"data"), GZIP), (b"not gzip", GZIP), (envelope, form)):
            self.assertEqual(self.post("addRecord.json", body, headers, shash=self.token).json(), OK)
            (*_, record) = self.ask("getRecordCount.json", self.token)["records"]
            self.assertEqual(self.post("getRecordData.json", shash=self.token, rid=str(record["rid"])).body, body)


class EncodedOverHTTP1Tests(EncodedTests):
    """The same."""

    client_class = H1Client
