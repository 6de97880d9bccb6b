"""Decoding pictures that anybody made, in a process of its own: what a hostile one takes is bounded there.

:mod:`.supervisor` and :mod:`.child` are the server's side, :mod:`.__main__` is the program, :mod:`.picture` what it
does, and :mod:`.messages` what the two say to each other.
"""
