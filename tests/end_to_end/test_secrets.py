"""The last test: no secret that the whole run used is in any log of the whole run, ``trial tests`` before it included.

The README's command, which ``.ci/run`` takes from there, runs ``trial tests`` and then these. Alone it fails: there
would be too little to search.
"""

from __future__ import annotations

from pathlib import Path

from tests.support import leaks
from tests.support.trail import TRIAL, folder

FEWEST = {"token": 300, "password": 10, "first password": 20, "key": 40}
"""Secrets of each kind; a whole run uses several times as many."""


def trails() -> list[Path]:
    """Of ``trial tests``, and of this run."""
    here = folder()
    assert here is not None
    return [TRIAL / "trail", here]


def secrets() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in FEWEST}
    for trail in trails():
        for kind, used in leaks.secrets_in(trail).items():
            found.setdefault(kind, set()).update(used)
    return found


def logs() -> list[Path]:
    """What servers said, what the unit tests logged, every audit log."""
    left = [path for trail in trails() for path in leaks.logs_of(trail)]
    return left + [path for path in TRIAL.rglob("*log*") if path.is_file() and TRIAL / "trail" not in path.parents]


def test_there_is_enough_to_search() -> None:
    """Secrets of every kind, logs of every kind, each log that was begun; of both runs."""
    few = {kind: len(used) for kind, used in secrets().items() if len(used) < FEWEST.get(kind, 1)}
    assert few == {}, "run trial tests before"
    for trail in trails():
        assert (trail / "secrets").stat().st_size
        assert [path.name for path in leaks.logs_of(trail) if "is ready" in path.read_text(errors="replace")]
    found = logs()
    assert len([path for path in found if path.name == "test.log" and path.stat().st_size > 100_000]) >= 1
    assert len([path for path in found if path.name.startswith("server-") and path.stat().st_size]) > 30
    assert len([path for path in found if "audit" in path.name and path.stat().st_size]) > 30


def test_every_secret_can_be_searched() -> None:
    """What is too short, or a word of the language, is left out by name and for a reason alone."""
    assert leaks.unsearchable(set().union(*secrets().values())) == []


def test_no_secret_is_in_any_log() -> None:
    search = leaks.Search(set().union(*secrets().values()))
    hits = {str(path): found for path in logs() if (found := search.hits(path.read_text(errors="replace")))}
    assert hits == {}
