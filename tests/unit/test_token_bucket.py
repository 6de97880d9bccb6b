from unittest import TestCase

from webcam.token_bucket import TokenBucket


class TokenBucketTests(TestCase):
    def test_it_is_full_at_first_and_refilled_with_time(self):
        bucket = TokenBucket(2, 1.0, stamp=10.0)
        self.assertEqual([bucket.take(10.0) for _ in range(3)], [True, True, False])
        self.assertEqual((bucket.take(10.75), bucket.take(11.0), bucket.take(11.0)), (False, True, False))

    def test_it_never_holds_more_than_its_size(self):
        bucket = TokenBucket(2, 1.0, stamp=0.0)
        self.assertEqual([bucket.take(1000.0) for _ in range(3)], [True, True, False])
        bucket.give_back(5)
        self.assertEqual(bucket.tokens, 2)

    def test_it_tells_how_long_a_token_takes(self):
        bucket = TokenBucket(2, 0.5, stamp=0.0)
        self.assertEqual(bucket.wait(0.0), 0.0)
        self.assertTrue(bucket.take(0.0, 2))
        self.assertAlmostEqual(bucket.wait(0.5), 1.5, places=4)

    def test_a_clock_that_steps_back_adds_nothing(self):
        bucket = TokenBucket(1, 1.0, stamp=10.0)
        self.assertTrue(bucket.take(10.0))
        self.assertFalse(bucket.take(5.0))
        self.assertTrue(bucket.take(6.0))

    def test_what_comes_at_exactly_the_rate_is_let_through_for_ever(self):
        bucket, start = TokenBucket(7, 7 / 60, stamp=12345.678), 12345.678
        for number in range(100_000):
            self.assertTrue(bucket.take(start + number // 7 * 60), number)

    def test_another_size_caps_what_it_holds_and_adds_nothing(self):
        bucket = TokenBucket(50, 50 / 60, stamp=0.0)
        bucket.resize(0.0, 20, 20 / 60)
        bucket.resize(0.0, 200, 200 / 60)
        self.assertEqual(bucket.tokens, 20)
        bucket.resize(30.0, 20, 20 / 60)
        self.assertEqual(bucket.tokens, 20)
