"""Records: acknowledged ones are there byte for byte, refused ones are not, deleted ones stay deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.crash.history import Event
from tests.crash.operations import Delete, Fetch, Upload
from tests.crash.problems import Look, Problem
from tests.crash.stamps import Stamped


@dataclass(frozen=True)
class Kept:
    """A record that is there."""

    stamp: str
    record_id: int
    upload: Upload
    device: str


class Records:
    """The account's records. ``pruned``: retention may take the oldest ones at any time."""

    def __init__(self, pruned: bool = False) -> None:
        self.kept: dict[int, Kept] = {}
        self._pruned = pruned
        self._deleted: set[int] = set()

    def of(self, device: str) -> dict[int, Upload]:
        """The device's records, by id."""
        return {each.record_id: each.upload for each in self.kept.values() if each.device == device}

    def learn(self, events: Sequence[Event], look: Look) -> tuple[list[Stamped], list[Problem]]:
        """Of one life: the records that it stored, and what is wrong. Looks at the bytes of new ones."""
        listed = {entry["rid"]: entry for entry in look.records()}
        problems = [*self._gone(events, listed)]
        uploads = {each.operation.tag: each for each in events if isinstance(each.operation, Upload)}
        found: dict[str, Kept] = {}
        for record_id, entry in listed.items():
            if record_id not in self.kept:
                problems += self._new(record_id, entry, look, uploads, found)
        problems += self._whole(uploads, found)
        self.kept.update({each.record_id: each for each in found.values()})
        places = [(uploads[tag], each) for tag, each in found.items()]
        return [Stamped(each.stamp, each.upload.tag, event.asked, event.over) for event, each in places], problems

    def _new(
        self, record_id: int, entry: dict[str, Any], look: Look, uploads: dict[str, Event], found: dict[str, Kept]
    ) -> Iterator[Problem]:
        tag = look.meta(record_id) or ""
        event = uploads.get(tag)
        if record_id in self._deleted:
            yield Problem(f"record {record_id} was deleted and is there again", (str(record_id),))
        elif event is None or not isinstance(event.operation, Upload):
            yield Problem(f"record {record_id}, {tag!r}, was not sent in this life", (tag,))
        elif tag in found:
            yield Problem(f"{tag} is there twice, as {found[tag].record_id} and as {record_id}", (tag,))
        else:
            found[tag] = Kept(entry["stamp"], record_id, event.operation, event.device)
            if entry["device"] != event.device or look.data(record_id) != event.operation.bytes():
                yield Problem(f"record {record_id}, {tag}, is not what was sent", (tag,))

    def _whole(self, uploads: dict[str, Event], found: dict[str, Kept]) -> Iterator[Problem]:
        newest = max((each.stamp for each in found.values()), default="")
        for tag, event in uploads.items():
            if event.good and tag not in found and not (self._pruned and newest):
                yield Problem(f"acknowledged and lost: {tag}", (tag,))
            if event.refused and tag in found:
                yield Problem(f"refused and kept: {tag}", (tag,))

    # What was deleted

    def _gone(self, events: Sequence[Event], listed: Collection[int]) -> Iterator[Problem]:
        """Deletions are done as answered; one without an answer wholly or not at all."""
        deletions = [event for event in events if isinstance(event.operation, Delete) and not event.refused]
        done = self._named(each for each in deletions if each.good)
        gone = {each for each in self.kept if each not in listed}
        for record_id in sorted(done & set(listed)):
            yield Problem(f"record {record_id} was deleted and is there", (str(record_id),))
        left = gone - done
        yield from self._fetched(events, self._named(deletions))
        ways = [self._named([each]) - done for each in deletions if each.open]
        if not any(left == set().union(*some) for size in range(len(ways) + 1) for some in combinations(ways, size)):
            yield from self._lost(left, set().union(*ways), listed)
        self._deleted |= gone
        for record_id in gone:
            del self.kept[record_id]

    def _fetched(self, events: Sequence[Event], deleted: set[int]) -> Iterator[Problem]:
        """The bytes are right, or the record was deleted meanwhile."""
        for event in events:
            if isinstance(event.operation, Fetch):
                gone = event.refused and not event.failed
                wrong = event.good and not (event.answer or {})["same"]
                if wrong or (gone and not self._pruned and event.operation.record_id not in deleted):
                    yield Problem(f"record {event.operation.record_id} came as {event.answer}", (event.device,))

    def _lost(self, left: set[int], half_done: set[int], listed: Collection[int]) -> Iterator[Problem]:
        """What is gone though no deletion, done or not done, says so."""
        oldest = min((self.kept[each].stamp for each in self.kept if each in listed), default="9999")
        for record_id in sorted(left):
            if self._pruned and self.kept[record_id].stamp < oldest:
                continue
            kind = "was deleted by half" if record_id in half_done else "is lost"
            about = (str(record_id), self.kept[record_id].upload.tag)
            yield Problem(f"record {record_id}, {self.kept[record_id].upload.tag}, {kind}", about)

    def _named(self, deletions: Any) -> set[int]:
        """All that these delete, of what was kept before this life."""
        named: set[int] = set()
        for event in deletions:
            wanted = [self.kept[each] for each in event.operation.record_ids if each in self.kept]
            named.update(each.record_id for each in wanted)
            if event.operation.older and wanted:
                oldest = min(each.stamp for each in wanted)
                named.update(each.record_id for each in self.kept.values() if each.stamp < oldest)
        return named

    # Later

    def look_again(self, look: Look, some: Collection[int]) -> Iterator[Problem]:
        """At the bytes of *some* that were there before, and at whether some of the deleted can still be had."""
        for record_id in some:
            if record_id in self.kept and look.data(record_id) != self.kept[record_id].upload.bytes():
                yield Problem(f"record {record_id} is not what it was", (self.kept[record_id].upload.tag,))
        for record_id in sorted(self._deleted)[-5:]:
            if look.data(record_id) is not None:
                yield Problem(f"the data of record {record_id} can be had, though it was deleted", (str(record_id),))
