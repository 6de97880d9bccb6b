"""Endpoint: a record as pictures, videos and links of a page ask for it."""

from __future__ import annotations

import re

from webcam.api.guard import Call
from webcam.api.pictures import STATUSES as OF_PICTURES
from webcam.api.records import FOREVER, Headers, send_record
from webcam.errors import ReplyCode
from webcam.model import Record
from webcam.wire import fields
from webcam.wire.sniff import UNKNOWN

STATUSES = {**OF_PICTURES, ReplyCode.NO_SUCH_RECORD: 404}
"""What shows a record goes by the status."""

_NAME = 60
"""Characters of a device's name in the name of a file."""

_ENDINGS = {
    "application/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    UNKNOWN: "bin",
}
_STRANGE = re.compile(r"[^A-Za-z0-9-]+")


async def record(call: Call) -> None:
    """The bytes of a record; with ``download`` for a file instead of a page."""
    download = call.params.integer(fields.DOWNLOAD, highest=1)

    def headers(found: Record, content_type: str) -> Headers:
        more: Headers = {"cache-control": FOREVER, "cross-origin-resource-policy": "same-origin"}
        if download:
            more["content-disposition"] = f'attachment; filename="{file_name(found, content_type)}"'
        return more

    await send_record(call, headers)


def file_name(found: Record, content_type: str) -> str:
    """A name that every system takes: device, time and id, without letters that mean something to any of them."""
    device = _STRANGE.sub("_", found.device[:_NAME]).strip("_-") or "record"
    time = "".join(filter(str.isdigit, found.stamp))[:14]
    ending = _ENDINGS.get(content_type) or content_type.partition("/")[2]
    return f"{device}-{time[:8]}-{time[8:]}-{found.record_id}.{ending}"
