"""The log file of a server in the background: for its owner alone, and bounded in its number of files.

Twisted's own is readable by whoever the umask lets, and never removes an old file.
"""

from __future__ import annotations

import signal
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.logger import ILogObserver, textFileLogObserver
from twisted.python.logfile import LogFile

from webcam.errors import StartFailure
from webcam.permissions import OTHERS, mode_of

NAME = "twistd.log"
"""Where twistd logs, in the working directory, if nothing else is said."""

SIZE = 10 * 1024 * 1024
"""Bytes of one file; the audit log has the same bounds."""

FILES = 10
"""The newest has no number, the oldest the highest."""

PRIVATE = 0o600


def log_observer(twistd: Mapping[str, Any], reactor: Any) -> ILogObserver | None:
    """Open the log file that *twistd*, its options, asks for, and return what writes to it.

    ``None``: the log goes elsewhere (standard output, syslog, a device, an observer of the operator's), and Twisted
    sees to it. SIGUSR1 begins a new file, as with Twisted's own. Raises :class:`StartFailure`.
    """
    name = twistd.get("logfile") or ("" if twistd.get("nodaemon") else NAME)
    if not name or name == "-" or twistd.get("syslog") or twistd.get("logger"):
        return None
    path = Path(name).absolute()
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        return None
    try:
        file: Any = open_log(path)
    except OSError as error:
        raise StartFailure(f"can't write the log file {path}: {error.strerror}") from None
    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(file.rotate))
    observer: ILogObserver = textFileLogObserver(file)
    return observer


def open_log(path: Path) -> LogFile:
    """Open the log file, and let no user but the owner, or whom the operator chose, read the older ones either."""
    mode = mode_of(path)
    if not mode or mode & OTHERS:
        mode = PRIVATE
    for older in path.parent.glob(f"{path.name}.*"):
        if older.suffix[1:].isdigit() and mode_of(older) & OTHERS:
            with suppress(OSError):
                older.chmod(PRIVATE)
    return LogFile(path.name, str(path.parent), rotateLength=SIZE, defaultMode=mode, maxRotatedFiles=FILES - 1)
