"""Names that moved: what a load is made of stands in ``client`` and ``processes``."""

from tests.benchmarks.client import ask, client_context, frame, head, log_in, opening
from tests.benchmarks.processes import PROCESSES, cpu_seconds

__all__ = ["PROCESSES", "ask", "client_context", "cpu_seconds", "frame", "head", "log_in", "opening"]
