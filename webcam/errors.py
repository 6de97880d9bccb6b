"""Failures, each with the reply code that clients read and the HTTP status that it travels under.

The codes are the protocol's own; docs/protocol.rst lists them. A failure is raised where it is found and turned into an
answer in one place, :mod:`webcam.api.guard`.
"""

from __future__ import annotations

from enum import IntEnum


class ReplyCode(IntEnum):
    """The protocol's error codes. The server itself never sends 0, 1 and 8: nothing of it ends in them."""

    NO_ERROR = 0
    UNSPECIFIED = 1
    INTERNAL_UNKNOWN_ERROR = 2
    DATABASE_FAIL = 3
    JSON_PARSER_FAIL = 4
    JSON_FAIL = 5
    NO_SUCH_SESSION = 6
    NO_SUCH_USER = 7
    NO_DEVICES_ONLINE = 8
    NO_SUCH_RECORD = 9
    NO_DATA_RETURNED = 10
    EMPTY_REQUEST = 11
    MALFORMED_REQUEST = 12
    NO_CHANNEL = 13
    ERRORED_STREAM = 14
    NO_SUCH_DEVICE = 15


class Failure(Exception):
    """Something that a request can end in. ``status`` is 200 wherever the protocol itself answers.

    The text is for the log: it never holds a password, a token or a piece of a body.
    """

    code = ReplyCode.INTERNAL_UNKNOWN_ERROR
    status = 200

    def headers(self) -> dict[str, str]:
        """Response headers that belong to this failure."""
        return {}


class DatabaseFail(Failure):
    """The storage refused; nothing of the request was stored."""

    code = ReplyCode.DATABASE_FAIL
    status = 503


class DiskFull(DatabaseFail):
    """The disk has no space for new data. What makes room is done all the same."""


class StorageClosed(DatabaseFail):
    """Nobody may use the storage now: it is being exchanged for another, or the server ends."""


class ParserFail(Failure):
    """The body is not JSON, or not UTF-8, or nested too deeply."""

    code = ReplyCode.JSON_PARSER_FAIL


class EncodedBody(ParserFail):
    """The body is JSON in an encoding, such as gzip; nobody has to be able to undo one."""

    status = 415


class NotAnObject(Failure):
    """The body is JSON, but no object."""

    code = ReplyCode.JSON_FAIL


class NoSuchSession(Failure):
    """The token is wrong, or its session has ended."""

    code = ReplyCode.NO_SUCH_SESSION


class NoSuchUser(Failure):
    """Wrong account name, wrong password, or an account that is disabled: they are indistinguishable."""

    code = ReplyCode.NO_SUCH_USER


class Unauthorized(Failure):
    """Neither a session nor a right name and password: a browser asks for them."""

    code = ReplyCode.NO_SUCH_USER
    status = 401

    def headers(self) -> dict[str, str]:
        return {"www-authenticate": 'Basic realm="webcam", charset="UTF-8"'}


class NotAllowed(Failure):
    """The session was opened by a secret whose role may not make this request."""

    code = ReplyCode.JSON_FAIL
    status = 403


class NoSuchRecord(Failure):
    """No record of the account has this id."""

    code = ReplyCode.NO_SUCH_RECORD


class NoData(Failure):
    """The record is there and has no data."""

    code = ReplyCode.NO_DATA_RETURNED


class DecoderFail(NoData):
    """The picture can't be decoded now; it may be later."""


class EmptyRequest(Failure):
    """Neither body nor query."""

    code = ReplyCode.EMPTY_REQUEST


class MalformedRequest(Failure):
    """A required parameter is missing, or a parameter has a value that it can't have."""

    code = ReplyCode.MALFORMED_REQUEST


class NoPicture(Failure):
    """The stream's payloads are no pictures, or none came in time."""

    code = ReplyCode.NO_DATA_RETURNED


class NoChannel(Failure):
    """The device is online and streams nothing."""

    code = ReplyCode.NO_CHANNEL


class ErroredStream(Failure):
    """The device's stream was closed for an error and has not come back."""

    code = ReplyCode.ERRORED_STREAM


class NoSuchDevice(Failure):
    """The account has no such device online."""

    code = ReplyCode.NO_SUCH_DEVICE


class FrameError(Failure):
    """A stream's bytes are no frames: a wrong header, or a frame over the limit."""

    code = ReplyCode.ERRORED_STREAM


class NotFound(Failure):
    """No such path."""

    code = ReplyCode.MALFORMED_REQUEST
    status = 404


class NoSuchLink(NotFound):
    """No link has this token, or it has ended."""


def allow_text(methods: tuple[str, ...]) -> str:
    """Return the value of ``allow`` for a path of these *methods*: HEAD goes where GET goes, OPTIONS everywhere."""
    return ", ".join((*methods, *(("HEAD",) if "GET" in methods else ()), "OPTIONS"))


class MethodNotAllowed(Failure):
    """The path exists; *methods* are its own."""

    code = ReplyCode.MALFORMED_REQUEST
    status = 405

    def __init__(self, methods: tuple[str, ...]) -> None:
        self.allowed = allow_text(methods)
        super().__init__(f"allowed: {self.allowed}")

    def headers(self) -> dict[str, str]:
        return {"allow": self.allowed}


class TooLarge(Failure):
    """The body is over its limit."""

    code = ReplyCode.MALFORMED_REQUEST
    status = 413


class RangeNotSatisfiable(Failure):
    """The range that was asked for starts behind the record's last byte. ``size`` in bytes."""

    code = ReplyCode.MALFORMED_REQUEST
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"of {size} bytes")
        self.size = size

    def headers(self) -> dict[str, str]:
        return {"content-range": f"bytes */{self.size}"}


class AskLater(Failure):
    """The client may ask for this again later.

    The code of all of them is one that every client takes as an error of this request alone: a device in the field
    answers :attr:`ReplyCode.NO_SUCH_SESSION` by another login at once, four a second, and an app that sees
    :attr:`ReplyCode.NO_SUCH_USER` never tries again.
    """

    code = ReplyCode.JSON_FAIL
    status = 429


class NotYet(AskLater):
    """The client has to wait. ``wait`` in whole seconds.

    ``news``: whether the operator has to be told; it is the first of a minute, or of a wait, that is refused for this.
    """

    def __init__(self, wait: int, news: bool) -> None:
        super().__init__(f"for {wait} s")
        self.wait = wait
        self.news = news

    def headers(self) -> dict[str, str]:
        return {"retry-after": str(self.wait)}


class CoolingDown(NotYet):
    """The device broke its limit of requests a minute and may not authorize yet."""


class LockedOut(NotYet):
    """Too many logins failed, and this one was not looked at: it says nothing of the name."""


class QuotaExceeded(AskLater):
    """The account holds as much as it may of what the request would add; nothing of the request was stored."""

    def headers(self) -> dict[str, str]:
        return {"retry-after": "60"}


class Unavailable(Failure):
    """The server is shutting down, or has more work of this kind than it takes on."""

    code = ReplyCode.INTERNAL_UNKNOWN_ERROR
    status = 503

    def headers(self) -> dict[str, str]:
        return {"retry-after": "5"}


class Overloaded(Unavailable):
    """A limit of work at once was met; the text names it, for it is counted as one."""


class AccountExists(Exception):
    """An account of this name exists already."""


class NoSuchAccount(Exception):
    """No account has this name or id (any more)."""


class SecretExists(Exception):
    """The account has a secret of this label already."""


class NoSuchSecret(Exception):
    """The account has no secret of this label."""


class Refused(Exception):
    """What the operator asked for can't be done; the text is one line for the operator."""


class StartFailure(Refused):
    """The server can't start, or an operator's program can't for the same reason."""
