"""Decoding pictures that anybody made, in a process of its own: so that what a hostile one takes is bounded.

:mod:`.supervisor` and :mod:`.child` are the server's side, :mod:`.__main__` is the program, :mod:`.picture` what it
does, and :mod:`.messages` what the two say to each other.
"""
