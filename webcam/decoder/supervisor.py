"""Starts the decoder when there is a picture, and another one when that ended; ends it when there is none for long."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.logger import Logger

from webcam.decoder.child import Child, Ended, Parts
from webcam.decoder.messages import Answer, Outcome
from webcam.errors import DecoderFail

MOST_MEMORY = 256 * 1024 * 1024
"""Bytes of memory that the decoder may take; at most a quarter of what there is (:mod:`webcam.memory`)."""

IDLE = 300.0
"""Seconds without a picture after which the decoder is ended: it takes 20 MB."""

REST = 60.0
"""Seconds for which none is started after one didn't start."""

VERSION = 1
"""Of what the decoder does: one more when it makes thumbnails of pictures of which it made none."""

_PYTHON = (sys.executable, "-m", "webcam.decoder")
_log = Logger(namespace="webcam")


def memory_for(usable: int) -> int:
    """Return the bytes that the decoder may take where so many may be used in all."""
    return min(usable // 4, MOST_MEMORY)


def _environment() -> dict[str, str]:
    """Return the child's environment: modules are found where the server finds them, and freed blocks go back to the
    system (mallopt(3)), so that what a picture took is there for the next one."""
    path = os.pathsep.join(each for each in sys.path if each)
    return {**os.environ, "PYTHONPATH": path, "MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "1048576"}


class Decoder:
    """Decodes one picture at a time, in a child process that takes no more than *memory* bytes.

    The child begins with the first picture, and ends :data:`IDLE` seconds after the last one, or by :meth:`close`.
    *command* is the program, which gets *memory* as its last argument.
    """

    def __init__(self, reactor: Any, memory: int, command: tuple[str, ...] = _PYTHON) -> None:
        self.number = VERSION << 16 | memory >> 20
        """Stands for this version with so much memory."""
        self._reactor = reactor
        self._command = (*command, str(memory))
        self._child: Child | None = None
        self._idle: Any = None
        self._rests_until = 0.0
        self._is_closed = False

    async def thumbnail(self, size: int, parts: Parts) -> bytes:
        """Return the JPEG of a picture of *size* bytes; empty when there can be none.

        A child that has decoded nothing before, and answers that memory is short or dies, is short of it for this
        picture alone: another one would fare alike. After an older child one more tries.

        Raises :class:`DecoderFail` when no child can be had, and what *parts* raises.
        """
        self._stay()
        while True:
            child = self._child or await self._start()
            is_last = child.is_fresh
            answer = await self._ask(child, size, parts)
            if is_last or answer.outcome is not Outcome.MEMORY:
                break
        if self._child is not None:
            self._idle = self._reactor.callLater(IDLE, self._rest)
        return answer.jpeg

    async def close(self) -> None:
        """End the child, for good."""
        self._is_closed = True
        self._stay()
        await self._end()

    async def _ask(self, child: Child, size: int, parts: Parts) -> Answer:
        """Ask a child, and end it unless it can be asked again."""
        try:
            answer = await child.ask(size, parts)
        except Ended as ended:
            if self._is_closed:
                raise DecoderFail("the server ends") from ended
            _log.warn("a picture ended the decoder of thumbnails: {reason}", reason=str(ended))
            return Answer(Outcome.MEMORY)
        except BaseException:
            await self._end()  # it waits for the rest of the picture
            raise
        if answer.outcome is Outcome.MEMORY:
            await self._end()  # what it has left may be in pieces
        return answer

    async def _start(self) -> Child:
        """Raises :class:`DecoderFail`."""
        if self._is_closed:
            raise DecoderFail("the server ends")
        if self._reactor.seconds() < self._rests_until:
            raise DecoderFail("the decoder of thumbnails didn't start")
        self._child = child = Child(self._reactor, self._ended)
        try:
            self._reactor.spawnProcess(child, self._command[0], self._command, env=_environment())
            await child.ready()
        except (Ended, OSError) as error:
            self._child = None
            self._rests_until = self._reactor.seconds() + REST
            _log.warn(
                "the decoder of thumbnails doesn't start: {reason}; there are none for {rest:.0f} s",
                reason=str(error),
                rest=REST,
            )
            raise DecoderFail("the decoder of thumbnails doesn't start") from error
        return child

    def _stay(self) -> None:
        """There is work: the child isn't idle."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _rest(self) -> None:
        self._idle = None
        if self._child is not None:
            self._child.end()
            self._child = None

    async def _end(self) -> None:
        if self._child is not None:
            child = self._child
            child.kill()
            await child.ended()

    def _ended(self, child: Child) -> None:
        if self._child is child:
            self._child = None
            self._stay()
