"""The Klein tree: every path of the protocol and of the console, its description, and what is none."""

from __future__ import annotations

import re
from typing import Any

from klein import Klein
from klein.resource import KleinResource
from twisted.web.server import NOT_DONE_YET

from webcam.api import accounts, devices, events, messages, pictures, records
from webcam.api.answers import answer_failure
from webcam.api.description import PATH as DESCRIPTION
from webcam.api.description import description_route
from webcam.api.guard import EVERYBODY, PUBLISHER, VIEWER, Endpoint, Needs, guarded
from webcam.api.ingest import METHODS as PUBLISH_METHODS
from webcam.api.ingest import ingest_route
from webcam.api.services import Limits, Services
from webcam.api.uploads import upload_route
from webcam.api.watch import watch
from webcam.console import files
from webcam.console.endpoints import ENDPOINTS as CONSOLE
from webcam.errors import MethodNotAllowed, NotFound, TooLarge, Unavailable
from webcam.http.site import Site
from webcam.wire import fields


async def _nothing_here(_: Any) -> None:
    """``input.raw`` comes here for its other methods alone: an upload is taken before the tree."""
    raise MethodNotAllowed(PUBLISH_METHODS)


ENDPOINTS = (
    Endpoint(fields.AUTHORIZE, accounts.authorize, needs=Needs.NOTHING),
    Endpoint(fields.HEARTBEAT, accounts.heartbeat, roles=EVERYBODY),
    Endpoint(fields.GET_SETTINGS, accounts.get_settings),
    Endpoint(fields.SET_SETTINGS, accounts.set_settings),
    Endpoint(fields.SERVER_TIME, accounts.server_time, roles=EVERYBODY, needs=Needs.OPTIONAL),
    Endpoint(fields.ADD_MESSAGES, messages.add_messages, roles=PUBLISHER),
    Endpoint(fields.GET_MESSAGES, messages.get_messages, roles=PUBLISHER, reads=True),
    Endpoint(fields.TAKE_MESSAGES, messages.take_messages, roles=PUBLISHER),
    Endpoint(fields.ADD_RECORD, records.add_record, roles=PUBLISHER, raw=True),
    Endpoint(fields.ADD_RECORD_DATA, records.add_record, roles=PUBLISHER, raw=True),
    Endpoint(fields.LIST_RECORDS, records.list_records, roles=VIEWER, reads=True),
    Endpoint(fields.RECORD_META, records.record_meta, roles=VIEWER, reads=True),
    Endpoint(fields.RECORD_DATA, records.record_data, roles=VIEWER, reads=True),
    Endpoint(fields.DELETE_RECORDS, records.delete_records),
    Endpoint(fields.DEVICES_ONLINE, devices.devices_online, roles=VIEWER),
    Endpoint(fields.STREAMS, devices.streams, roles=VIEWER),
    Endpoint(fields.WATCH, watch, roles=VIEWER, methods=("POST", "GET")),
    Endpoint(
        fields.WATCH_PICTURES,
        pictures.watch_pictures,
        ("POST", "GET"),
        Needs.LOGIN,
        roles=VIEWER,
        statuses=pictures.STATUSES,
    ),
    Endpoint(
        fields.PICTURE,
        pictures.picture,
        ("POST", "GET"),
        Needs.LOGIN,
        reads=True,
        roles=VIEWER,
        statuses=pictures.STATUSES,
    ),
    Endpoint(fields.FOLLOW, events.follow, roles=EVERYBODY, methods=("POST", "GET")),
    Endpoint(fields.PUBLISH, _nothing_here, methods=PUBLISH_METHODS),
    *CONSOLE,
)

_LINK = re.compile(re.escape(fields.LINK).replace(re.escape("{token}"), "[^/]+"))
_RECORD_PATHS = frozenset(f"/{each.path}".encode() for each in ENDPOINTS if each.raw)


class _Tree(KleinResource):
    """Klein's tree, asked by name: a path names its endpoint, and matching a URL takes Klein as long as all the rest.

    It would also answer what is no path of ours in its own words, or as if it were one.
    """

    def __init__(self, app: Klein) -> None:
        super().__init__(app)
        self._tree = app

    def render(self, request: Any) -> Any:
        name = _name_of(request.place[1:].decode("latin-1"))
        if name in self._tree.endpoints:
            self._tree.execute_endpoint(name, request)
        else:
            answer_failure(request, NotFound("no such path"))
        return NOT_DONE_YET


def _name_of(path: str) -> str:
    """The path is the name, but for a link's: its token is as good as any."""
    link = _LINK.match(path)
    return fields.LINK + path[link.end() :] if link else path


def build_tree(services: Services) -> KleinResource:
    """The resource of all ordinary paths."""
    app = Klein()
    for endpoint in ENDPOINTS:
        app.route(f"/{endpoint.path}", endpoint=endpoint.path)(guarded(services, endpoint))
    for path, route in {DESCRIPTION: description_route(), **files.routes()}.items():
        app.route(f"/{path}", endpoint=path)(route)
    return _Tree(app)


def build_site(services: Services, reactor: Any) -> Site:
    """The whole site: the tree, with uploads taken before it and every body bounded."""
    site = Site(
        build_tree(services),
        reactor,
        early={f"/{fields.PUBLISH}".encode(): ingest_route(services)},
        large={f"/{each.path}".encode(): upload_route(services, each) for each in ENDPOINTS if each.raw},
        body_limit=_body_limit(services.limits),
        too_large=lambda request: answer_failure(request, TooLarge("body over the limit")),
        overloaded=lambda request: answer_failure(request, Unavailable("no room for its body")),
        connections=(services.limits.connections, services.limits.connections_per_address),
    )
    site.tally.on_told = lambda limit, times, address: services.audit.note(
        "limit_met", limit=limit, count=times, address=address
    )
    return site


def _body_limit(limits: Limits) -> Any:
    def limit(path: bytes) -> int:
        return limits.record if path in _RECORD_PATHS else limits.body

    return limit
