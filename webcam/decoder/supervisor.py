"""Starts the decoder when there is a picture, and another one when that ended; ends it when there is none for long."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet import defer
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

ENDING = 5.0
"""Seconds that the server's end waits for a child that it has killed."""

DEATHS = 2
"""Children that one picture may end: the kernel, or an operator, may have ended one of them for another reason."""

_PYTHON = (sys.executable, str(Path(__file__).resolve().with_name("__main__.py")))
_log = Logger(namespace="webcam")


def memory_for(usable: int) -> int:
    """Return the bytes that the decoder may take where so many may be used in all."""
    return min(usable // 4, MOST_MEMORY)


def _environment() -> dict[str, str]:
    """Return the child's environment: modules are found where the server finds them, and freed blocks go back to the
    system (mallopt(3)), so that what a picture took is there for the next one."""
    path = os.pathsep.join(str(Path(each).absolute()) for each in sys.path if each)
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
        self._resting: set[Child] = set()
        """Those that end, because there was no picture for long."""
        self._idle: Any = None
        self._rests_until = 0.0
        self._is_closed = False

    async def thumbnail(self, size: int, parts: Parts) -> bytes:
        """Return the JPEG of a picture of *size* bytes; empty when there can be none. One at a time.

        If a child that has decoded nothing before runs out of memory, the picture needs too much. If an older child
        does, whose memory may be fragmented, a fresh one tries once more. So does another one when a child dies, but
        for the second that does.

        Raises :class:`DecoderFail` when no child can be had, and what *parts* raises.
        """
        self._stay()
        jpeg = await self._tried(size, parts)
        if self._child is not None:
            self._idle = self._reactor.callLater(IDLE, self._rest)
        return jpeg

    async def close(self) -> None:
        """End the child, for good."""
        self._is_closed = True
        self._stay()
        children = [*self._resting, *([] if self._child is None else [self._child])]
        for child in children:
            child.kill()
        for child in children:
            try:
                await defer.Deferred.fromCoroutine(child.ended()).addTimeout(ENDING, self._reactor)
            except defer.TimeoutError:
                _log.warn("the decoder of thumbnails doesn't end")

    async def _tried(self, size: int, parts: Parts) -> bytes:
        deaths = 0
        while deaths < DEATHS:
            child = self._child or await self._start()
            is_fresh = child.is_fresh
            answer = await self._ask(child, size, parts)
            if answer is None:
                deaths += 1
            elif is_fresh or answer.outcome is not Outcome.MEMORY:
                return answer.jpeg
        return b""

    async def _ask(self, child: Child, size: int, parts: Parts) -> Answer | None:
        """Ask a child, and end it unless it can be asked again; return ``None`` when it died."""
        try:
            answer = await child.ask(size, parts)
        except Ended as ended:
            if self._is_closed:
                raise DecoderFail("the server ends") from ended
            _log.warn("a picture ended the decoder of thumbnails: {reason}", reason=str(ended))
            return None
        except Exception:
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
            if self._is_closed:
                raise DecoderFail("the server ends") from error
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
            self._resting.add(self._child)
            self._child.end()
            self._child = None

    async def _end(self) -> None:
        if self._child is not None:
            child = self._child
            child.kill()
            await child.ended()

    def _ended(self, child: Child) -> None:
        self._resting.discard(child)
        if self._child is child:
            self._child = None
            self._stay()
