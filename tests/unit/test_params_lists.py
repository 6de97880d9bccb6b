"""The two lists that requests bring: settings to change, records to delete."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.refusals import accepted
from tests.support.steps import finish
from webcam.errors import MalformedRequest
from webcam.wire import requests
from webcam.wire.requests import MAX_ID, Params, chosen_settings


def named_records(params):
    """What the request names, read to its end."""
    return finish(requests.named_records(params))


def body(**keys: Any) -> Params:
    """Parameters of a body alone."""
    return Params.parse(b"", json.dumps(keys).encode())


def query(text: str) -> Params:
    """Parameters of a query alone."""
    return Params.parse(text.encode())


class SettingsListTests(SynchronousTestCase):
    """The list of a request to change settings."""

    def chosen(self, config: Any) -> dict[int, float]:
        return chosen_settings(body(config=config))

    def test_list(self) -> None:
        """Kind to value."""
        self.assertEqual(self.chosen([{"kind": 1, "fv": 1.0}, {"kind": 4, "fv": 100}]), {1: 1.0, 4: 100.0})
        self.assertEqual(chosen_settings(query('config=[{"kind":2,"fv":5}]')), {2: 5.0})

    def test_ways_to_write_numbers(self) -> None:
        """Text of digits counts for both; other keys of an entry, as ``getConfig`` gave them, are ignored."""
        entry = {"kind": "1", "descr": "x", "miv": "a", "fv": "3.0000000000000000E+001"}
        self.assertEqual(self.chosen([entry]), {1: 30.0})

    def test_field_fact_null_entries(self) -> None:
        """They are skipped; a list of nothing else is empty."""
        self.assertEqual(self.chosen([None, {"kind": 1, "fv": 2}, None]), {1: 2.0})
        self.assertRaises(MalformedRequest, self.chosen, [None])

    def test_malformed(self) -> None:
        """No list, an empty one, an entry that is no object, a kind or value missing or no number, a kind twice."""
        good = {"kind": 1, "fv": 2}
        lists = (None, {}, good, 5, "", "x", [], [good, 5], [good, []], [good, "null"], [{"fv": 2}], [{"kind": 1}])
        values = (None, "", "a", True, [], {}, "NaN", 10**400, "1e999")
        kinds = (None, "", "a", 1.5, True, -1, MAX_ID + 1)
        twice = ([good, good], [good, {"kind": "1", "fv": 3}], [good, {"kind": 1.0, "fv": 2}])
        cases = (*lists, *twice, *([{"kind": 1, "fv": each}] for each in values))
        self.assertEqual(accepted(MalformedRequest, self.chosen, cases), [])
        self.assertEqual(accepted(MalformedRequest, self.chosen, ([{"kind": each, "fv": 2}] for each in kinds)), [])


class DeleteListTests(SynchronousTestCase):
    """The ids of a request to delete records."""

    def named(self, records: Any) -> tuple[list[int], bool]:
        return named_records(body(records=records))

    def test_list(self) -> None:
        """Ids, and no older records with them."""
        self.assertEqual(self.named([40, "41", 42.0]), ([40, 41, 42], False))
        self.assertEqual(named_records(query("records=%5B40%5D")), ([40], False))
        self.assertEqual(self.named([0]), ([0], False))

    def test_one_integer(self) -> None:
        """Stands for a list of it."""
        self.assertEqual(self.named(40), ([40], False))
        self.assertEqual(self.named("40"), ([40], False))
        self.assertEqual(named_records(query("records=40")), ([40], False))

    def test_older_ones(self) -> None:
        """A negative number, wherever it stands and whichever it is."""
        self.assertEqual(self.named([-1, 34, 32]), ([34, 32], True))
        self.assertEqual(self.named([34, -(2**40)]), ([34], True))

    def test_malformed(self) -> None:
        """No record named, or anything but integers within the bounds of ids."""
        cases = (None, [], "", "[]", -1, [-1], [-1, -2], {}, "a", True, [None], [1, None], [[1]], [1.5], [1, "a"])
        outside = ([MAX_ID + 1], [1, -MAX_ID - 2], [10**400])
        self.assertEqual(accepted(MalformedRequest, self.named, (*cases, *outside)), [])
        self.assertRaises(MalformedRequest, named_records, query("shash=a"))
