"""What a run of tests leaves for its last test: the secrets that were used, and what was logged.

``trial`` has it in its own folder, ``_trial_temp``, which each run begins anew; for ``pytest`` a variable names one.
Programs that are run by hand leave nothing. See :mod:`tests.support.leaks`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from pathlib import Path

PASSWORD = "sesame-7Kq2vX"
"""Of the accounts of tests: nothing that a line of a log could hold by chance."""

VARIABLE = "WEBCAM_TEST_TRAIL"
TRIAL = Path(__file__).parent.parent.parent / "_trial_temp"
SECRETS = "secrets"
LOGS = "logs"

SHORTEST = 8
"""Characters of a secret that can be told from other text."""

NOT_SEARCHED = {
    "111": "the password of the protocol's examples: logs are full of such digits",
    "secret": "the password of the operator's program's tests: a word that lines about secrets have",
    "another": "likewise",
}
"""Secrets that stand in logs with another meaning, each with the reason why it is used all the same."""

_TOKEN = re.compile(r'"shash" ?: ?"([^"]{28})"|"path" ?: ?"share/([^"/]+)"|__(?:Host|Secure)-webcam=([^;]{28})')
_seen: set[tuple[str, str]] = set()
_numbers = itertools.count(1)


def folder() -> Path | None:
    """Where it is left; ``None``: nowhere."""
    named = os.environ.get(VARIABLE)
    found = Path(named) if named else TRIAL / "trail" if (TRIAL / "_trial_marker").exists() else None
    if found is not None:
        (found / LOGS).mkdir(parents=True, exist_ok=True)
    return found


def used(kind: str, secret: str) -> str:
    """*secret* was used: a ``password``, ``token``, ``first password`` or ``key``. The answer is itself."""
    found = folder()
    assert not 0 < len(secret) < SHORTEST or secret in NOT_SEARCHED, "too short to be searched in logs"
    if found is not None and secret and (kind, secret) not in _seen:
        _seen.add((kind, secret))
        with (found / SECRETS).open("a") as file:
            file.write(json.dumps([kind, secret]) + "\n")
    return secret


def answered(text: str | bytes) -> None:
    """An answer, which may hold a token: of a session, of a link, or in a cookie."""
    for found in _TOKEN.findall(text if isinstance(text, str) else text.decode("utf-8", "replace")):
        used("token", "".join(found))


def of_data(data: Path) -> None:
    """The secrets that a server made in its data folder, and its audit log."""
    first, key = data / "first-password", data / "key.pem"
    if first.is_file():
        used("first password", first.read_text().strip())
    if key.is_file():
        for line in key.read_text().splitlines():
            if not line.startswith("-----"):
                used("key", line)
    for each in data.glob("audit.log*"):
        if each.is_file() and (path := new_log("audit")) is not None:
            shutil.copyfile(each, path)


def new_log(what: str) -> Path | None:
    """A file of its own for what is logged; ``None``: nobody will look at it."""
    found = folder()
    return None if found is None else found / LOGS / f"{what}-{os.getpid()}-{next(_numbers)}.log"
