"""Events as they are written, and the ids from which a client goes on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.events import EventReader, read_events
from tests.support.properties import TEXTS, tried
from webcam.model import Message, Presence, stamp_of
from webcam.wire import events
from webcam.wire.events import Cursor, parse_cursor

EPOCH = "0123456789abcdef"
STAMP = "2026-03-01 12:28:35.004200"


class CursorTests(SynchronousTestCase):
    def test_an_id_stands_for_a_place(self) -> None:
        cursor = Cursor(EPOCH, 12, STAMP)
        self.assertEqual(cursor.text, "0123456789abcdef-12-20260301122835004200")
        self.assertEqual(parse_cursor(cursor.text), cursor)

    def test_an_account_that_holds_nothing_yet(self) -> None:
        cursor = Cursor(EPOCH, 0, "")
        self.assertEqual(parse_cursor(cursor.text), cursor)

    @tried
    @given(st.integers(0, 10**17), st.floats(0, 10**10))
    def test_every_id_comes_back(self, number: int, seconds: float) -> None:
        cursor = Cursor(EPOCH, number, stamp_of(seconds))
        self.assertEqual(parse_cursor(cursor.text), cursor)

    @tried
    @given(st.text())
    def test_any_other_text_is_none(self, text: str) -> None:
        cursor = parse_cursor(text)
        self.assertTrue(cursor is None or cursor.text == text)

    def test_texts_that_are_nearly_ids(self) -> None:
        good = Cursor(EPOCH, 12, STAMP).text
        for text in ("", good + "\n", good + "0", good[:-1], good[1:], " " + good, good.upper(), f"{EPOCH}-{9**30}-"):
            self.assertIsNone(parse_cursor(text), text)


class BlockTests(SynchronousTestCase):
    cursor = Cursor(EPOCH, 1, STAMP)

    def test_an_event(self) -> None:
        event = events.device_on(Presence("user_pc", "some info"))
        self.assertEqual(
            events.block(event, self.cursor),
            b"id: 0123456789abcdef-1-20260301122835004200\nevent: device-on\n"
            b'data: {"device":"user_pc","meta":"some info"}\n\n',
        )

    def test_a_place_alone(self) -> None:
        reader = EventReader()
        self.assertEqual(reader.feed(events.beginning(self.cursor, (), 2000) + events.SILENCE), [])
        self.assertEqual((reader.last, reader.retry, reader.comments), (self.cursor.text, 2000, 1))

    def test_who_was_cut_off_in_the_middle_of_the_beginning_has_no_id_or_knows_what_to_read(self) -> None:
        whole = events.beginning(self.cursor, events.UNSTORED, 2000)
        for cut in range(len(whole)):
            reader = EventReader()
            self.assertEqual((reader.feed(whole[:cut]), reader.last), ([], ""))
        (told,) = reader.feed(whole[cut:])
        self.assertEqual((told.kind, told.data["lists"]), ("reset", list(events.UNSTORED)))
        self.assertEqual((reader.last, reader.retry), (self.cursor.text, 2000))

    @tried
    @given(TEXTS, TEXTS)
    def test_any_text_comes_back(self, name: str, sender: str) -> None:
        message = Message(STAMP, sender, name, '{"a":[1,2]}')
        (told,) = read_events(events.block(events.message(message, ""), self.cursor))
        self.assertEqual(told.data, {"msg": name, "device": sender, "stamp": STAMP, "params": {"a": [1, 2]}})
        self.assertEqual((told.kind, told.last), ("message", self.cursor.text))

    def test_parameters_that_were_stored_with_line_ends(self) -> None:
        """An import keeps JSON as it was written; an empty line would end the event."""
        for end in ("\n", "\r\n", "\r", "\n\n"):
            message = Message(STAMP, "camera", "m", f'{{{end}"a":{end}1}}')
            (told,) = read_events(events.block(events.message(message, ""), self.cursor).replace(b"\r", b"\n"))
            self.assertEqual(told.data["params"], {"a": 1})
