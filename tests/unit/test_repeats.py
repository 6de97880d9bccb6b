"""What happens again and again is logged once a minute."""

from unittest import TestCase

from webcam.http.limits import NOTICE, REPEATED, Repeats


class RepeatsTests(TestCase):
    def test_each_key_is_told_of_once_a_minute_with_how_many_were_left_out(self):
        repeats = Repeats()
        told = [repeats.may_tell("a", now) for now in (0.0, 1.0, NOTICE - 0.5, NOTICE, NOTICE + 1)]
        self.assertEqual(told, [0, None, None, 2, None])
        self.assertEqual(repeats.may_tell("b", 1.0), 0)

    def test_only_so_many_keys_are_remembered(self):
        repeats = Repeats()
        for number in range(2 * REPEATED):
            self.assertEqual(repeats.may_tell(number, 0.0), 0)
        self.assertEqual(len(repeats._seen), REPEATED)
        self.assertEqual((repeats.may_tell(2 * REPEATED - 1, 1.0), repeats.may_tell(0, 1.0)), (None, 0))
