"""Long lists as text: a piece for each turn of the event loop, and together one answer."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from webcam.wire.listtext import ListText
from webcam.wire.steps import BYTES, ENTRIES


class ListTextTests(SynchronousTestCase):
    def pieces(self, entries: list[dict[str, str]]) -> list[bytes]:
        text, pieces = ListText("devices", iter(entries)), []
        while not text.over:
            pieces.append(text.next_piece())
        self.assertEqual(json.loads(b"".join(pieces)), {"devices": entries, "result": "OK"})
        return pieces

    def test_the_bounds(self):
        self.assertEqual((ENTRIES, BYTES), (500, 65536))

    def test_a_short_one_is_one_piece_without_spaces(self):
        self.assertEqual(self.pieces([]), [b'{"devices":[],"result":"OK"}'])
        self.assertEqual(self.pieces([{"a": "b"}]), [b'{"devices":[{"a":"b"}],"result":"OK"}'])
        self.assertEqual(len(self.pieces([{"a": "b"}] * (ENTRIES - 1))), 1)

    def test_a_piece_has_500_entries_at_most(self):
        for count, pieces in ((ENTRIES, 2), (2 * ENTRIES - 1, 2), (5000, 11)):
            self.assertEqual(len(self.pieces([{"a": "b"}] * count)), pieces, count)

    def test_a_piece_ends_with_the_entry_that_makes_it_64_kib(self):
        pieces = self.pieces([{"a": "\0" * 1000}] * 100)  # 6,008 bytes each
        self.assertEqual(len(pieces), 10)
        self.assertLess(max(map(len, pieces)), BYTES + 6100)

    def test_entries_are_asked_for_when_their_piece_is_made(self):
        asked = []

        def entries():
            for number in range(2000):
                asked.append(number)
                yield {"n": number}

        text = ListText("devices", entries())
        text.next_piece()
        self.assertEqual(len(asked), ENTRIES)
