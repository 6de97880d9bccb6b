"""The crash tester's model finds what it is there to find: each kind of fault, in a history with nothing else wrong."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.crash.history import Event, History, about
from tests.crash.model import Model
from tests.crash.operations import AskTime, Configure, Delete, Fetch, Get, LogIn, Note, Operation, Send, Upload

CAMERA, PHONE = "device-0", "device-1"
OK = {"result": "OK"}


def stamp(number: int) -> str:
    return f"2023-11-14 22:13:{number:02d}.000000"


class Account:
    """What a right server would hold; see :class:`tests.crash.problems.Look`. Tests change it."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str, Note]] = []
        self.uploads: dict[int, tuple[str, str, Upload]] = {}
        self.changed = {5: 125.0, 6: 30.0}
        self.dead: set[str] = set()

    def messages(self, device: str, after: str) -> list[dict[str, Any]]:
        return [
            entry(at, sender, note)
            for at, sender, note in sorted(self.notes, key=lambda each: each[0])
            if at > after and (note.target == device or (not note.target and sender != device))
        ]

    def records(self) -> list[dict[str, Any]]:
        found = [{"rid": key, "device": device, "stamp": at} for key, (at, device, _) in self.uploads.items()]
        return sorted(found, key=lambda each: str(each["stamp"]))

    def meta(self, record_id: int) -> str | None:
        return self.uploads[record_id][2].tag if record_id in self.uploads else None

    def data(self, record_id: int) -> bytes | None:
        return self.uploads[record_id][2].bytes() if record_id in self.uploads else None

    def settings(self) -> dict[int, float]:
        return {1: 30.0, **self.changed}

    def lives(self, token: str) -> bool:
        return token not in self.dead


def entry(at: str, sender: str, note: Note) -> dict[str, Any]:
    return {"stamp": at, "msg": note.name, "device": sender, "params": note.params}


class ModelCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.account = Account()
        self.history = History()
        self.model = Model([CAMERA, PHONE])
        self.model.begin(self.account)
        self.clock = 0

    # What happens

    def ask(self, device: str, operation: Operation, answer: dict[str, Any] | None = None, session: int = 1) -> Event:
        """A question with its answer; ``None``: none came."""
        event = self.history.ask(device, session, operation)
        if answer is not None:
            self.history.answered(event, 200, answer)
        return event

    def send(self, *names: str, target: str = "", answer: dict[str, Any] | None = OK, stored: bool = True) -> None:
        """By the camera."""
        notes = [Note(name, target) for name in names]
        if stored:
            for note in notes:
                self.store(note)
        self.ask(CAMERA, Send(tuple(notes)), answer)

    def store(self, note: Note, sender: str = CAMERA) -> None:
        self.clock += 1
        self.account.notes.append((stamp(self.clock), sender, note))

    def get(self, *names: str, take: bool = False, limit: int = 32) -> None:
        """The phone is given these."""
        found = [each for each in self.account.notes if each[2].name in names]
        self.ask(PHONE, Get(limit, take), {"msgs": [entry(*each) for each in found], **OK})

    def sync(self, answer: dict[str, Any] | None = OK) -> None:
        """By the phone."""
        self.ask(PHONE, Send(sync=True), answer)

    def upload(self, tag: str, record_id: int, answer: dict[str, Any] | None = OK, size: int = 100) -> None:
        self.clock += 1
        self.account.uploads[record_id] = stamp(self.clock), CAMERA, Upload(tag, size)
        self.ask(CAMERA, Upload(tag, size), answer)

    def delete(self, *record_ids: int, gone: tuple[int, ...], older: bool = False, answer: Any = OK) -> None:
        for each in gone:
            del self.account.uploads[each]
        self.ask(CAMERA, Delete(record_ids, older), answer)

    # What the model says

    def life(self, tokens: dict[int, str] | None = None) -> list[str]:
        """It is over, and the server is back."""
        events = self.history.close()
        self.model.restarted()
        return [each.text for each in self.model.learn(events, self.account, tokens or {})]

    def assertHolds(self) -> None:
        self.assertEqual(self.life(), [])

    def assertFound(self, text: str, **more: Any) -> None:
        self.assertIn(text, "\n".join(self.life(**more)))


class MessageTests(ModelCase):
    def test_what_is_there_and_what_may_be(self) -> None:
        self.send("a")
        self.send("b", "c", target=PHONE)
        self.ask(CAMERA, Send((Note("good", ""),), spoiled=True), {"result": "BAD", "code": 12})
        self.history.ask(CAMERA, 1, Send((Note("under way", ""),)))
        self.store(Note("under way", ""))
        self.assertHolds()

    def test_a_spoiled_request_that_is_not_refused(self) -> None:
        self.store(Note("good", ""))
        self.ask(CAMERA, Send((Note("good", ""),), spoiled=True), OK)
        self.assertFound("a wrong answer")

    def test_acknowledged_and_lost(self) -> None:
        self.send("a", stored=False)
        self.assertFound("acknowledged and lost: ['a']")

    def test_refused_and_kept(self) -> None:
        self.send("a", answer={"result": "BAD", "code": 3})
        self.assertFound("refused and kept: ['a']")

    def test_half_of_what_was_under_way(self) -> None:
        self.store(Note("a", ""))
        self.send("a", "b", answer=None, stored=False)
        self.assertFound("half done: ['a'] of ['a', 'b']")

    def test_what_nobody_sent(self) -> None:
        self.store(Note("a ghost", ""))
        self.assertFound("'a ghost'")

    def test_what_is_there_twice(self) -> None:
        self.send("a")
        self.store(Note("a", ""))
        self.assertFound("a is there twice")

    def test_what_is_not_for_a_device(self) -> None:
        self.ask(CAMERA, Send((Note("a", "device-0"),)), OK)
        self.store(Note("a", ""))
        self.assertFound("device-1 finds a, which is not for it")

    def test_other_params(self) -> None:
        self.send("a")
        self.patch(Note, "params", {"of": "another"})
        found = self.account.messages(PHONE, "")
        self.patch(self.account, "messages", lambda device, after: found if device == PHONE else [])
        self.patch(Note, "params", {"of": "a"})
        self.assertFound("a came back as")

    def test_what_an_earlier_life_stored(self) -> None:
        self.send("a")
        self.assertHolds()
        self.account.notes.clear()
        found = [each.text for each in self.model.messages.look_again(self.account)]
        self.assertIn("device-1 doesn't find a any more", found)


class StampTests(ModelCase):
    def test_a_stamp_of_before_the_restart(self) -> None:
        self.clock = 5
        self.send("a")
        self.assertHolds()
        self.clock = 5
        self.send("b")
        self.patch(self.account, "messages", lambda d, _: [entry(*self.account.notes[1])] if d == PHONE else [])
        self.assertFound("the stamp 2023-11-14 22:13:06.000000 of b is not later")

    def test_an_order_that_is_not_that_of_the_answers(self) -> None:
        self.send("a")
        self.send("b")
        (first, *_), (second, *_) = self.account.notes
        self.account.notes = [(second, CAMERA, Note("a", "")), (first, CAMERA, Note("b", ""))]
        self.assertFound("a was answered before b was asked for")

    def test_those_at_the_same_time_may_have_any_order(self) -> None:
        for name in ("a", "b"):
            self.store(Note(name, ""))
        later = self.history.ask(CAMERA, 1, Send((Note("b", ""),)))
        self.ask(CAMERA, Send((Note("a", ""),)), OK)
        self.history.answered(later, 200, OK)
        self.assertHolds()

    def test_a_servers_time_behind_what_is_there(self) -> None:
        self.send("a")
        self.ask(PHONE, AskTime(), {"stamp": stamp(0), **OK})
        self.assertFound("is later than the server's time then")

    def test_a_servers_time_ahead_of_what_comes(self) -> None:
        self.ask(PHONE, AskTime(), {"stamp": stamp(7), **OK})
        self.send("a")
        self.assertFound("is not later than the server's time")


class MarkTests(ModelCase):
    def setUp(self) -> None:
        super().setUp()
        self.ask(PHONE, LogIn("user", PHONE), {"shash": "token", **OK}, session=0)

    def test_a_mark_holds_over_restarts(self) -> None:
        self.send("a", "b")
        self.get("a", limit=1)
        self.sync()
        self.assertHolds()
        self.get("b")
        self.assertHolds()

    def test_an_acknowledged_message_again(self) -> None:
        self.send("a")
        self.get("a")
        self.sync()
        self.assertHolds()
        self.get("a")
        self.assertFound("device-1 is given a, which it has acknowledged")

    def test_a_taken_message_again(self) -> None:
        self.send("a")
        self.get("a", take=True)
        self.get("a")
        self.assertFound("device-1 is given a, which it has acknowledged")

    def test_a_message_that_was_never_given_is_passed_over(self) -> None:
        self.send("a", "b")
        self.get("b")
        self.assertFound("device-1 isn't given a, which it never acknowledged")

    def test_a_sync_that_acknowledges_more_than_was_given(self) -> None:
        self.send("a")
        self.get("a")
        self.send("b")
        self.sync()
        self.get()
        self.assertFound("device-1 isn't given b, which it never acknowledged")

    def test_a_session_that_asked_for_nothing_acknowledges_all(self) -> None:
        self.send("a")
        self.sync()
        self.get()
        self.assertHolds()

    def test_that_a_session_asked_is_not_forgotten(self) -> None:
        """Its sync behind the restart may acknowledge what it was given, or less; not what came behind it."""
        self.send("a")
        self.get("a")
        self.send("b")
        self.assertHolds()
        self.sync()
        self.get()
        self.assertFound("device-1 isn't given b, which it never acknowledged")

    def test_what_it_was_given_may_be_forgotten(self) -> None:
        self.send("a", "b")
        self.get("a", limit=1)
        self.assertHolds()
        self.sync()
        self.get("a", "b")
        self.assertHolds()

    def test_a_sync_under_way_was_done_or_not(self) -> None:
        for given in (["a", "b"], ["b"]):
            self.setUp()
            self.send("a", "b")
            self.get("a", limit=1)
            self.sync(answer=None)
            self.assertHolds()
            self.get(*given)
            self.assertHolds()
            self.get("a", "b")
            self.assertEqual(self.life() == [], given == ["a", "b"], "once it is seen where it stands, it stands there")

    def test_a_page_that_stops_short(self) -> None:
        self.send("a", "b")
        self.get("a")
        self.assertFound("device-1 isn't given b")

    def test_what_comes_meanwhile_may_be_missing(self) -> None:
        question = self.history.ask(PHONE, 1, Get(32, take=False))
        self.send("a")
        self.history.answered(question, 200, {"msgs": [], **OK})
        self.assertHolds()


class RecordTests(ModelCase):
    def test_what_is_there(self) -> None:
        self.upload("r 1", 1)
        self.upload("r 2", 2, answer=None)
        self.assertHolds()
        self.delete(1, gone=(1,))
        self.assertHolds()
        self.assertEqual(list(self.model.records.of(CAMERA)), [2])

    def test_acknowledged_and_lost(self) -> None:
        self.upload("r 1", 1)
        self.account.uploads.clear()
        self.assertFound("acknowledged and lost: r 1")

    def test_refused_and_kept(self) -> None:
        self.upload("r 1", 1, answer={"result": "BAD", "code": 3})
        self.assertFound("refused and kept: r 1")

    def test_a_byte_is_missing(self) -> None:
        self.upload("r 1", 1)
        self.account.uploads[1] = stamp(1), CAMERA, Upload("r 1", 99)
        self.assertFound("record 1, r 1, is not what was sent")

    def test_a_byte_is_missing_in_an_answer(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        self.ask(CAMERA, Fetch(1, Upload("r 1", 100)), {"same": False, **OK})
        self.assertFound("record 1 came as")

    def test_no_answer_with_a_record_that_nobody_deleted(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        self.ask(CAMERA, Fetch(1, Upload("r 1", 100)), {"result": "BAD", "code": 9})
        self.assertFound("record 1 came as")

    def test_a_byte_goes_missing_later(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        self.account.uploads[1] = stamp(1), CAMERA, Upload("r 1", 99)
        found = [each.text for each in self.model.records.look_again(self.account, [1])]
        self.assertEqual(found, ["record 1 is not what it was"])

    def test_lost_in_a_later_life(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        self.account.uploads.clear()
        self.assertFound("record 1, r 1, is lost")

    def test_deleted_and_there(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        self.delete(1, gone=())
        self.assertFound("record 1 was deleted and is there")

    def test_there_again(self) -> None:
        self.upload("r 1", 1)
        self.assertHolds()
        kept = self.account.uploads[1]
        self.delete(1, gone=(1,))
        self.assertHolds()
        self.account.uploads[1] = kept
        self.assertFound("record 1 was deleted and is there again")

    def test_half_of_a_deletion(self) -> None:
        for record_id in (1, 2, 3):
            self.upload(f"r {record_id}", record_id)
        self.assertHolds()
        self.delete(3, gone=(1, 3), older=True, answer=None)
        self.assertFound("record 1, r 1, was deleted by half")

    def test_a_whole_deletion_or_none(self) -> None:
        for gone in ((), (1, 2, 3)):
            self.setUp()
            for record_id in (1, 2, 3, 4):
                self.upload(f"r {record_id}", record_id)
            self.assertHolds()
            self.delete(3, gone=gone, older=True, answer=None)
            self.assertHolds()


class OtherTests(ModelCase):
    def test_settings(self) -> None:
        changed = Configure(((5, 20.0), (6, 20.0)))
        for answer, found, holds in (
            (OK, {5: 20.0, 6: 20.0}, True),
            (OK, {5: 125.0, 6: 30.0}, False),
            (None, {5: 20.0, 6: 20.0}, True),
            (None, {5: 125.0, 6: 30.0}, True),
            (None, {5: 20.0, 6: 30.0}, False),
        ):
            self.setUp()
            self.ask(PHONE, changed, answer)
            self.account.changed = found
            self.assertEqual(self.life() == [], holds, f"{answer} {found}")

    def test_a_session_that_is_gone(self) -> None:
        self.account.dead.add("token")
        self.assertFound("session 4 is gone", tokens={4: "token"})

    def test_a_refusal_by_storage_is_wrong_where_nothing_is_meant_to_fail(self) -> None:
        event = self.ask(PHONE, Get(1, take=False), {"result": "BAD", "code": 3})
        event.status = 503
        self.assertFound("a wrong answer")
        self.model = Model([CAMERA, PHONE], failing=True)
        self.model.begin(self.account)
        self.ask(PHONE, Get(1, take=False), {"result": "BAD", "code": 3}).status = 503
        self.assertHolds()

    def test_the_history_of_a_problem_is_told(self) -> None:
        self.send("m 1")
        self.send("m 12")
        self.get("m 1")
        lines = list(about(self.history.close(), ["m 1"]))
        self.assertEqual(len(lines), 2)
        self.assertIn("addMsgs.json", lines[0])
