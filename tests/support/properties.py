"""How properties are tried: the same examples in every run, and none of them judged by the time that it takes."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

tried = settings(deadline=None, database=None, derandomize=True, max_examples=200)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
"""Every Unicode text, U+0000 included."""

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def walked(examples: int) -> settings:
    """For state machines: so many walks of 40 steps; ``WEBCAM_WALKS`` times as many, and by chance, if that is set."""
    times = int(os.environ.get("WEBCAM_WALKS", "1"))
    return settings(
        tried,
        max_examples=examples * times,
        stateful_step_count=40,
        derandomize=times == 1,
        suppress_health_check=list(HealthCheck),
    )
