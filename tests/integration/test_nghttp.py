"""nghttp: several requests at once on one connection."""

from __future__ import annotations

import re
import shutil
import subprocess

from tests.support.process import DEADLINE
from tests.support.session import ServerCase

NGHTTP = shutil.which("nghttp")


class Nghttp(ServerCase):
    """Its verbose output is a transcript of the connection's frames."""

    skip = None if NGHTTP else "nghttp is not installed"

    def run_nghttp(self, *arguments: str) -> str:
        """The transcript. Colours are off because it goes to no terminal."""
        ended = subprocess.run(
            ["nghttp", "-v", "--no-verify-peer", *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def test_multiplexed(self) -> None:
        """Fifty requests of five kinds on one connection, each answered, none reset, no GOAWAY of the server's."""
        shash = self.authorize("device")
        for number in range(3):
            self.add_record(shash, b"%d" % number * 100_000)
        urls = [
            f"{self.server.url}/{path}?shash={shash}"
            for path in ("getServerTime.json", "getRecordCount.json", "getMsgs.json", "getStreams.json")
        ]
        (record, *_) = self.call("getRecordCount.json", shash=shash)["records"]
        urls.append(f"{self.server.url}/getRecordData.json?shash={shash}&rid={record['rid']}")
        said = self.run_nghttp("-m", "10", "-H", ":method: POST", *urls)
        self.assertEqual(said.count("The negotiated protocol: h2"), 1)
        self.assertEqual(len(re.findall(r"recv \(stream_id=\d+\) :status: 200", said)), 50)
        self.assertEqual(said.count('"result":"OK"'), 40)
        self.assertEqual(len(re.findall(r"recv RST_STREAM|recv GOAWAY", said)), 0)

    def test_upload(self) -> None:
        """The same record uploaded ten times at once, under its own content type, is kept ten times."""
        shash = self.authorize("device")
        path = self.folder() / "picture"
        path.write_bytes(bytes(range(256)) * 1000)
        said = self.run_nghttp("-m", "10", "-d", str(path), f"{self.server.url}/addRecord.json?shash={shash}")
        self.assertEqual(said.count('"result":"OK"'), 10)
        records = self.call("getRecordCount.json", shash=shash)["records"]
        self.assertEqual(len(records), 10)
        self.assertEqual(len({each["stamp"] for each in records}), 10)
        kept = self.http.post("/getRecordData.json", json={"shash": shash, "rid": records[-1]["rid"]}).content
        self.assertEqual(kept, path.read_bytes())
