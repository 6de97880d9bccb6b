"""What a census finds left over, from counts made up."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.census import CONNECTIONS, THREADS, Census


def census(files: dict[str, int] | None = None, threads: int = 1, **objects: int) -> Census:
    """One of nothing but that."""
    return Census(objects, {}, {}, {}, files or {}, threads, 0)


class LeftOverTests(SynchronousTestCase):
    """What there is more of, and what may grow to its bound."""

    def test_of_an_object_or_a_file_not_one_more(self) -> None:
        """Each is a line."""
        before = census({"socket": 3}, Channel=1)
        self.assertEqual(census({"socket": 3}, Channel=1).left_over(before), [])
        self.assertEqual(
            census({"socket": 4}, Channel=2, Stream=1).left_over(before),
            ["objects: Channel 1 -> 2", "objects: Stream 0 -> 1", "files: socket 3 -> 4"],
        )

    def test_threads_open_the_database_when_they_are_first_needed_and_keep_it(self) -> None:
        """So one may come late, and no more than there are threads for it."""
        before = census({"/data/webcam.db": 2, "/data/webcam.db-wal": 2})
        most = census({"/data/webcam.db": CONNECTIONS, "/data/webcam.db-wal": CONNECTIONS})
        self.assertEqual(most.left_over(before), [])
        more = census({"/data/webcam.db": CONNECTIONS + 1, "/data/webcam.db-wal": CONNECTIONS})
        self.assertEqual(more.left_over(before), [f"files: /data/webcam.db 2 -> {CONNECTIONS + 1}"])
        self.assertEqual(more.left_over(more), [])

    def test_other_threads_grow_to_their_bound(self) -> None:
        """Behind it they are a line."""
        self.assertEqual(census(threads=THREADS).left_over(census()), [])
        self.assertEqual(census(threads=THREADS + 1).left_over(census()), [f"threads: 1 -> {THREADS + 1}"])
