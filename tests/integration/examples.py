"""The published protocol's examples: commands as they were printed, and the answers printed beneath them.

``HOST`` and ``SESSION`` stand in the commands for themselves: what a test puts in their place is all that differs.
"""

# ruff: noqa: E501  (commands are kept as they were printed)
from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.process import DEADLINE
from tests.support.trail import answered

CURL = shutil.which("curl")
NO_CURL = "curl is not installed"

HOST = "localhost:8080"
SESSION = "ra5PNJRgzrqpwbfw8JvHIkWuxJE="

DAY = "2022-02-07"

GET_CONFIG = (
    """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/getConfig.json"""
)
GET_CONFIG_ANSWER = json.loads(
    '{"config":[{"kind":1,"descr":"old records timeout (days)","miv":4.0E-003,"mav":1.68E+002,"dv":3.0E+001,'
    '"fv":3.0E+001},{"kind":2,"descr":"dead sessions timeout (minutes)","miv":3.0E+000,"mav":3.0E+001,"dv":1.0E+001,'
    '"fv":1.0E+001},{"kind":3,"descr":"max requests for session","miv":2.0E+002,"mav":1.0E+004,"dv":1.5E+003,'
    '"fv":1.5E+003},{"kind":4,"descr":"max reqs per min for session","miv":2.0E+001,"mav":2.0E+002,"dv":5.0E+001,'
    '"fv":5.0E+001}],"result":"OK"}'
)
SET_CONFIG = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","config":[{"kind":1,"fv":1.0},{"kind":4,"fv":100}]}' -X POST https://localhost:8080/setConfig.json"""
OUTPUT = """curl --http2 -k -X POST https://localhost:8080/output.raw?shash=ra5PNJRgzrqpwbfw8JvHIkWuxJE%3D&device=camera_device"""
INPUT = """curl --http2 -k --data-binary '@data.raw' -X POST https://localhost:8080/input.raw?shash=ra5PNJRgzrqpwbfw8JvHIkWuxJE%3D&subproto=RAW_JPEG"""
AUTHORIZE = """curl --http2 -k -d '{"name":"user","pass":"111","device":"user_pc","meta":"some info"}' -X POST https://localhost:8080/authorize.json"""
ADD_RECORD = """curl --http2 -k --data-binary '@inp.png' -X POST https://localhost:8080/addRecordData.json?shash=ra5PNJRgzrqpwbfw8JvHIkWuxJE%3D&meta=PNG"""
ADD_MESSAGE = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","msg":"obey","params":{"please":1}}' -X POST https://localhost:8080/addMsgs.json"""
ADD_MESSAGES_UNBALANCED = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","msgs":[{"msg":"status","target":"device1"},{"msg":"shutdown","target":"device2"}]' -X POST https://localhost:8080/addMsgs.json"""
"""Printed without its last brace."""
ADD_MESSAGES = ADD_MESSAGES_UNBALANCED.replace("}]'", "}]}'")
RECORD_META = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","rid":34}' -X POST https://localhost:8080/getRecordMeta.json"""
RECORD_META_DEVICE = "34945423FA90"
RECORD_DATA = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","rid":34}' -X POST https://localhost:8080/getRecordData.json -o out.jpg"""
RECORD_DATA_PROGRESS = r"100 41480 +100 41431 +100 +49 "
RECORD_DATA_SIZE = 41431
RECORD_COUNT = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/getRecordCount.json"""
RECORD_COUNT_STAMP = "2022-02-07 12:29:36"
RECORD_COUNT_AFTER = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","stamp":"2022-02-07 12:29:36"}' -X POST https://localhost:8080/getRecordCount.json"""
RECORD_COUNT_ANSWER = {"records": [{"rid": 34, "device": "d1", "stamp": RECORD_COUNT_STAMP}], "result": "OK"}
GET_MESSAGES = (
    """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/getMsgs.json"""
)
GET_MESSAGES_STAMPS = ("2022-02-07 12:28:35", "2022-02-07 14:00:00")
GET_MESSAGES_ANSWER = {
    "msgs": [
        {"msg": "1", "device": "dev1", "params": {}, "stamp": GET_MESSAGES_STAMPS[0]},
        {"msg": "2", "device": "dev2", "params": {}, "stamp": GET_MESSAGES_STAMPS[1]},
    ],
    "result": "OK",
}
GET_MESSAGES_AFTER = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","stamp":"2022-02-07 12:28:35"}' -X POST https://localhost:8080/getMsgs.json"""
SYNC = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","msg":"sync"}' -X POST https://localhost:8080/addMsgs.json"""
DEVICES_ONLINE = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/getDevicesOnline.json"""
DEVICES_ONLINE_ANSWER = [
    {"device": "user_pc", "meta": "some info"},
    {"device": "d1c", "meta": '{"param":1}'},
    {"device": "d2", "meta": "cam v0.3"},
]
STREAMS = (
    """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/getStreams.json"""
)
STREAMS_ANSWER = [
    {"device": "user_pc", "subproto": "DEFLATE_JSON", "delta": 30000},
    {"device": "camera1", "subproto": "RAW_THEORA", "delta": 400},
]
RECORDS = (30, 32, 33, 34, 40, 42)
DELETE_ONE = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","records":[40]}' -X POST https://localhost:8080/deleteRecords.json"""
RECORDS_WITHOUT_ONE = (30, 32, 33, 34, 42)
DELETE_OLDER = """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE=","records":[-1,34,32]}' -X POST https://localhost:8080/deleteRecords.json"""
RECORDS_WITHOUT_OLDER = (33, 42)
HEART_BIT = (
    """curl --http2 -k -d '{"shash":"ra5PNJRgzrqpwbfw8JvHIkWuxJE="}' -X POST https://localhost:8080/heartBit.json"""
)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    output: bytes
    progress: str

    def json(self) -> Any:
        answered(self.output)
        return json.loads(self.output)


def put_in(printed: str, port: int, shash: str = "", **more: str) -> list[str]:
    """The command's arguments with this host, session and whatever else was another's.

    Without a shell: the ``&`` of a URL, printed without quotes, would end the command there.
    """
    text = printed.replace(HOST, f"localhost:{port}")
    text = text.replace(SESSION, shash).replace(SESSION.replace("=", "%3D"), shash.replace("=", "%3D"))
    for theirs, ours in more.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    return shlex.split(text)


def run(arguments: list[str], folder: Path) -> Ran:
    """Run it in *folder*, where it finds and leaves its files."""
    ended = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=DEADLINE, check=False)
    return Ran(ended.returncode, ended.stdout, ended.stderr.decode())
