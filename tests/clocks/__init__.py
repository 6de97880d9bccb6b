"""See :mod:`tests.clocks.__main__`."""
