"""Failures: the protocol's codes, and the HTTP status that each travels under."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam import errors
from webcam.errors import Failure, ReplyCode

PROTOCOL = """
0 - NO_ERROR
1 - UNSPECIFIED
2 - INTERNAL_UNKNOWN_ERROR
3 - DATABASE_FAIL
4 - JSON_PARSER_FAIL
5 - JSON_FAIL
6 - NO_SUCH_SESSION
7 - NO_SUCH_USER
8 - NO_DEVICES_ONLINE
9 - NO_SUCH_RECORD
10 - NO_DATA_RETURNED
11 - EMPTY_REQUEST
12 - MALFORMED_REQUEST
13 - NO_CHANNEL
14 - ERRORED_STREAM
15 - NO_SUCH_DEVICE
"""

ANSWERS = {
    errors.Failure: (2, 200),
    errors.DatabaseFail: (3, 503),
    errors.DiskFull: (3, 503),
    errors.StorageClosed: (3, 503),
    errors.ParserFail: (4, 200),
    errors.EncodedBody: (4, 415),
    errors.NotAnObject: (5, 200),
    errors.NoSuchSession: (6, 200),
    errors.NoSuchUser: (7, 200),
    errors.NotAllowed: (5, 403),
    errors.Unauthorized: (7, 401),
    errors.NoSuchRecord: (9, 200),
    errors.NoData: (10, 200),
    errors.DecoderFail: (10, 200),
    errors.NoPicture: (10, 200),
    errors.EmptyRequest: (11, 200),
    errors.MalformedRequest: (12, 200),
    errors.NoChannel: (13, 200),
    errors.ErroredStream: (14, 200),
    errors.FrameError: (14, 200),
    errors.NoSuchDevice: (15, 200),
    errors.NotFound: (12, 404),
    errors.NoSuchLink: (12, 404),
    errors.MethodNotAllowed: (12, 405),
    errors.TooLarge: (12, 413),
    errors.RangeNotSatisfiable: (12, 416),
    errors.AskLater: (5, 429),
    errors.NotYet: (5, 429),
    errors.CoolingDown: (5, 429),
    errors.LockedOut: (5, 429),
    errors.QuotaExceeded: (5, 429),
    errors.Unavailable: (2, 503),
    errors.Overloaded: (2, 503),
}
"""Code and status. Where the protocol itself answers, the status is 200."""


def every_failure() -> set[type[Failure]]:
    found = {Failure}
    for each in vars(errors).values():
        if isinstance(each, type) and issubclass(each, Failure):
            found.add(each)
    return found


class CodesTests(SynchronousTestCase):
    """The list of codes."""

    def test_every_code(self) -> None:
        """Each of the protocol's codes exists under its name, with its number, and no other."""
        listed = [line.split(" - ") for line in PROTOCOL.strip().splitlines()]
        self.assertEqual({each.name: int(each) for each in ReplyCode}, {name: int(number) for number, name in listed})


class FailuresTests(SynchronousTestCase):
    """What a client is told."""

    def test_answers(self) -> None:
        """Code and status of each failure."""
        self.assertEqual({each: (int(each.code), each.status) for each in every_failure()}, ANSWERS)

    def test_field_every_429_has_code_5(self) -> None:
        """A device answers code 6 by another login at once, and an app that sees 7 never tries again."""
        waiting = {each for each in every_failure() if each.status == 429}
        self.assertEqual({each.code for each in waiting}, {ReplyCode.JSON_FAIL})
        self.assertLess({errors.CoolingDown, errors.LockedOut, errors.QuotaExceeded}, waiting)

    def test_every_code_has_a_failure(self) -> None:
        """But those that nothing of the server ends in."""
        unused = {ReplyCode.NO_ERROR, ReplyCode.UNSPECIFIED, ReplyCode.NO_DEVICES_ONLINE}
        self.assertEqual({each.code for each in every_failure()}, set(ReplyCode) - unused)

    def test_headers(self) -> None:
        """What the HTTP status asks for."""
        self.assertEqual(errors.MethodNotAllowed(("POST", "GET")).headers(), {"allow": "POST, GET, HEAD, OPTIONS"})
        self.assertEqual(errors.MethodNotAllowed(("POST",)).headers(), {"allow": "POST, OPTIONS"})
        self.assertEqual(errors.RangeNotSatisfiable(10).headers(), {"content-range": "bytes */10"})
        self.assertEqual(errors.CoolingDown(7, news=True).headers(), {"retry-after": "7"})
        self.assertEqual(errors.LockedOut(8, news=True).headers(), {"retry-after": "8"})
        self.assertTrue(int(errors.Unavailable("").headers()["retry-after"]) > 0)
        self.assertEqual(errors.MalformedRequest("").headers(), {})
