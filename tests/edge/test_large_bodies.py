"""Large bodies of JSON: parsed in one go, and so for somebody with a session alone."""

from __future__ import annotations

import json
from typing import Any

from tests.support.edge import JSON_PARSER_FAIL, MALFORMED_REQUEST, NO_SUCH_SESSION, NO_SUCH_USER, OK, EdgeCase
from webcam.api.guard import MOST_SHOWN, STRANGERS_BODY
from webcam.console.endpoints import ENDPOINTS as CONSOLE
from webcam.wire import fields, jsontext

LARGE = "x" * STRANGERS_BODY
OWN_PAGE = ("sec-fetch-site", "same-origin")


def padded(size: int, **params: Any) -> bytes:
    """A body of so many bytes."""
    body = json.dumps({**params, "padding": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


class LargeBodyTests(EdgeCase):
    """What is more than a stranger may send."""

    def test_the_session_may_be_anywhere(self) -> None:
        """In the body, in front of what is large or behind it, in the query, or in the cookie."""
        token = self.authorize()
        for body in (
            json.dumps({"shash": token, "padding": LARGE}),
            json.dumps({"padding": LARGE, "shash": token}, indent=2),
            json.dumps({"padding": LARGE, "shash": token}, separators=(",", ":")),
            json.dumps({"other": [{"shash": "other"}], "padding": LARGE, "shash": token}),
        ):
            self.assertEqual(self.post("heartBit.json", body.encode()).json(), OK)
        body = json.dumps({"padding": LARGE}).encode()
        self.assertEqual(self.post("heartBit.json", body, shash=token).json(), OK)
        cookie = ("cookie", f"__Host-webcam-0123456789abcdef={token}")
        self.assertEqual(self.post("heartBit.json", body, [cookie, OWN_PAGE]).json(), OK)
        self.refused(
            self.post("heartBit.json", body, [cookie, ("sec-fetch-site", "cross-site")]), MALFORMED_REQUEST, 413
        )

    def test_a_message_of_a_megabyte(self) -> None:
        """It comes as it went."""
        camera, viewer = self.authorize("camera"), self.authorize("viewer")
        text = "\N{CAMERA}" * 80_000
        self.assertEqual(self.ask("addMsgs.json", camera, msg="large", params=[text]), OK)
        (message,) = self.ask("getMsgs.json", viewer)["msgs"]
        self.assertEqual(message["params"], [text])

    def test_nobody_is_turned_away_unread(self) -> None:
        """Without a session, without one that lives, with one that nobody sees before the body is parsed; nothing of it
        was done. Whoever shows a token learns that it is none."""
        token = self.authorize()
        escaped = json.dumps({"shash": token, "padding": LARGE}).replace("shash", "sh\\u0061sh")
        many = [{"shash": "other"}] * MOST_SHOWN
        for body in (json.dumps({"padding": LARGE}), json.dumps({"shash": 5, "padding": LARGE}), escaped, LARGE + "y"):
            self.refused(self.post("heartBit.json", body.encode()), MALFORMED_REQUEST, 413)
        for body in (
            json.dumps({"shash": "of-nobody", "padding": LARGE}),
            json.dumps({"many": many, "padding": LARGE, "shash": token}),
        ):
            self.refused(self.post("heartBit.json", body.encode()), NO_SUCH_SESSION)
            self.refused(self.post("getServerTime.json", body.encode()), MALFORMED_REQUEST, 413)
        self.refused(self.post("heartBit.json", LARGE.encode() + b"y", shash="of-nobody"), NO_SUCH_SESSION)
        (session,) = self.services.sessions.all()
        self.assertEqual(session.requests, 0)

    def test_a_session_that_was_silent_for_too_long_is_none(self) -> None:
        """Nor does it come to life by being looked at."""
        token = self.authorize()
        self.clock.advance(3600)
        self.refused(self.post("heartBit.json", padded(STRANGERS_BODY + 1, shash=token)), NO_SUCH_SESSION)

    def test_one_that_shows_another_session_is_parsed_and_refused(self) -> None:
        """The session that counts is the one that the parsed body names."""
        token = self.authorize()
        body = json.dumps({"inner": {"shash": token}, "padding": LARGE, "shash": "of-nobody"}).encode()
        self.refused(self.post("heartBit.json", body), NO_SUCH_SESSION)
        self.refused(self.post("heartBit.json", LARGE.encode() + b"y", shash=token), JSON_PARSER_FAIL)

    def test_logins(self) -> None:
        """They need no session, so they are never large: up to the very byte."""
        login = {"name": "user", "pass": "wrong", "device": "camera"}
        self.refused(self.post(fields.AUTHORIZE, padded(STRANGERS_BODY, **login)), NO_SUCH_USER)
        self.refused(self.post(fields.AUTHORIZE, padded(STRANGERS_BODY + 1, **login)), MALFORMED_REQUEST, 413)
        for path in (*(each.path for each in CONSOLE if "POST" in each.methods), "snapshot.jpg", "getServerTime.json"):
            answer = self.post(path, padded(STRANGERS_BODY + 1))
            self.assertEqual(answer.status, 413, path)

    def test_more_values_than_anybody_means(self) -> None:
        """By anybody, in a body and in the text of a field."""
        token = self.authorize()
        values = [1] * (jsontext.MAX_VALUES + 1)
        self.bad(self.ask("addMsgs.json", token, msg="m", params=values), MALFORMED_REQUEST)
        self.bad(self.ask("addMsgs.json", token, msg="m", params=json.dumps(values)), MALFORMED_REQUEST)
        self.assertEqual(self.ask("addMsgs.json", token, msg="m", params=values[:10_000]), OK)

    def test_texts_of_a_list_together(self) -> None:
        """Of messages whose parameters are text; brackets and commas inside their strings don't count."""
        token = self.authorize()
        text = json.dumps([1] * (jsontext.MAX_VALUES // 10))
        messages = [{"msg": "m", "params": text} for _ in range(10)]
        self.assertEqual(self.ask("addMsgs.json", token, msgs=messages[1:]), OK)
        self.bad(self.ask("addMsgs.json", token, msgs=[*messages, messages[0]]), MALFORMED_REQUEST)
        words = [{"msg": "m", "params": json.dumps(["[,{" * 5000])} for _ in range(10)]
        self.assertEqual(self.ask("addMsgs.json", token, msgs=words), OK)
        self.bad(self.ask("addMsgs.json", token, msg="m", params='["\\"\\'), MALFORMED_REQUEST)
