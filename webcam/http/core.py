"""Parts of h2 that are replaced: what it refuses and need not, what it lets pass and must not."""

from __future__ import annotations

import struct

import h2.errors
import h2.exceptions
import h2.frame_buffer
import h2.settings
import h2.stream
from hyperframe.frame import Frame, HeadersFrame, SettingsFrame

from webcam.http.limits import FIELD_BYTES

PADDED, PRIORITY = 0x8, 0x20

_ACK = 0x1
_SETTING = struct.Struct(">HL")
_KNOWN = tuple(map(int, h2.settings.SettingCodes))


class Flood(h2.exceptions.ProtocolError):
    """The peer sends more frames that carry nothing than it may."""

    error_code = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


class Core(h2.stream.H2Stream):
    """A stream as h2 keeps it; whether a body has its declared length is the channel's to judge.

    A live upload of the field's clients ends short of the length that it declared; h2 would answer with GOAWAY.
    """

    def _track_content_length(self, length: int, end_stream: bool) -> None:
        """In place of h2's check."""


class Frames(h2.frame_buffer.FrameBuffer):
    """h2 takes a payload of an acknowledgement for bad data; it is a bad size (RFC 9113, 6.5). Of a block in pieces it
    takes up to 1 MiB."""

    block_bytes = 0
    """Of the block that has begun and not ended."""

    def _validate_frame_length(self, length: int) -> None:
        super()._validate_frame_length(length)
        if length and self._data[3] == SettingsFrame.type and self._data[4] & 1:
            raise h2.exceptions.FrameDataMissingError("an acknowledgement with a payload")

    @property
    def block(self) -> int | None:
        """The stream of the block that has begun and not ended."""
        return self._headers_buffer[0].stream_id if self._headers_buffer else None

    def _update_header_buffer(self, f: Frame | None) -> Frame | None:
        whole = super()._update_header_buffer(f)
        if self._headers_buffer:
            self.block_bytes += len(self._headers_buffer[-1].data)
            size = self.block_bytes
        else:
            self.block_bytes = 0
            size = len(whole.data) if isinstance(whole, HeadersFrame) else 0
        if size > FIELD_BYTES:
            raise h2.exceptions.DenialOfServiceError("too large a block")
        return whole


class Settings(h2.settings.Settings):
    """What is announced of streams, :data:`webcam.http.limits.STREAMS`, is not what h2 ends the connection for."""

    @property
    def max_concurrent_streams(self) -> int:
        return 2**31

    @max_concurrent_streams.setter
    def max_concurrent_streams(self, value: int) -> None:
        raise AttributeError("announced once")


def without_padding(frame: bytes) -> bytes:
    """HEADERS, whose padding may be all that they hold (RFC 9113, 6.2); hyperframe wants a byte more."""
    least = 15 if frame[4] & PRIORITY else 10
    if len(frame) < least:
        raise h2.exceptions.FrameDataMissingError("no room for what its flags announce")
    end = len(frame) - frame[9]
    if end < least:
        raise h2.exceptions.ProtocolError("more padding than frame")
    return (end - 10).to_bytes(3, "big") + frame[3:4] + bytes((frame[4] & ~PADDED,)) + frame[5:9] + frame[10:end]


def known_settings(frame: bytes) -> bytes:
    """SETTINGS without what nobody knows (RFC 9113, 6.5.2): h2 keeps it, 700 bytes for each of 65,536 settings.

    Of one that is given twice the last value stays, as with h2.
    """
    if len(frame) % 6 != 3 or frame[4] & _ACK:
        return frame  # what is wrong with it is told as ever
    given = dict(_SETTING.iter_unpack(frame[9:]))
    known = b"".join(_SETTING.pack(each, given[each]) for each in given if each in _KNOWN)
    return len(known).to_bytes(3, "big") + frame[3:9] + known
