"""The disk that a folder is on."""

from __future__ import annotations

import os
from pathlib import Path

from webcam.model import Room


class FolderDisk:
    """See :class:`webcam.ports.Disk`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def room(self) -> Room:
        """What the server's user may still use of it."""
        found = os.statvfs(self._folder)
        return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
