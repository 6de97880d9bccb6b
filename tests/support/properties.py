"""How properties are tried: the same examples in every run, and none of them judged by the time that it takes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

tried = settings(deadline=None, database=None, derandomize=True, max_examples=200)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
"""Every Unicode text, U+0000 included."""

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
