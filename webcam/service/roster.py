"""The sessions that live, by token and by account and device; and by them, which devices are online."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from webcam.model import Presence
from webcam.service.session import Session


class Roster:
    """Who is in it is *alive* as long as its time isn't over: until it is taken out, it is in all lists but those of
    who is online."""

    def __init__(self, alive: Callable[[Session], bool]) -> None:
        self._alive = alive
        self._by_digest: dict[str, Session] = {}
        self._by_account: dict[int, dict[str, list[Session]]] = {}

    def add(self, session: Session) -> None:
        """It lives from now on."""
        self._by_digest[session.digest] = session
        self._by_account.setdefault(session.account_id, {}).setdefault(session.device, []).append(session)

    def remove(self, session: Session) -> bool:
        """It is over; whether it was the last one of a device."""
        del self._by_digest[session.digest]
        devices = self._by_account[session.account_id]
        others = devices[session.device]
        others.remove(session)
        if not others:
            del devices[session.device]
        if not devices:
            del self._by_account[session.account_id]
        return session.is_device and not any(each.is_device for each in others)

    def find(self, digest: str) -> Session | None:
        """By its token's digest."""
        return self._by_digest.get(digest)

    def all(self) -> list[Session]:
        """Of every account."""
        return list(self._by_digest.values())

    def of(self, account_id: int) -> list[Session]:
        """The account's."""
        return [session for sessions in self._by_account.get(account_id, {}).values() for session in sessions]

    def online(self, account_id: int) -> Iterator[Presence]:
        """Yield the account's devices that are online, by name; one with several sessions shows its newest.

        Who takes its time is given those that are online by then, of the devices that were there at first.
        """
        for device in sorted(self._by_account.get(account_id, ())):
            presence = self.presence(account_id, device)
            if presence is not None:
                yield presence

    def presence(self, account_id: int, device: str) -> Presence | None:
        """``None`` when it isn't online."""
        sessions = self._by_account.get(account_id, {}).get(device, ())
        alive = [each for each in sessions if each.is_device and self._alive(each)]
        return Presence(device, max(alive, key=lambda each: each.order).meta) if alive else None
