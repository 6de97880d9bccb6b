"""The servers of the table, in its order."""

from __future__ import annotations

from tests.benchmarks.contender import Contender
from tests.benchmarks.others import Bare, Granian, Hypercorn, Nginx
from tests.benchmarks.ours import Stock, Webcam

CONTENDERS: dict[str, type[Contender]] = {each.name: each for each in (Webcam, Stock, Hypercorn, Granian, Nginx, Bare)}
