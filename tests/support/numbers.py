"""Numbers that are hard on whoever reads them."""

from __future__ import annotations

import struct

LIKE_HALF_A_PAIR = repr(struct.unpack("<d", b"\0\0\xed\xa0\xed\xa0\xed\x3f")[0])
"""One that lies in memory as half of a surrogate pair would in UTF-8: ``marshal`` of it seems to hold one."""
