"""The guard: every endpoint's method, parsing, session and failures, in this order and in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from twisted.internet.defer import CancelledError, Deferred

from webcam.api.answers import answer_failure, answer_ok, as_failure
from webcam.api.cookies import cookie_token
from webcam.api.services import Services
from webcam.errors import (
    EncodedBody,
    MalformedRequest,
    MethodNotAllowed,
    NoSuchSession,
    NotAllowed,
    ReplyCode,
    TooLarge,
    Unauthorized,
    Unavailable,
    allow_text,
)
from webcam.http.authorization import basic
from webcam.http.request import Request
from webcam.model import Role
from webcam.service.session import Session
from webcam.wire import fields, replies
from webcam.wire.requests import Params, shown_tokens


@dataclass(frozen=True)
class Call:
    """A request that has passed the guard. ``session`` is the caller's; only open endpoints may be without one."""

    services: Services
    request: Request
    params: Params
    maybe_session: Session | None

    @property
    def session(self) -> Session:
        """The caller's session."""
        assert self.maybe_session is not None, "an endpoint without a session asked for it"
        return self.maybe_session


Handler = Callable[[Call], Awaitable["bytes | None"]]
"""The JSON answer; ``None`` when the handler has answered itself."""


class Needs(Enum):
    """What an endpoint wants of a session."""

    CHARGED = "a session, charged for one request"
    LOGIN = "a session, charged, or name and password by HTTP Basic"
    OPTIONAL = "a session if one is given, not charged; the request may be empty"
    NOTHING = "none"
    NOTHING_AT_ALL = "none; the request may be empty"


OWNER = frozenset((Role.FULL,))
PUBLISHER = frozenset((Role.FULL, Role.PUBLISH))
VIEWER = frozenset((Role.FULL, Role.VIEW))
EVERYBODY = frozenset(Role)
"""Whose sessions an endpoint serves."""

MAX_TOKEN = 65536
"""Characters: whatever is shown as a token is looked up, and not found."""

STRANGERS_BODY = 256 * 1024
"""Bytes of JSON that are parsed for somebody without a session. It is done in one go."""

MOST_SHOWN = 8
"""Tokens in a body that are looked at before it is parsed."""


@dataclass(frozen=True)
class Endpoint:
    """One path, for sessions of ``roles``.

    One of GET takes HEAD, too. ``raw``: the body is data, and all parameters are in the query. ``reads``: it changes
    nothing. ``statuses`` are in place of 200 where those who ask go by the status.
    """

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("POST",)
    needs: Needs = Needs.CHARGED
    roles: frozenset[Role] = OWNER
    raw: bool = False
    reads: bool = False
    statuses: Mapping[ReplyCode, int] = field(default_factory=dict)


def guarded(services: Services, endpoint: Endpoint) -> Callable[[Request], None]:
    """The endpoint as a route: answers now or later, and never fails.

    When the client goes away, one that only reads is given up: thousands of questions may wait for storage. Any other
    goes on to its end (a session that storage knows is known here, too); only the answer has no reader.
    """

    def route(request: Request) -> None:
        serving = Deferred.fromCoroutine(_serve(services, endpoint, request))
        if serving.called:
            return
        services.under_way.add(serving)
        serving.addBoth(lambda _: services.under_way.discard(serving))
        if endpoint.reads:
            request.notifyFinish().addErrback(lambda _: serving.cancel())

    return route


async def _serve(services: Services, endpoint: Endpoint, request: Request) -> None:
    try:
        if not answers_options(endpoint, request):
            by_login = endpoint.needs is Needs.LOGIN
            call = await admit_login(services, endpoint, request) if by_login else admit(services, endpoint, request)
            body = await endpoint.handler(call)
            if body is not None:
                answer_ok(request, body)
    except CancelledError:
        if not request.gone:
            answer_failure(request, Unavailable("the storage was exchanged"))
    except Exception as error:
        failure = as_failure(error, request)
        answer_failure(request, failure, endpoint.statuses.get(failure.code) if failure.status == 200 else None)


def answers_options(endpoint: Endpoint, request: Request) -> bool:
    """Whether the request only asked for the endpoint's methods, and was answered. Raises ``MethodNotAllowed``."""
    method = request.method.decode("latin-1")
    if method == "OPTIONS":
        allowed = allow_text(endpoint.methods)
        request.answer(200, replies.OK, (("allow", allowed), ("content-type", "application/json")))
        return True
    if ("GET" if request.head_only else method) not in endpoint.methods:
        raise MethodNotAllowed(endpoint.methods)
    return False


def admit(services: Services, endpoint: Endpoint, request: Request) -> Call:
    """The call of a request whose body, or its beginning, is here. Raises a :class:`webcam.errors.Failure`."""
    params = _params(services, endpoint, request)
    return Call(services, request, params, _session(services, endpoint, request, params))


async def admit_login(services: Services, endpoint: Endpoint, request: Request) -> Call:
    """The same, of an endpoint that takes a name and a password, too. Raises :class:`Unauthorized` when it has none."""
    params = _params(services, endpoint, request)
    header = None if params.text(fields.TOKEN) else request.requestHeaders.getRawHeaders(b"authorization", [None])[0]
    readings = basic(header)
    if readings:
        session = await services.logins.first(readings, request.address)
        request.vouch()
    else:
        found = session_of(services, request, params)
        if found is None:
            raise Unauthorized("neither token nor login")
        session = found
    return Call(services, request, params, allowed(session, endpoint.roles))


def _params(services: Services, endpoint: Endpoint, request: Request) -> Params:
    body = b"" if endpoint.raw else b"".join(request.body)
    if not request.query and not body and _may_be_empty(services, endpoint, request):
        return Params({}, {})
    if endpoint.raw and request.body:
        return Params.from_query(request.query)
    if body and request.is_encoded:
        raise EncodedBody("content-encoding")
    if len(body) > STRANGERS_BODY:
        _check_sender(services, endpoint, request, body)
    return Params.parse(request.query, body)


def _check_sender(services: Services, endpoint: Endpoint, request: Request, body: bytes) -> None:
    """Raises :class:`NoSuchSession` when no token that can be found without parsing the body is one of a live session,
    :class:`TooLarge` when there is no token, or none is wanted."""
    by_query = Params.from_query(request.query).text(fields.TOKEN, MAX_TOKEN)
    shown = (by_query, cookie_token(request, services.cookie), *islice(shown_tokens(body), MOST_SHOWN))
    tokens = [each for each in shown if each]
    if any(map(services.sessions.knows, tokens)):
        return
    if tokens and endpoint.needs in (Needs.CHARGED, Needs.LOGIN):
        raise NoSuchSession("unknown or ended, of a large body")
    raise TooLarge("body over the limit of one without a session")


def _may_be_empty(services: Services, endpoint: Endpoint, request: Request) -> bool:
    """One that shows its session by a cookie may have nothing more to say."""
    return (
        endpoint.needs in (Needs.OPTIONAL, Needs.NOTHING_AT_ALL) or cookie_token(request, services.cookie) is not None
    )


def _session(services: Services, endpoint: Endpoint, request: Request, params: Params) -> Session | None:
    if endpoint.needs in (Needs.NOTHING, Needs.NOTHING_AT_ALL):
        return None
    session = session_of(services, request, params, free=endpoint.needs is Needs.OPTIONAL)
    if session is not None:
        return allowed(session, endpoint.roles)
    if endpoint.needs is Needs.OPTIONAL:
        return None
    raise MalformedRequest(f"{fields.TOKEN} is missing")


def session_of(services: Services, request: Request, params: Params, free: bool = False) -> Session | None:
    """The session whose token the request shows, charged unless it is *free*, or else that of its cookie, which never
    is. ``None`` when it has neither. Raises :class:`webcam.errors.NoSuchSession`, :class:`webcam.errors.Overloaded`."""
    token = params.text(fields.TOKEN, MAX_TOKEN)
    session: Session | None
    if token:
        session = services.sessions.find(token) if free else services.sessions.charge(token)
    else:
        token = cookie_token(request, services.cookie)
        session = services.sessions.browse(token) if token else None
    if session is not None:
        request.vouch()
    return session


def allowed(session: Session, roles: frozenset[Role]) -> Session:
    """The same, if its role is one of these. Raises :class:`NotAllowed`."""
    if session.role not in roles:
        raise NotAllowed(f"its secret is one to {session.role.value}")
    return session
