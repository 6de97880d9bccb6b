"""The Klein tree: every path of the protocol and of the console, its description, and what is none."""

from __future__ import annotations

import re
from typing import Any

from klein import Klein
from klein.resource import KleinResource
from twisted.web.server import NOT_DONE_YET

from webcam.address import Networks
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


class _Tree(KleinResource):
    """Klein's tree, asked by name: a path names its endpoint, and matching a URL takes Klein as long as all the rest.

    It would also answer what is no path of ours in its own words, or as if it were one.
    """

    def __init__(self, app: Klein, base: str) -> None:
        super().__init__(app)
        self._tree = app
        self._names = {_place(base, name): name for name in app.endpoints}
        self._any_link = _place(base, fields.LINK)
        self._link = re.compile(rb"\A" + re.escape(self._any_link).replace(re.escape(b"{token}"), b"[^/]+"))

    def render(self, request: Any) -> Any:
        name = self._names.get(request.place) or self._names.get(self._link.sub(self._any_link, request.place))
        if name is not None:
            self._tree.execute_endpoint(name, request)
        else:
            answer_failure(request, NotFound("no such path"))
        return NOT_DONE_YET


def _place(base: str, path: str) -> bytes:
    """Where an endpoint is, as requests ask for it."""
    return f"{base}{path}".encode()


def build_tree(services: Services) -> KleinResource:
    """The resource of all ordinary paths."""
    app = Klein()
    for endpoint in ENDPOINTS:
        app.route(f"/{endpoint.path}", endpoint=endpoint.path)(guarded(services, endpoint))
    for path, route in {DESCRIPTION: description_route(), **files.routes()}.items():
        app.route(f"/{path}", endpoint=path)(route)
    return _Tree(app, services.base)


def build_site(services: Services, reactor: Any, proxies: Networks | None = None) -> Site:
    """The whole site: the tree, with uploads taken before it and every body bounded. *proxies* are trusted ones."""
    records = {_place(services.base, each.path): each for each in ENDPOINTS if each.raw}
    site = Site(
        build_tree(services),
        reactor,
        early={_place(services.base, fields.PUBLISH): ingest_route(services)},
        large={place: upload_route(services, each) for place, each in records.items()},
        body_limit=_body_limit(services.limits, frozenset(records)),
        too_large=lambda request: answer_failure(request, TooLarge("body over the limit")),
        overloaded=lambda request: answer_failure(request, Unavailable("no room for its body")),
        connections=(services.limits.connections, services.limits.connections_per_address),
        proxies=proxies,
    )
    site.tally.on_told = lambda limit, times, address: services.audit.note(
        "limit_met", limit=limit, count=times, address=address
    )
    return site


def _body_limit(limits: Limits, records: frozenset[bytes]) -> Any:
    def limit(place: bytes) -> int:
        return limits.record if place in records else limits.body

    return limit
