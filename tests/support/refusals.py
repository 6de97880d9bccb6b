"""Many inputs that have to be refused, in one assertion that names those that were not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def accepted(failure: type[Exception], function: Callable[[Any], Any], inputs: Iterable[Any]) -> list[Any]:
    """The inputs for which *function* did not raise just *failure*, with what it gave or raised instead."""
    wrong = []
    for each in inputs:
        try:
            result = function(each)
        except Exception as error:
            if type(error) is not failure:
                wrong.append((each, error))
        else:
            wrong.append((each, result))
    return wrong
