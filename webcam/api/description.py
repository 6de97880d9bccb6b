"""The description of the protocol in OpenAPI's form: ``openapi.json`` beside this file, served as it is."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from webcam.api.fixed import fixed, fixed_route
from webcam.http.request import Request

PATH = "openapi.json"
"""Where it is served, and its file's name."""


def description() -> bytes:
    """Its text."""
    return (resources.files(__package__) / PATH).read_bytes()


def description_route() -> Callable[[Request], None]:
    """The route that serves it: to everybody, and to who has it already in one line."""
    found = fixed(description(), (("content-type", "application/json"),))
    return fixed_route(lambda _: found)
