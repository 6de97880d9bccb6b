"""What the contract tests share: values, and the shape that every suite has."""

from __future__ import annotations

from typing import Any

from tests.support.clock import EPOCH, moment_of
from webcam.calendar import micros
from webcam.model import KEEP_ALL, Draft, Moment, Page, SavedSession, stamp_of
from webcam.ports import Store

ALL = Page("", 1000)
UNREAD = Page(None, 1000)

TEXTS = (
    "a",
    " spaces at both ends ",
    "U+0000 inside: \x00, and after it",
    "\x00",
    "controls \x01\x1f\x7f\x80\x9f\r\n\t",
    "quotes ' \" ; -- %s ? :account \\",
    "Zażółć gęślą jaźń",
    "中文 العربية हिन्दी",
    "e\u0301 is not \xe9",
    "last of the plane \uffff, beyond it \U0001f4f7\U0010ffff",
    "12",
    "1e5",
)
"""Texts that a store could damage; in an order in which none follows from another."""


def at(seconds: float) -> str:
    """A stamp so many seconds after the tests' epoch."""
    return stamp_of(EPOCH + seconds)


def running(seconds: float) -> int:
    """The running time of :func:`at`."""
    return micros(EPOCH + seconds)


def when(seconds: float) -> Moment:
    """The moment of :func:`at`."""
    return moment_of(at(seconds))


def draft(name: str, target: str = "", params: str = "{}") -> Draft:
    return Draft(name, target, params)


def saved(digest: str, account_id: int, **changes: Any) -> SavedSession:
    values: dict[str, Any] = {
        "device": "camera",
        "meta": "{}",
        "address": "192.0.2.1",
        "active": running(0),
        "requests": 0,
        "given": None,
    }
    return SavedSession(digest=digest, account_id=account_id, **{**values, **changes})


class Contract:
    """A suite of the contract: a trial case mixes it in and gives ``store``, empty at first."""

    store: Store

    async def account(self, name: str = "user") -> int:
        return await self.store.add_account(name, f"hash of {name}")

    async def refused(self, failure: type[Exception], coroutine: Any) -> None:
        """*coroutine* raises *failure*."""
        try:
            result = await coroutine
        except failure:
            return
        raise AssertionError(f"{failure.__name__} was not raised; the answer was {result!r}")

    async def unread(self, account_id: int, device: str) -> list[str]:
        """Names of the messages behind the device's sync mark."""
        return [each.name for each in await self.store.messages(account_id, device, UNREAD, KEEP_ALL)]
