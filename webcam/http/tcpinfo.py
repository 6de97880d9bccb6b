"""What the system knows of a TCP connection: whether its peer still acknowledges what was sent.

Linux's ``struct tcp_info`` (include/uapi/linux/tcp.h), whose first fields have kept their places since Linux 2.6::

    offset 2   __u8   tcpi_retransmits    in a row, unanswered
    offset 3   __u8   tcpi_probes         of a shut window, unanswered
    offset 56  __u32  tcpi_last_ack_recv  milliseconds ago
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, NamedTuple

_FIELDS = struct.Struct("=2xBB52xI")


class Reading(NamedTuple):
    """``tries``: how often in a row the system has sent something that the peer's system has to acknowledge, and did
    not: the oldest bytes again, or a probe whether its window has opened. ``silent``: seconds since it acknowledged
    anything."""

    tries: int
    silent: float


def read(transport: Any) -> Reading | None:
    """Of a TCP transport, or of TLS on one; ``None`` where the platform doesn't tell."""
    if sys.platform != "linux":
        return None
    try:
        told = transport.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _FIELDS.size)
        retransmits, probes, silent = _FIELDS.unpack(told)
    except (AttributeError, OSError, struct.error):
        return None  # no socket (any more), or none of TCP
    return Reading(max(retransmits, probes), silent / 1000)
