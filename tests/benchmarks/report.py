"""The table's text: purely."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.figures import Results
from tests.benchmarks.loads import COST, Column, Load

_NAME = 44
_WIDTH = 12


def block(load: Load, results: Results, baseline: str) -> Iterator[str]:
    """A load's head line, and one line a server."""
    titles = []
    for column in load.columns:
        titles.append(column.title)
        if column.key == COST:
            titles.append(f"/ {baseline}")
    yield f"{load.name:<{_NAME}}" + "".join(f"{title:>{_WIDTH}}" for title in titles)
    for server in load.servers:
        yield f"  {server:<{_NAME - 2}}" + _row(load, server, results, baseline)


def _row(load: Load, server: str, results: Results, baseline: str) -> str:
    cells = []
    for column in load.columns:
        cells.append(cell(results.median(load.name, server, column.key), column))
        if column.key == COST:
            ratio = results.against(load.name, server, baseline, COST)
            cells.append(cell(ratio, Column(COST, "")))
    trouble = results.trouble(load.name, server)
    if all(each.strip() == "-" for each in cells):
        return f"  {trouble}"
    return "".join(cells) + (f"  {trouble}" if trouble else "")


def cell(value: float | None, column: Column) -> str:
    """One figure, in its column; ``-`` where there is none."""
    return f"{'-' if value is None else format(value / column.unit, column.form):>{_WIDTH}}"
