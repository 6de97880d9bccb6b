"""How much memory this process may use: that of the machine, or of the control group (cgroup) it runs in.

See cgroups(7); memory.max is version 2's, memory.limit_in_bytes version 1's. A container and ``MemoryMax=`` of systemd
set them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def machine_memory() -> int:
    """Return the bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def usable_memory(machine: int | None = None, root: Path = Path("/")) -> int:
    """Return the bytes that the machine has or, if that is less, that the control group of this process may use.

    *machine* stands for :func:`machine_memory`, *root* for the root of the file system that tells of control groups.
    """
    limits = [machine_memory() if machine is None else machine]
    limits += [limit for path in _limit_files(root) if (limit := _read_limit(path)) is not None]
    return min(limits)


def _limit_files(root: Path) -> Iterator[Path]:
    """Where the limits of this process's control groups stand: a group is bound by those above it, too."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers == "":
            mounted, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mounted, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        path = PurePosixPath(group.lstrip("/"))
        for each in (path, *path.parents):
            if ".." not in each.parts:
                yield mounted / each / name


def _read_limit(path: Path) -> int | None:
    """Return the limit in a file; ``None`` when there is no such file or no limit (``max``)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
