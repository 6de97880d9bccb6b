"""Long lists in requests: read in steps, each a turn's work; absurd numbers: refused before they are converted."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.steps import counted
from webcam.errors import MalformedRequest
from webcam.wire import jsontext, messages, requests
from webcam.wire.jsontext import MAX_DIGITS
from webcam.wire.requests import MAX_SETTINGS, Params


def params(**keys: Any) -> Params:
    return Params.parse(b"", json.dumps(keys).encode())


class StepsTests(SynchronousTestCase):
    def test_messages_are_read_500_at_a_time(self):
        for count, steps in ((1, 1), (499, 1), (501, 2), (7000, 15)):
            (drafts, sync), taken = counted(messages.drafts(params(msgs=[{"msg": "a"}] * count)))
            self.assertEqual((len(drafts), sync, taken), (count, False, steps))

    def test_or_64_kib_at_a_time(self):
        (drafts, _), taken = counted(messages.drafts(params(msgs=[{"msg": "a", "params": ["x" * 60_000]}] * 10)))
        self.assertEqual((len(drafts), taken), (10, 6))

    def test_one_malformed_message_anywhere_is_none(self):
        for place in (0, 600, 1999):
            entries: list[Any] = [{"msg": "a"}] * 2000
            entries[place] = {"msg": ""}
            self.assertRaises(MalformedRequest, counted, messages.drafts(params(msgs=entries)))

    def test_values_in_texts_are_counted_over_all_messages(self):
        text = json.dumps([1] * 10_000)
        counted(messages.drafts(params(msgs=[{"msg": "a", "params": text}] * 2)))
        self.assertRaises(MalformedRequest, counted, messages.drafts(params(msgs=[{"msg": "a", "params": text}] * 4)))

    def test_ids_are_read_500_at_a_time(self):
        for count, steps in ((1, 1), (499, 1), (501, 2), (29_000, 59)):
            (ids, older), taken = counted(requests.named_records(params(records=list(range(count)))))
            self.assertEqual((len(ids), older, taken), (count, False, steps))

    def test_settings_are_one_turns_work(self):
        entry = {"kind": 1, "fv": 1}
        self.assertEqual(requests.chosen_settings(params(config=[*[None] * (MAX_SETTINGS - 1), entry])), {1: 1})
        self.assertRaises(MalformedRequest, requests.chosen_settings, params(config=[*[None] * MAX_SETTINGS, entry]))


class NumbersTests(SynchronousTestCase):
    """A number of n digits costs n² to convert."""

    def test_one_of_400_digits_comes_back_equal_and_one_more_is_refused(self):
        longest = "9" * MAX_DIGITS
        self.assertEqual(jsontext.dumps(jsontext.loads(f"[{longest}]")), f"[{longest}]")
        for text in (f"[{longest}9]", f"[-{longest}]", f'{{"a":{longest}9}}', "9" * 4299, "9" * 5000):
            self.assertRaises(MalformedRequest, jsontext.loads, text)

    def test_digits_in_a_text_are_no_number(self):
        text = "9" * 5000
        self.assertEqual(jsontext.loads(json.dumps([text, 5])), [text, 5])
