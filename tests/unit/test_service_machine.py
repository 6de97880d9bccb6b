"""The services, walked through by chance beside a model of what they must do.

``WEBCAM_WALKS=50`` walks fifty times as often, and elsewhere each time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.audit import Notes
from tests.support.clock import FakeClock
from tests.support.decoder import FakeDecoder
from tests.support.properties import walked
from tests.support.server import at_once
from tests.support.stores import BlockingStore
from tests.unit.service_model import COOLDOWN, AccountModel, Known, Saved, Sent, Stored, Times
from webcam.api.services import Limits
from webcam.assembly import Outside, make_services
from webcam.errors import CoolingDown, MalformedRequest, NoData, NoSuchRecord, NoSuchSession
from webcam.model import KEEP_ALL, SETTING_KINDS, Bounds, Draft, Page, Room
from webcam.ports import RECORD_PART, Store
from webcam.service.sessions import Session
from webcam.storage.thumbnails import ThumbnailFile

HERE = "192.0.2.1"
DEVICES = ("camera", "phone", "laptop")
TARGETS = ("", "", *DEVICES, "stranger")
WATCHER = "watcher"
"""A device that sends nothing, and so may have every broadcast."""

SIZES = st.sampled_from((1, 100, RECORD_PART, RECORD_PART + 1, 2 * RECORD_PART + 5))
SECONDS = st.sampled_from((0.0, 1e-6, 0.5, 30.0, 59.9, 60.0, 200.0, 301.0, 1801.0, 3600.0, 86400.0, 6 * 86400.0))


class Plenty:
    """A disk that is never full."""

    def room(self) -> Room:
        return Room(10**12, 10**12)


class Mute:
    """Brings an upload, and wants to hear nothing of it."""

    def written(self, size: int) -> None:
        """Nothing waits for it."""

    def failed(self, error: Exception) -> None:
        raise error


class ServiceMachine(RuleBasedStateMachine):
    """Every call is finished when it returns; whatever it answers, the model answers the same."""

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = BlockingStore()
        self.model: list[AccountModel] = []
        self.numbers = iter(range(10**9))
        self.clock = FakeClock()
        self.before = self.jumped = 0.0

    @initialize()
    def begin(self) -> None:
        """Two accounts, each with a session."""
        self.start()
        for _ in range(2):
            self.add_account()
        for account in self.model:
            self.log_in(account, "camera")
            self.log_in(account, "phone")

    # The server

    def start(self) -> None:
        """A process, with the wall where it is, and a steady clock that counts from elsewhere."""
        wall = self.clock.wall()
        self.before += self.clock.seconds() - 7
        self.clock = FakeClock()
        self.clock.advance(7)
        self.clock.step = wall - 7
        outside = Outside(
            store=self.store,
            kept=ThumbnailFile(None, at_once),
            disk=Plenty(),
            audit=Notes(),
            clock=self.clock,
            reactor=self.clock,
            offload=at_once,
            decoder=FakeDecoder(),
        )
        self.services, self.retention = make_services(outside, Limits(), Bounds(), COOLDOWN)
        self.run(self.services.timekeeping.load())
        self.run(self.retention.load())
        self.run(self.services.accounts.refresh())
        self.run(self.services.sessions.load())

    @staticmethod
    def run(coroutine: Any) -> Any:
        """Its result; what it raises is raised."""
        results: list[Any] = []
        Deferred.fromCoroutine(coroutine).addBoth(results.append)
        assert results, "it waits for something"
        if hasattr(results[0], "raiseException"):
            results[0].raiseException()
        return results[0]

    @property
    def now(self) -> Times:
        return Times(self.clock.seconds(), self.before + self.clock.seconds(), self.jumped)

    @property
    def sessions(self) -> list[Known]:
        return [each for account in self.model for each in account.sessions]

    # Accounts and sessions

    def add_account(self) -> None:
        """Noticed at once."""
        name = f"user {next(self.numbers)}"
        self.model.append(AccountModel(self.run(self.store.add_account(name, "hash")), name))
        self.run(self.services.accounts.refresh())

    @precondition(lambda self: len(self.model) > 1)
    @rule(data=st.data(), noticed=st.booleans())
    def change_account(self, data: Any, noticed: bool) -> None:
        """It goes and another comes, or it gets another password; its sessions end."""
        account = data.draw(st.sampled_from(self.model))
        if data.draw(st.booleans()):
            self.run(self.store.remove_account(account.name))
            self.model.remove(account)
            self.run(self.services.accounts.refresh())
            self.add_account()
            self.log_in(self.model[-1], "camera")
            return
        self.run(self.store.set_password(account.name, f"hash {next(self.numbers)}"))
        for each in account.sessions:
            each.saved.there = False
        if noticed:
            self.run(self.services.accounts.refresh())
            for each in account.sessions:
                each.alive = False
        else:
            self.restart(clean=False)

    @rule(data=st.data(), device=st.sampled_from(DEVICES))
    def log_in_again(self, data: Any, device: str) -> None:
        self.log_in(data.draw(st.sampled_from(self.model)), device)

    def log_in(self, account: AccountModel, device: str) -> None:
        """Unless the device is cooling down."""
        cooling = account.cooling.get(device, 0.0) > self.now.steady
        try:
            self.services.sessions.check_cooling(account.account_id, device, HERE)
        except CoolingDown:
            assert cooling
            return
        assert not cooling
        token = self.run(self.services.sessions.open(account.account_id, device, "{}", HERE))
        now = self.now
        account.sessions.append(Known(token, account, device, now.steady, Saved(now.true)))

    def session(self, data: Any) -> tuple[Known, Session] | None:
        """Any session, charged for a request, if the model says that it is served."""
        known = data.draw(st.sampled_from(self.sessions))
        served = known.charge(self.now)
        try:
            session = self.services.sessions.charge(known.token)
        except NoSuchSession:
            assert not served
            return None
        assert served
        return known, session

    @rule(data=st.data(), times=st.sampled_from((1, 25, 60)))
    def ask_often(self, data: Any, times: int) -> None:
        """Up to a limit, and over it."""
        known = data.draw(st.sampled_from(self.sessions))
        for _ in range(times):
            served = known.charge(self.now)
            try:
                self.services.sessions.charge(known.token)
            except NoSuchSession:
                assert not served
            else:
                assert served

    # Messages

    @rule(data=st.data(), to=st.lists(st.sampled_from(TARGETS), max_size=3), sync=st.booleans())
    def send(self, data: Any, to: list[str], sync: bool) -> None:
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        account = known.account
        drafts = [Draft(f"m{next(self.numbers)}", target, '{"a":1}') for target in to]
        self.run(self.services.messages.send(session, drafts, sync))
        if sync:
            account.acknowledge(known.device, account.newest if known.given is None else known.given)
        found = sorted(self.written(account, drafts), key=lambda each: each.stamp)
        assert [(each.name, each.target, each.params) for each in found] == [
            (draft.name, draft.target, draft.params) for draft in drafts
        ], found
        for each in found:
            assert each.sender == known.device
            self.stamped(account, each.stamp)
        account.messages += found

    def written(self, account: AccountModel, drafts: list[Draft]) -> list[Sent]:
        """What storage has of these, as those find it whom it is for."""
        found = set()
        for target in {draft.target for draft in drafts}:
            page = Page(account.newest, 1000)
            for each in self.run(self.store.messages(account.account_id, target or WATCHER, page, KEEP_ALL)):
                if any(draft.name == each.name and draft.target == target for draft in drafts):
                    found.add(Sent(each.stamp, each.sender, target, each.name, each.params, self.now.true))
        return list(found)

    def stamped(self, account: AccountModel, stamp: str) -> None:
        """Later than everything before, and than every cursor that was given out."""
        assert stamp > account.newest, (stamp, account.newest)
        assert stamp > account.cursor, (stamp, account.cursor)
        account.newest = stamp

    @rule(data=st.data(), limit=st.sampled_from((1, 2, 5, 1000)), take=st.booleans(), all_of_them=st.booleans())
    def get(self, data: Any, limit: int, take: bool, all_of_them: bool) -> None:
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        account = known.account
        after = data.draw(st.sampled_from(["", account.newest])) if all_of_them else None
        reading = self.services.messages.take if take else self.services.messages.get
        page = self.run(reading(session, Page(after, limit)))
        found = [(each.stamp, each.sender, each.name, each.params) for each in page]
        known.asks(self.now)
        wanted = [
            (each.stamp, each.sender, each.name, each.params)
            for each in account.page(known.device, after, self.now)
            if each.stamp not in account.unsure(self.now) or each.stamp in {stamp for stamp, *_ in found}
        ]
        assert found == wanted[:limit], (found, wanted)
        known.was_given(found[-1][0] if found else "")
        if take and found:
            account.acknowledge(known.device, found[-1][0])

    @rule(data=st.data())
    def server_time(self, data: Any) -> None:
        """A cursor: what is there is not later, what comes is."""
        account = data.draw(st.sampled_from(self.model))
        stamp = self.run(self.services.timekeeping.server_time(account.account_id))
        assert stamp >= account.newest
        account.cursor = max(account.cursor, stamp)

    # Records

    @rule(data=st.data(), size=SIZES)
    def add_record(self, data: Any, size: int) -> None:
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        number = next(self.numbers)
        whole = (number.to_bytes(4, "big") * (size // 4 + 1))[:size]
        if size > RECORD_PART:
            upload = self.services.records.begin(session, f"meta {number}", Mute())
            for start in range(0, size, 100_000):
                upload.take(whole[start : start + 100_000])
            record_id = self.run(self.services.records.end(upload))
        else:
            record_id = self.run(self.services.records.add(session, f"meta {number}", [whole[:50], whole[50:]]))
        record = self.run(self.store.record(known.account.account_id, record_id, KEEP_ALL))
        self.stamped(known.account, record.stamp)
        assert all(record_id > each for account in self.model for each in account.records), "an id is used once"
        known.account.records[record_id] = Stored(record.stamp, self.now.true, known.device, f"meta {number}", whole)

    @rule(data=st.data())
    def fetch(self, data: Any) -> None:
        """Any record of any account; what isn't the session's account's, or is expired, isn't there."""
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        record_id = data.draw(self.record_ids())
        stored = known.account.kept(self.now).get(record_id)
        try:
            record, size = self.run(self.services.records.with_data(session, record_id))
        except (NoSuchRecord, NoData):
            assert stored is None or stored.stamp in known.account.unsure(self.now)
            return
        assert stored is not None
        parts = [self.run(self.services.records.part(record, each)) for each in range(-(-size // RECORD_PART))]
        assert (record.stamp, record.device, record.meta) == (stored.stamp, stored.device, stored.meta)
        assert b"".join(parts) == stored.data

    @rule(data=st.data(), older=st.booleans())
    def delete(self, data: Any, older: bool) -> None:
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        record_ids = data.draw(st.lists(self.record_ids(), min_size=1, max_size=3))
        strange = any(
            each in other.records for other in self.model if other is not known.account for each in record_ids
        )
        try:
            self.run(self.services.records.delete(session, record_ids, older))
        except NoSuchRecord:
            assert strange
            return
        assert not strange
        known.account.delete(record_ids, older)

    def record_ids(self) -> Any:
        """Of all accounts, and one that was never there."""
        return st.sampled_from([10**9, *(each for account in self.model for each in account.records)])

    # Settings and time

    @rule(data=st.data(), kinds=st.sets(st.sampled_from(sorted(SETTING_KINDS)), min_size=1), spoiled=st.booleans())
    def change_settings(self, data: Any, kinds: set[int], spoiled: bool) -> None:
        asked = self.session(data)
        if asked is None:
            return
        known, session = asked
        bounds = [SETTING_KINDS[kind] for kind in sorted(kinds)]
        chosen = {each.kind: data.draw(st.sampled_from((each.minimum, each.default, each.maximum))) for each in bounds}
        if spoiled:
            chosen[bounds[-1].kind] = bounds[-1].maximum + 1
        try:
            self.run(self.services.settings.change(session.account_id, chosen))
        except MalformedRequest:
            assert spoiled
            return
        assert not spoiled
        for each in known.account.sessions:
            each.refill(self.now)
        known.account.settings.update(chosen)
        for each in known.account.sessions:
            each.refill(self.now)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=SECONDS, back=st.booleans())
    def step_the_clock(self, seconds: float, back: bool) -> None:
        self.clock.step += -seconds if back else seconds
        self.jumped += seconds

    @rule()
    def tick(self) -> None:
        """What is done every 2 s."""
        self.run(self.services.timekeeping.look())
        self.run(self.services.accounts.refresh())
        self.run(self.services.sessions.sweep())
        for each in self.sessions:
            each.alive = each.alive and not each.silent(self.now)
            each.flush(self.now)

    @rule()
    def sweep(self) -> None:
        """What is done every minute."""
        self.run(self.services.timekeeping.look())
        self.run(self.retention.sweep())
        for account in self.model:
            account.sweep(self.now)

    @rule(clean=st.booleans())
    def restart(self, clean: bool) -> None:
        """Told to, or killed a moment after it saved how long it has run."""
        self.run(self.services.timekeeping.save())
        if clean:
            self.run(self.services.sessions.flush())
            for each in self.sessions:
                each.flush(self.now)
        self.start()
        for account in self.model:
            account.cooling.clear()
        for each in self.sessions:
            each.restart(self.now)

    # What always holds

    @invariant()
    def who_is_there(self) -> None:
        """The devices that are online are those with a session that lives."""
        for account in self.model:
            living = {each.device for each in account.sessions if each.alive and not each.silent(self.now)}
            online = [each.device for each in self.services.sessions.online(account.account_id)]
            assert online == sorted(living), (online, living)

    @invariant()
    def what_is_there(self) -> None:
        """Settings, and records, in order; each message for whom it is."""
        for account in self.model:
            assert self.services.settings.of(account.account_id) == account.settings
            expiry, unsure = self.services.records._ages.expiry(account.account_id), account.unsure(self.now)
            listed = self.run(self.store.records(account.account_id, Page("", 1000), expiry))
            possible = account.kept(self.now)
            there = {each.record_id for each in listed}
            assert there <= set(possible)
            assert {possible[each].stamp for each in possible if each not in there} <= unsure
            assert all(earlier.stamp < later.stamp for earlier, later in pairwise(listed))
            for device in (*DEVICES, "stranger"):
                page = self.run(self.store.messages(account.account_id, device, Page(None, 1000), expiry))
                stamps = {each.stamp for each in page}
                wanted = [
                    each.name
                    for each in account.page(device, None, self.now)
                    if each.stamp not in unsure or each.stamp in stamps
                ]
                assert [each.name for each in page] == wanted, (device, page, wanted)


class MachineTests(SynchronousTestCase):
    def test_walk(self) -> None:
        run_state_machine_as_test(ServiceMachine, settings=walked(33))
