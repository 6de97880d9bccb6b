"""How much memory may be used, by the files of both versions of control groups."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from webcam.memory import machine_memory, usable_memory

GIB = 2**30


class Usable(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Path(self.mktemp())

    def write(self, path: str, text: object) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def usable(self) -> int:
        return usable_memory(8 * GIB, self.root)

    def test_of_a_machine_without_control_groups(self) -> None:
        self.assertEqual(self.usable(), 8 * GIB)

    def test_the_least_of_a_group_and_those_above_it(self) -> None:
        self.write("proc/self/cgroup", "0::/system.slice/webcam.service")
        self.write("sys/fs/cgroup/system.slice/webcam.service/memory.max", "max")
        self.assertEqual(self.usable(), 8 * GIB)
        self.write("sys/fs/cgroup/system.slice/webcam.service/memory.max", 2 * GIB)
        self.assertEqual(self.usable(), 2 * GIB)
        self.write("sys/fs/cgroup/system.slice/memory.max", GIB)
        self.assertEqual(self.usable(), GIB)

    def test_a_container_sees_its_own_group_as_the_root(self) -> None:
        self.write("proc/self/cgroup", "0::/")
        self.write("sys/fs/cgroup/memory.max", GIB // 2)
        self.assertEqual(self.usable(), GIB // 2)

    def test_a_group_outside_of_the_container(self) -> None:
        self.write("proc/self/cgroup", "0::/../other")
        self.write("sys/fs/memory.max", 1)
        self.write("sys/fs/cgroup/memory.max", GIB)
        self.assertEqual(self.usable(), GIB)

    def test_version_1(self) -> None:
        self.write("proc/self/cgroup", "12:cpu,cpuacct:/small\n7:memory:/small\n1:name=systemd:/small\n0::/small")
        self.write("sys/fs/cgroup/cpu/small/memory.limit_in_bytes", 1)
        self.write("sys/fs/cgroup/memory/small/memory.limit_in_bytes", GIB)
        self.write("sys/fs/cgroup/memory/memory.limit_in_bytes", 0x7FFFFFFFFFFFF000)
        self.assertEqual(self.usable(), GIB)

    def test_a_limit_above_the_machine_is_none(self) -> None:
        self.write("proc/self/cgroup", "0::/")
        self.write("sys/fs/cgroup/memory.max", 16 * GIB)
        self.assertEqual(self.usable(), 8 * GIB)

    def test_of_this_machine(self) -> None:
        self.assertTrue(0 < usable_memory() <= machine_memory())
