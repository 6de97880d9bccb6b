"""What the older server kept unchecked, read as this one keeps it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from webcam.model import SETTING_KINDS, next_stamp
from webcam.storage.importing.olddata import (
    following,
    params_of,
    seconds_of,
    settings_of,
    stamp_of_old,
    text_of,
)
from webcam.wire import jsontext

NOW = "2025-09-10 00:00:00.000000"


class StampTests(SynchronousTestCase):
    def line(self, *texts: str, marks: tuple[str, ...] = ()) -> list[str]:
        """What becomes of stamps in the order of their ids."""
        found: list[str] = []
        for text in texts:
            found.append(following(text, found[-1] if found else "", marks, NOW))
        return found

    def test_what_goes_up_stays_as_it_was_so_that_cursors_which_clients_hold_go_on(self):
        old = [
            "2023-10-31 23:59:59",
            "2023-11-01 00:00:00.0001",
            "2023-11-01 00:00:00.0002",
            "2025-01-01 00:00:00.0001",
        ]
        self.assertEqual(self.line(*old), old)

    def test_without_a_counter_the_order_within_a_second_is_that_of_the_ids(self):
        second = "2023-01-01 10:00:00"
        self.assertEqual(self.line(second, second, second), [second, f"{second}.000001", f"{second}.000002"])

    def test_a_counter_that_begins_anew_within_a_second_does_not_turn_the_order_round(self):
        second = "2024-01-01 10:00:00"
        stamps = self.line(f"{second}.9998", f"{second}.9999", f"{second}.0000", f"{second}.0001")
        self.assertEqual(stamps[2:], [f"{second}.999901", f"{second}.999902"])
        self.assertEqual(stamps, sorted(stamps))

    def test_the_next_second_begins_with_its_own_stamps(self):
        stamps = self.line("2024-01-01 10:00:00.9999", "2024-01-01 10:00:00.0000", "2024-01-01 10:00:01.0001")
        self.assertEqual(stamps[2], "2024-01-01 10:00:01.0001")

    def test_a_clock_that_stepped_back_does_not(self):
        stamps = self.line("2024-01-01 10:00:00.0007", "2024-01-01 09:00:00.0008", "2024-01-01 09:00:01.0009")
        self.assertEqual(stamps[1:], ["2024-01-01 10:00:00.000701", "2024-01-01 10:00:00.000702"])

    def test_what_begins_anew_is_behind_a_sync_mark_of_that_second_too(self):
        """It came behind the mark: it would never be given otherwise."""
        second = "2024-01-01 10:00:00"
        stamps = self.line(f"{second}.9995", f"{second}.0001", marks=(f"{second}.9999", "2024-01-01 10:00:01.0003"))
        self.assertEqual(stamps[1], f"{second}.999901")

    def test_what_is_no_stamp_or_of_the_future_follows_the_one_before(self):
        before = "2024-01-01 10:00:00.0001"
        for wrong in (
            "",
            "yesterday",
            "2024-13-01 10:00:00",
            "2024-01-01",
            "2038-01-01 00:00:00",
            "1969-01-01 00:00:00",
        ):
            self.assertEqual(stamp_of_old(wrong, NOW), "", wrong)
            self.assertEqual(self.line(before, wrong)[1], "2024-01-01 10:00:00.000101", wrong)
        self.assertEqual(self.line(""), ["1970-01-01 00:00:00.000001"])

    @given(
        st.lists(
            st.builds(
                "2024-01-01 10:00:{:02d}{}".format,
                st.integers(0, 3),
                st.one_of(st.just(""), st.integers(0, 9999).map(".{:04d}".format)),
            ),
            max_size=30,
        )
    )
    def test_stamps_always_go_up(self, old: list[str]):
        stamps = self.line(*old)
        self.assertEqual(stamps, sorted(set(stamps)))
        self.assertGreater(next_stamp("", stamps[-1] if stamps else "2024"), max(stamps, default=""))


class ParamsTests(SynchronousTestCase):
    def test_objects_and_arrays_stay_equal(self):
        for text in ('{"a": [1, 2.5, "\\u0105", null]}', "[1,2]", "{}", "[]", '{"n": 123456789012345678901234567890}'):
            params, wrapped = params_of(text)
            self.assertEqual((json.loads(params), wrapped), (json.loads(text), False))

    def test_text_of_an_object_is_the_object(self):
        self.assertEqual(params_of('"{\\"a\\":1}"'), ('{"a":1}', False))

    def test_nothing_is_an_empty_object(self):
        for text in ("", "null", '""'):
            self.assertEqual(params_of(text), ("{}", False), text)

    def test_anything_else_is_kept_inside_of_an_object(self):
        for text in (
            *("no JSON", "{", "12", "true", "false", '"text"', "NaN", "[" * 300, '{"a":"\\ud800"}', "\x00", "[1e999]"),
            "[" + "1," * jsontext.MAX_VALUES + "1]",
        ):
            params, wrapped = params_of(text)
            self.assertEqual((jsontext.loads(params), wrapped), ({"params": text}, True), text)


class SettingsTests(SynchronousTestCase):
    def test_what_an_account_chose_is_its_own_within_our_bounds(self):
        chosen = {1: 30.0, 2: 0, 3: 1e9, 4: 21, 9: 5.0, 5: None, 6: "many"}
        self.assertEqual(settings_of(chosen, {}), {1: 30.0, 2: 3.0, 3: 10000.0, 4: 21.0})

    def test_what_was_that_servers_default_and_is_not_ours_goes_on(self):
        defaults = {kind: each.default for kind, each in SETTING_KINDS.items()}
        self.assertEqual(settings_of({}, defaults), {})
        self.assertEqual(settings_of({1: 7.0}, {**defaults, 1: 90.0, 6: 90.0, 4: 100000}), {1: 7.0, 4: 200.0, 6: 90.0})


class OtherTests(SynchronousTestCase):
    def test_text_whatever_type_it_has(self):
        given = (None, "text", b"\xc4\x85", b"\xff", 12, 1.5)
        self.assertEqual([text_of(each) for each in given], ["", "text", "ą", "\ufffd", "12", "1.5"])

    def test_a_julian_day(self):
        self.assertEqual(seconds_of(2440587.5, NOW), 0.0)
        self.assertEqual(seconds_of(2460615.5, NOW), 1730419200.0, "2024-11-01 00:00:00")
        self.assertEqual([seconds_of(None, NOW), seconds_of("x", NOW)], [0.0, 0.0])

    def test_a_julian_day_of_no_time_that_a_session_can_have(self):
        for day in (-1, -1e300, 0, 2440587.4, float("inf"), float("-inf"), float("nan"), -(2**63)):
            self.assertEqual(seconds_of(day, NOW), 0.0, day)
        now = 1757462400.0
        for day in (2460928.5, 2460929, 1e300, 2**63 - 1):
            self.assertEqual(seconds_of(day, NOW), now, day)
