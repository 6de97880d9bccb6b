"""A place for one more session of an account: whom quotas refuse, and who has to end for it. It is only decided here.

Devices of the field log in again and again and never out, so too many sessions refuse nobody: those that are silent for
longest end. Too many devices are refused, since each of them is there. Sessions of a secret make room for each other
alone: whoever stole it ends nobody else's by opening thousands.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from webcam.errors import QuotaExceeded
from webcam.model import QUOTA_DEVICES, QUOTA_SESSIONS
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session

PER_SECRET = 100
"""Sessions that one secret may have open."""


def check_place(new: Session, devices: Collection[str], sessions: Sequence[Session], quotas: AccountQuotas) -> None:
    """Raises :class:`QuotaExceeded` when there is none for *new*; *devices* of the account are online."""
    bound = quotas.of(new.account_id, QUOTA_DEVICES)
    if bound is not None and new.is_device and new.device not in devices and len(devices) >= bound:
        raise QuotaExceeded(f"more than {bound} devices online")
    if new.secret is not None and _excess(new, sessions, quotas) > len(_candidates(new, sessions)):
        raise QuotaExceeded("more sessions than an account may have")


def surplus(new: Session, sessions: Sequence[Session], quotas: AccountQuotas) -> list[Session]:
    """Those of the account's *sessions* that have to end for *new*."""
    excess = _excess(new, sessions, quotas)
    if excess <= 0:
        return []
    return sorted(_candidates(new, sessions), key=lambda each: (each.streams > 0, each.active))[:excess]


def _excess(new: Session, sessions: Sequence[Session], quotas: AccountQuotas) -> int:
    bound = quotas.of(new.account_id, QUOTA_SESSIONS)
    excess = 0 if bound is None else len(sessions) + 1 - bound
    if new.secret is not None:
        excess = max(excess, len(_candidates(new, sessions)) + 1 - PER_SECRET)
    return excess


def _candidates(new: Session, sessions: Sequence[Session]) -> list[Session]:
    if new.secret is None:
        return list(sessions)
    return [each for each in sessions if each.secret == new.secret]
