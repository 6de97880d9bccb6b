"""Logging in by the console: the cookie, on which paths it counts, and for whom."""

from __future__ import annotations

import json

from tests.support.browser import OWN, BrowserCase
from tests.support.edge import (
    EMPTY_REQUEST,
    INTERNAL_UNKNOWN_ERROR,
    JPEG,
    JSON_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
    OK,
    frames,
)
from tests.support.http import H1Client
from tests.support.server import World
from tests.support.trail import PASSWORD, used
from webcam.model import MINUTE_REQUESTS, SESSION_MINUTES, SESSION_REQUESTS, Role
from webcam.service.lockout import FREE
from webcam.service.minute import REQUESTS
from webcam.service.tokens import digest_of, new_secret

HOST = "localhost:8080"
"""Whom the clients of these tests ask."""

WRONG = "sesame-that-is-wrong"


class BelowABasePath(BrowserCase):
    base = "/cam/"

    def test_the_cookie_is_for_that_path(self) -> None:
        given = self.log_in().header("set-cookie") or ""
        self.assertTrue(given.startswith("__Secure-webcam-0123456789abcdef="), given)
        self.assertIn("; Path=/cam/;", given)
        self.assertEqual(self.browse("console/session.json")["device"], "browser")

    def test_the_page_is_there(self) -> None:
        for path in ("", "console/style/base.css"):
            self.assertEqual(self.show(path).status, 200, path)
        self.assertEqual(self.client.fetch("GET", "/").status, 404)


class LoginTests(BrowserCase):
    def test_the_token_is_in_the_cookie_and_nowhere_else(self) -> None:
        answer = self.log_in()
        self.assertEqual(answer.json(), {**OK, "account": "user", "device": "browser", "role": "full", "disk": "fine"})
        cookie, *attributes = (answer.header("set-cookie") or "").split("; ")
        self.assertRegex(cookie, r"^__Host-webcam-0123456789abcdef=[A-Za-z0-9_-]{27}=$")
        self.assertEqual(sorted(attributes), ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"])
        self.assertNotIn(self.token, answer.body.decode())
        self.assertEqual(self.services.sessions.find(self.token).device, "browser")

    def test_a_second_login_in_the_same_browser_ends_the_first_session(self) -> None:
        """Nobody has its token any more; whatever its device is called now."""
        for device in ("browser", "another name"):
            self.log_in()
            first = self.services.sessions.find(self.token)
            self.log_in(device)
            self.assertTrue(first.ended)
            self.assertEqual(self.browse("console/session.json")["device"], device)
        self.assertEqual(len(self.services.sessions.all()), 1)

    def test_a_login_that_fails_ends_nothing(self) -> None:
        self.log_in()
        self.log_in(**{"pass": used("password", WRONG)})
        self.assertEqual(self.browse("console/session.json")["result"], "OK")

    def test_two_servers_of_one_host_leave_each_others_cookies_alone(self) -> None:
        """Another port, another instance: the browser sends both cookies to both."""
        self.log_in()
        mine, first = self.cookie, self.services
        here, self.world = self.world, World(self.limits, instance="fedcba9876543210")
        self.client = self.connect()
        self.cookie = mine
        self.log_in()
        self.assertNotEqual(self.cookie.partition("=")[0], mine.partition("=")[0])
        self.cookie = f"{mine}; {self.cookie}"
        self.assertEqual(self.browse("console/session.json")["result"], "OK")
        there, self.world = self.world, here
        self.client = self.connect()
        self.assertEqual(self.browse("console/session.json")["result"], "OK")
        self.assertEqual([len(each.sessions.all()) for each in (first, there.services)], [1, 1])

    def test_the_device_is_online_with_its_metadata(self) -> None:
        self.log_in(meta={"agent": "a phone"})
        found = self.browse("getDevicesOnline.json")["devices"]
        self.assertEqual(found, [{"device": "browser", "meta": '{"agent":"a phone"}'}])

    def test_wrong_name_or_password(self) -> None:
        for body in ({"name": "user", "pass": used("password", WRONG)}, {"name": "nobody", "pass": PASSWORD}):
            answer = self.client.fetch("POST", "/console/login.json", json.dumps({**body, "device": "b"}).encode())
            self.refused(answer, NO_SUCH_USER)
            self.assertIsNone(answer.header("set-cookie"))
        self.assertEqual(len(self.world.audit.of("login_refused")), 2)

    def test_lockout(self) -> None:
        for _ in range(FREE + 1):
            answer = self.log_in(**{"pass": used("password", WRONG)})
        self.refused(answer, JSON_FAIL, status=429)
        self.assertIsNotNone(answer.header("retry-after"))

    def test_malformed(self) -> None:
        self.refused(self.log_in(device=""), MALFORMED_REQUEST)
        self.refused(self.client.fetch("POST", "/console/login.json"), EMPTY_REQUEST)

    def test_a_page_of_another_site_logs_nobody_in(self) -> None:
        """It would be the stranger's account that the browser shows from then on."""
        body = json.dumps({"name": "user", "pass": PASSWORD, "device": "browser"}).encode()
        for header in (
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ):
            answer = self.client.fetch("POST", "/console/login.json", body, [header])
            self.refused(answer, JSON_FAIL, status=403)
            self.assertIsNone(answer.header("set-cookie"))
        self.assertEqual(self.services.sessions.all(), [])
        self.assertEqual(self.client.fetch("POST", "/console/login.json", body).json()["result"], "OK", "no browser")

    def test_a_secret_to_view(self) -> None:
        text = used("password", new_secret())
        self.world.run(self.world.store.add_secret("user", "guest", digest_of(text), Role.VIEW, frozenset()))
        self.assertEqual(self.log_in(**{"pass": text}).json()["role"], "view")
        self.assertEqual(self.browse("console/session.json")["role"], "view")
        answer = self.client.fetch("POST", "/getConfig.json", b"", self.headers)
        self.refused(answer, JSON_FAIL, status=403)


class SessionTests(BrowserCase):
    def test_whose_it_is_and_the_time(self) -> None:
        self.log_in()
        answer = self.browse("console/session.json")
        self.assertRegex(answer.pop("time"), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")
        self.assertEqual(answer, {**OK, "account": "user", "device": "browser", "role": "full", "disk": "fine"})

    def test_how_the_servers_disk_is(self) -> None:
        """What it says changes with the disk, and whoever follows events is told."""
        self.log_in()
        disk, space = self.world.disk, self.world.retention.space
        for free, state in ((10**12, "fine"), (10**10, "low"), (10**6, "full"), (10**12, "fine")):
            disk.others = disk.total - free
            space.look()
            self.assertEqual(self.browse("console/session.json")["disk"], state)

    def test_without_a_good_cookie(self) -> None:
        """The log has a line of a session that is gone, and none of a page that asks whether there is one."""
        self.bad(self.ask("console/session.json"), NO_SUCH_SESSION)
        self.assertEqual(self.refusals(), [])
        self.cookie = "__Host-webcam-0123456789abcdef="
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)
        self.cookie = "__Host-webcam-0123456789abcdef=\xe4\xff"
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)
        self.assertNotEqual(self.refusals(), [])

    def test_among_other_cookies_and_cut_to_pieces(self) -> None:
        self.log_in()
        headers = [("cookie", "a=b"), ("cookie", self.cookie), ("cookie", "nothing"), OWN]
        self.assertEqual(self.client.fetch("POST", "/heartBit.json", b"", headers).json(), OK)
        client = self.connect(H1Client)
        headers = [("cookie", f"a=b; {self.cookie}; c=d"), OWN]
        self.assertEqual(client.fetch("POST", "/heartBit.json", b"", headers).json(), OK)

    def test_logging_out_ends_it(self) -> None:
        self.log_in()
        session = self.services.sessions.find(self.token)
        answer = self.client.fetch("POST", "/console/logout.json", b"{}", self.headers)
        self.assertEqual(answer.json(), OK)
        self.assertIn("__Host-webcam-0123456789abcdef=; ", answer.header("set-cookie"))
        self.assertIn("Max-Age=0", answer.header("set-cookie"))
        self.assertEqual(answer.header("clear-site-data"), '"cache"')
        self.assertTrue(session.ended)
        self.assertEqual(self.world.run(self.world.store.sessions()), [], "nor does a restart bring it back")
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)
        self.assertEqual(self.browse("console/logout.json"), OK, "there is none any more")

    def test_another_site_neither_ends_it_nor_takes_the_cookie(self) -> None:
        self.log_in()
        headers = [("cookie", self.cookie), ("sec-fetch-site", "cross-site")]
        answer = self.client.fetch("POST", "/console/logout.json", b"{}", headers)
        self.assertEqual((answer.json(), answer.header("set-cookie")), (OK, None))
        self.assertEqual(self.browse("console/session.json")["result"], "OK")

    def test_it_ends_by_silence_as_any_other(self) -> None:
        self.log_in()
        minutes = self.services.settings.of(self.world.account_id)[SESSION_MINUTES]
        self.clock.advance(minutes * 60 - 1)
        self.assertEqual(self.browse("console/session.json")["result"], "OK", "asking keeps it")
        self.clock.advance(minutes * 60 + 1)
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)


class EveryPathTests(BrowserCase):
    """The cookie stands for a token on every path."""

    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def test_with_nothing_else_to_say(self) -> None:
        for path in ("heartBit.json", "getConfig.json", "getStreams.json", "getRecordCount.json", "getMsgs.json"):
            self.assertEqual(self.client.fetch("POST", f"/{path}", b"", self.headers).json()["result"], "OK", path)
            self.assertEqual(self.browse(path)["result"], "OK", path)

    def test_a_token_wins_over_it(self) -> None:
        other = self.authorize("other")
        self.assertEqual(self.browse("console/session.json", shash=other)["device"], "other")
        self.bad(self.browse("console/session.json", shash="none of ours"), NO_SUCH_SESSION)

    def test_uploads_of_records_small_and_large(self) -> None:
        for size in (10, 300_000):
            answer = self.client.fetch("POST", "/addRecord.json?meta=by%20hand", b"x" * size, self.headers)
            self.assertEqual(answer.json(), OK)
            self.assertEqual(self.client.fetch("POST", "/addRecord.json", b"x" * size, self.headers).json(), OK)
        found = self.browse("getRecordCount.json")["records"]
        self.assertEqual([each["device"] for each in found], ["browser"] * 4)

    def test_publishing_and_watching(self) -> None:
        for path in ("/input.raw?subproto=RAW_JPEG&delta=100", "/input.raw"):
            publisher = self.connect()
            upload = publisher.open("POST", path, self.headers)
            (frame,) = frames(1)
            publisher.send_data(upload, frame)
            body = json.dumps({"device": "browser"}).encode()
            watching = self.client.request("POST", "/output.raw", body, self.headers)
            self.client.pump()
            self.assertEqual(self.client.response(watching).body, frame)
            publisher.end(upload)
            self.assertEqual(publisher.response(upload).status, 200)

    def test_publishing_over_http_1(self) -> None:
        publisher = self.connect(H1Client)
        upload = publisher.open("POST", "/input.raw?subproto=RAW_JPEG", self.headers)
        publisher.send_data(upload, frames(1)[0])
        self.assertEqual(self.browse("getStreams.json")["devices"][0]["device"], "browser")
        publisher.end(upload)

    def test_events(self) -> None:
        following = self.client.open("GET", "/events", self.headers, end=True)
        self.client.pump()
        self.assertEqual(self.client.response(following).status, 200)
        self.world.run(self.services.messages.send(self.services.sessions.find(self.authorize()), [], sync=False))
        self.client.pump()
        self.assertIn(b"event: device-on", self.client.response(following).body)
        self.clock.advance(3600)
        self.assertEqual(self.browse("console/session.json")["result"], "OK", "an open stream is activity")
        self.browse("console/logout.json")
        self.client.pump()
        self.assertTrue(self.client.response(following).ended)

    def test_pictures(self) -> None:
        publisher = self.connect()
        upload = publisher.open("POST", "/input.raw?subproto=RAW_JPEG", self.headers)
        publisher.send_data(upload, b"\xaa\xaa" + len(JPEG).to_bytes(4, "little") + JPEG)
        answer = self.show("snapshot.jpg", device="browser")
        self.assertEqual((answer.status, answer.body), (200, JPEG))
        publisher.end(upload)
        self.browse("console/logout.json")
        self.refused(self.show("snapshot.jpg", device="browser"), NO_SUCH_SESSION, status=403)
        self.cookie = ""
        self.refused(self.show("snapshot.jpg", device="browser"), NO_SUCH_USER, status=401)


class OriginTests(BrowserCase):
    """The cookie counts for pages of this server alone."""

    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def taken(self, *headers: tuple[str, str]) -> bool:
        """Whether a request with these headers is one of the session."""
        answer = self.client.fetch("POST", "/heartBit.json", b"{}", [("cookie", self.cookie), *headers]).json()
        if answer != OK:
            self.bad(answer, MALFORMED_REQUEST)  # as if it were not there
        return bool(answer == OK)

    def test_what_browsers_say(self) -> None:
        self.assertTrue(self.taken(OWN))
        for other in ("cross-site", "same-site", "none", "", "Same-Origin"):
            self.assertFalse(self.taken(("sec-fetch-site", other)), other)

    def test_what_old_browsers_say(self) -> None:
        self.assertTrue(self.taken(("origin", f"https://{HOST}")))
        self.assertTrue(self.taken(("origin", f"http://{HOST}")), "a browser trusts its own machine without TLS")
        for other in (
            "https://localhost",
            "https://localhost:8081",
            "https://evil.example",
            f"https://evil.{HOST}",
            f"https://{HOST}.evil.example",
            f"https://user@{HOST}",
            f"ftp://{HOST}",
            f"https://{HOST}/",
            HOST,
            "null",
            "",
            "https://[",
        ):
            self.assertFalse(self.taken(("origin", other)), other)

    def test_the_newer_word_wins(self) -> None:
        self.assertFalse(self.taken(("sec-fetch-site", "cross-site"), ("origin", f"https://{HOST}")))
        self.assertTrue(self.taken(OWN, ("origin", "https://name-behind-a-proxy.example")))

    def test_nothing_said(self) -> None:
        self.assertFalse(self.taken())

    def test_no_path_takes_it_from_elsewhere(self) -> None:
        headers = [("cookie", self.cookie), ("sec-fetch-site", "cross-site")]
        self.refused(self.client.fetch("POST", "/addRecord.json?meta=x", b"data", headers), MALFORMED_REQUEST)
        self.refused(self.client.fetch("POST", "/addRecord.json?meta=x", b"d" * 300_000, headers), MALFORMED_REQUEST)
        self.refused(self.client.fetch("GET", "/events?x=y", b"", headers), MALFORMED_REQUEST)
        self.refused(self.client.fetch("GET", "/snapshot.jpg?device=browser", b"", headers), NO_SUCH_USER, status=401)
        upload = self.client.open("POST", "/input.raw?subproto=x", headers)
        self.client.pump()
        self.assertIsNotNone(self.client.response(upload).reset_code)
        self.assertEqual(self.browse("getRecordCount.json")["records"], [])


class CountTests(BrowserCase):
    """What the pages ask is not counted for settings 3 and 4, and bounded all the same."""

    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def test_more_than_a_device_may_ask(self) -> None:
        limits = self.services.settings.of(self.world.account_id)
        session = self.services.sessions.find(self.token)
        for _ in range(int(limits[MINUTE_REQUESTS]) + 1):
            self.assertEqual(self.browse("heartBit.json"), OK)
        self.assertEqual(session.requests, 0)
        self.assertLess(limits[SESSION_REQUESTS], REQUESTS)

    def test_the_bound(self) -> None:
        session = self.services.sessions.find(self.token)
        for _ in range(REQUESTS - 1):
            session.browsed.allows(self.clock.steady())
        self.assertEqual(self.browse("heartBit.json"), OK)
        answer = self.post("heartBit.json", b"{}", self.headers)
        self.refused(answer, INTERNAL_UNKNOWN_ERROR, status=503)
        self.assertIsNotNone(answer.header("retry-after"))
        self.clock.advance(60)
        self.assertEqual(self.browse("heartBit.json"), OK, "the session goes on")

    def test_by_its_token_it_is_counted(self) -> None:
        self.ask("heartBit.json", self.token)
        self.assertEqual(self.services.sessions.find(self.token).requests, 1)
