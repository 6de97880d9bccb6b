"""What the C library is told about memory; that it comes back is seen on a real server, in tests/integration."""

from __future__ import annotations

import ctypes
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from webcam.heap import APART, SPARE, Heap


class Library:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def mallopt(self, name: int, value: int) -> int:
        self.told.append(("mallopt", name, value))
        return 1

    def malloc_trim(self, pad: int) -> int:
        self.told.append(("malloc_trim", pad))
        return 1


class Tests(SynchronousTestCase):
    def setUp(self) -> None:
        self.library = Library()
        self.heap = Heap(self.library)

    def test_bounds(self) -> None:
        self.heap.bound({})
        self.assertEqual(self.library.told, [("mallopt", -3, APART), ("mallopt", -1, SPARE)])

    def test_what_the_operator_set_stays(self) -> None:
        for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"):
            self.heap.bound({name: "1"})
        self.assertEqual(self.library.told, [])

    def test_giving_back(self) -> None:
        self.heap.give_back()
        self.assertEqual(self.library.told, [("malloc_trim", 0)])

    def test_a_library_without_either(self) -> None:
        heap = Heap(object())
        heap.bound({})
        heap.give_back()

    def test_glibc_takes_both(self) -> None:
        library = ctypes.CDLL(None)
        if not hasattr(library, "mallopt"):
            raise SkipTest("not glibc")
        self.heap.bound({})
        self.assertEqual([library.mallopt(*told[1:]) for told in self.library.told], [1, 1])
