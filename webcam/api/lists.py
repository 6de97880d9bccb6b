"""Answers that are lists, as long as they may be: encoded and sent a piece at a time, at the pace of the client.

A list that is encoded in one go keeps everybody else waiting, and one that waits whole for its client is memory that
the client doesn't pay for: answers of a connection that pass its bound cut it off.
"""

from __future__ import annotations

from webcam.api.turns import next_turn
from webcam.http.body import BodySender
from webcam.http.request import Request
from webcam.wire.listtext import ListText


async def answer_list(request: Request, text: ListText) -> bytes | None:
    """Return the answer if one turn makes all of it; otherwise send it, a piece in each turn, and return ``None``."""
    piece = text.next_piece()
    if text.over:
        return piece
    if request.gone:
        return None
    request.setHeader(b"content-type", b"application/json")
    request.start()
    request.write(piece)
    if await BodySender(request).send(_Turns(request, text)):
        request.finish()
    else:
        request.abort()
    return None


class _Turns:
    """The rest of a list, a piece in each turn. See :class:`webcam.http.body.Source`."""

    def __init__(self, request: Request, text: ListText) -> None:
        self._place = request.place_in_rounds()
        self._text = text

    @property
    def left(self) -> int:
        return not self._text.over

    async def read(self) -> bytes:
        await next_turn(self._place)
        return self._text.next_piece()

    def forget(self) -> None:
        """No more than a piece was made."""
