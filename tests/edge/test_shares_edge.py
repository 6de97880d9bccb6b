"""Links that share a stream: made, looked through, ended, taken back, and never in a log."""

from __future__ import annotations

from typing import Any

from tests.support.browser import BrowserCase
from tests.support.edge import (
    INTERNAL_UNKNOWN_ERROR,
    JPEG,
    JSON_FAIL,
    MALFORMED_REQUEST,
    NO_CHANNEL,
    NO_DATA_RETURNED,
    NO_SUCH_DEVICE,
    OK,
)
from tests.support.http import H1Client, Response
from tests.support.trail import used
from webcam.model import Role, stamp_of
from webcam.service import minute, shares
from webcam.service.tokens import digest_of, new_secret
from webcam.wire.frames import encode

SCRIPT = '"><script>parent.ran()</script>'
HOUR = 3600


class SharesCase(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def share(self, device: str = "camera", hours: int = 24) -> dict[str, Any]:
        """A new link."""
        answer: dict[str, Any] = self.browse("console/share.json", device=device, hours=hours)
        self.assertEqual(answer["result"], "OK")
        self.tokens.append(used("token", answer["path"].partition("/")[2]))
        return answer

    def stream(self, device: str = "camera", *payloads: bytes) -> Any:
        """Begin a stream with these pictures; its client and the upload."""
        publisher, upload = self.publish(self.authorize(device), subproto="RAW_JPEG")
        for payload in payloads or (JPEG,):
            publisher.send_data(upload, encode(payload))
        return publisher, upload

    def stranger(self, path: str, *more: tuple[str, str]) -> Response:
        """What somebody gets who has nothing but a link."""
        answer: Response = self.connect().fetch("GET", f"{self.base}{path}", headers=list(more))
        return answer

    def look(self, path: str) -> tuple[Any, int]:
        """Somebody who begins to look."""
        client = self.connect()
        return client, client.request("GET", f"{self.base}{path}/stream.mjpg")


class BelowABasePath(SharesCase):
    base = "/cam/share/"

    def test_a_link_is_there(self) -> None:
        """Even where the base path looks like one."""
        path = self.share()["path"]
        self.stream()
        self.assertEqual([self.stranger(path + more).status for more in ("", "/snapshot.jpg")], [200, 200])
        self.assertEqual(self.stranger(f"share/{new_secret()}").status, 404)
        self.assertEqual(self.connect().fetch("GET", f"/{path}").status, 404)


class MakingTests(SharesCase):
    def test_a_link(self) -> None:
        made = self.share(hours=24)
        self.assertRegex(made["path"], r"^share/[A-Za-z0-9_-]{27}$")
        self.assertEqual(made["until"], stamp_of(self.clock.wall() + 24 * HOUR))
        (listed,) = self.browse("console/shares.json")["shares"]
        self.assertEqual((listed["id"], listed["device"], listed["until"]), (made["id"], "camera", made["until"]))
        self.assertEqual(listed["made"], stamp_of(self.clock.wall()))

    def test_its_token_is_kept_nowhere(self) -> None:
        token = self.share()["path"].partition("/")[2]
        stored = "".join(self.world.store.connection.iterdump())
        self.assertNotIn(token, stored)
        self.assertIn(digest_of(token), stored)
        self.assertNotIn(token, repr(self.browse("console/shares.json")))

    def test_malformed(self) -> None:
        for wrong in ({"device": ""}, {"device": None}, {"hours": 0}, {"hours": 8761}, {"hours": None}, {"hours": 1.5}):
            answer = self.browse("console/share.json", **{"device": "camera", "hours": 1, **wrong})
            self.bad(answer, MALFORMED_REQUEST)
        for wrong in ({}, {"id": "x"}, {"id": -1}):
            self.bad(self.browse("console/unshare.json", **wrong), MALFORMED_REQUEST)
        self.assertEqual(self.browse("console/shares.json"), {**OK, "shares": []})

    def test_only_so_many(self) -> None:
        self.patch(shares, "PER_ACCOUNT", 2)
        for _ in range(2):
            self.share(hours=1)
        answer = self.post("console/share.json", b'{"device":"camera","hours":1}', self.headers)
        self.refused(answer, JSON_FAIL, status=429)
        self.clock.advance(HOUR)
        self.log_in()
        self.share()

    def test_no_matter_of_guests_nor_of_other_sites(self) -> None:
        made = self.share()
        headers = [("cookie", self.cookie), ("sec-fetch-site", "cross-site")]
        answer = self.client.fetch("POST", "/console/share.json", b'{"device":"camera","hours":1}', headers)
        self.refused(answer, MALFORMED_REQUEST)
        text = used("password", new_secret())
        self.world.run(self.world.store.add_secret("user", "guest", digest_of(text), Role.VIEW, frozenset()))
        self.log_in("guest", **{"pass": text})
        for path in ("share", "shares", "unshare"):
            body = b'{"device":"camera","hours":1,"id":%d}' % made["id"]
            self.refused(self.post(f"console/{path}.json", body, self.headers), JSON_FAIL, status=403)

    def test_it_is_noted(self) -> None:
        made = self.share()
        self.stranger(made["path"])
        self.stranger(made["path"])
        self.browse("console/unshare.json", id=made["id"])
        account = self.world.account_id
        added = {"account": account, "device": "browser", "link": made["id"], "of": "camera", "until": made["until"]}
        self.assertEqual(self.world.audit.of("link_added"), [added])
        seen = {"account": account, "link": made["id"], "of": "camera", "address": "192.0.2.7"}
        self.assertEqual(self.world.audit.of("link_used"), [seen], "once an hour from an address")
        removed = {"account": account, "device": "browser", "link": made["id"]}
        self.assertEqual(self.world.audit.of("link_removed"), [removed])
        self.assertNotIn(made["path"].partition("/")[2], repr(self.world.audit.told))


class LookingTests(SharesCase):
    def test_the_page(self) -> None:
        made = self.share("front <door>" + SCRIPT)
        for client in (self.client, self.connect(H1Client)):
            answer = client.fetch("GET", f"/{made['path']}")
            self.assertEqual((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"))
            page = answer.body.decode()
            token = made["path"].partition("/")[2]
            self.assertIn(f'src="{token}/stream.mjpg"', page)
            self.assertIn("front &lt;door&gt;", page)
            self.assertIn(f"{made['until'][:16]} UTC", page)
            self.assertNotIn("<script>", page)
            self.assertIn("script-src 'self'", answer.header("content-security-policy"))
            self.assertEqual(answer.header("referrer-policy"), "no-referrer")
            self.assertEqual(answer.header("cache-control"), "no-store")

    def test_in_a_language_that_the_browser_names(self) -> None:
        path = self.share()["path"]
        for accepted, lang in (("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, DE", "de"), ("pl", "en"), ("", "en")):
            page = self.stranger(path, ("accept-language", accepted)).body.decode()
            self.assertIn(f'<html lang="{lang}">', page)

    def test_the_stream(self) -> None:
        made = self.share()
        publisher, upload = self.stream()
        client, looking = self.look(made["path"])
        answer = client.response(looking)
        self.assertEqual((answer.status, answer.header("cache-control")), (200, "no-store"))
        self.assertIn("multipart/x-mixed-replace", answer.header("content-type"))
        publisher.send_data(upload, encode(JPEG + b"another"))
        self.assertIn(JPEG + b"another", client.response(looking).body)
        publisher.end(upload)
        self.assertTrue(client.response(looking).ended)

    def test_a_snapshot(self) -> None:
        made = self.share()
        publisher, upload = self.stream()
        answer = self.stranger(f"{made['path']}/snapshot.jpg?cache=5")
        self.assertEqual((answer.status, answer.body, answer.header("content-type")), (200, JPEG, "image/jpeg"))
        self.assertEqual(answer.header("cache-control"), "private, max-age=5")
        publisher.end(upload)

    def test_where_there_are_no_pictures(self) -> None:
        made = self.share()
        both = ("stream.mjpg", "snapshot.jpg")
        for path in both:
            self.refused(self.stranger(f"{made['path']}/{path}"), NO_SUCH_DEVICE, status=404)
        self.authorize("camera")
        for path in both:
            self.refused(self.stranger(f"{made['path']}/{path}"), NO_CHANNEL, status=404)
        publisher, upload = self.stream("camera", b"no picture")
        for path in both:
            self.refused(self.stranger(f"{made['path']}/{path}"), NO_DATA_RETURNED, status=404)
        publisher.end(upload)
        self.refused(self.stranger(f"{made['path']}/snapshot.jpg?cache=x"), MALFORMED_REQUEST, status=400)

    def test_it_shows_one_device_and_is_no_session(self) -> None:
        made = self.share()
        token = made["path"].partition("/")[2]
        publisher, upload = self.stream("other")
        answer = self.stranger(f"{made['path']}/snapshot.jpg?device=other")
        self.refused(answer, NO_SUCH_DEVICE, status=404)
        self.assertNotEqual(self.ask("getStreams.json", token)["result"], "OK")
        self.assertNotEqual(self.stranger(f"snapshot.jpg?shash={token}&device=other").status, 200)
        publisher.end(upload)

    def test_a_cookie_of_a_session_that_ended_is_in_nobodys_way(self) -> None:
        made = self.share()
        self.browse("console/logout.json")
        self.assertEqual(self.stranger(made["path"], *self.headers).status, 200)

    def test_viewers_are_bounded(self) -> None:
        self.patch(shares, "VIEWERS", 2)
        made = self.share()
        publisher, upload = self.stream()
        looking = [self.look(made["path"]) for _ in range(2)]
        self.refused(self.stranger(f"{made['path']}/stream.mjpg"), INTERNAL_UNKNOWN_ERROR, status=503)
        client, one = looking[0]
        client.reset(one)
        client, one = self.look(made["path"])
        self.assertEqual(client.response(one).status, 200)
        publisher.end(upload)

    def test_requests_are_bounded(self) -> None:
        self.patch(minute, "REQUESTS", 2)
        made, other = self.share(), self.share()
        for _ in range(2):
            self.assertEqual(self.stranger(made["path"]).status, 200)
        self.refused(self.stranger(made["path"]), INTERNAL_UNKNOWN_ERROR, status=503)
        self.assertEqual(self.stranger(other["path"]).status, 200, "another link has its own")
        self.clock.advance(60)
        self.assertEqual(self.stranger(made["path"]).status, 200)


class EndsTests(SharesCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.share(hours=1)
        self.publisher, self.upload = self.stream()
        self.viewer, self.looking = self.look(self.made["path"])
        self.assertFalse(self.viewer.response(self.looking).ended)

    def tearDown(self) -> None:
        self.viewer.drop()
        self.publisher.drop()
        super().tearDown()

    def sweep(self) -> None:
        self.world.run(self.services.shares.sweep())

    def assertEnded(self) -> None:
        """For who looks, and for who comes."""
        self.viewer.pump()
        self.assertTrue(self.viewer.response(self.looking).ended)
        page = self.stranger(self.made["path"])
        self.assertEqual((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"))
        self.assertIn("This link has ended", page.body.decode())
        self.assertIn("default-src 'none'", page.header("content-security-policy"))
        for path in ("stream.mjpg", "snapshot.jpg"):
            self.refused(self.stranger(f"{self.made['path']}/{path}"), MALFORMED_REQUEST, status=404)

    def assertGoesOn(self) -> None:
        self.sweep()
        self.viewer.pump()
        self.assertFalse(self.viewer.response(self.looking).ended)
        self.assertEqual(self.stranger(self.made["path"]).status, 200)

    def test_taken_back(self) -> None:
        self.assertEqual(self.browse("console/unshare.json", id=self.made["id"]), OK)
        self.assertEnded()
        self.assertEqual(self.browse("console/shares.json")["shares"], [])
        self.assertEqual(self.browse("console/unshare.json", id=self.made["id"]), OK, "one that is gone is no error")

    def test_by_its_time(self) -> None:
        self.clock.advance(HOUR - 1)
        self.assertGoesOn()
        self.clock.advance(1)
        self.sweep()
        self.assertEnded()
        self.world.run(self.services.shares.expire())
        self.assertEqual(self.world.store.query("SELECT id FROM shares"), [], "it is forgotten")

    def test_another_account_takes_nothing_back(self) -> None:
        self.other_account()
        token = self.authorize("theirs", name="other")
        self.assertEqual(self.ask("console/unshare.json", token, id=self.made["id"]), OK)
        self.assertEqual(self.ask("console/shares.json", token)["shares"], [])
        self.assertGoesOn()

    def test_a_disabled_account(self) -> None:
        self.world.run(self.world.store.set_disabled("user", True))
        self.sweep()
        self.assertEnded()

    def test_a_removed_account(self) -> None:
        self.world.run(self.world.store.remove_account("user"))
        self.sweep()
        self.assertEnded()

    def test_the_session_that_made_it_may_go(self) -> None:
        self.browse("console/logout.json")
        self.assertGoesOn()

    def test_another_database_ends_whoever_looks(self) -> None:
        """Its links are others; by one that is there still, they come again."""
        self.services.shares.start_anew()
        self.viewer.pump()
        self.assertTrue(self.viewer.response(self.looking).ended)
        client, looking = self.look(self.made["path"])
        self.assertEqual(client.response(looking).status, 200)

    def test_nothing_is_remembered_of_who_went(self) -> None:
        self.viewer.reset(self.looking)
        self.clock.advance(60)
        self.sweep()
        self.assertEqual(self.services.shares._uses, {})


class LogTests(SharesCase):
    def test_no_token_in_any_line(self) -> None:
        """Nor of one that is mistyped, or asked for in a way that nobody should."""
        made = self.share()
        token = made["path"].partition("/")[2]
        self.browse("console/unshare.json", id=made["id"])
        for path in (
            f"share/{token}",
            f"share/{token}/",
            f"share/{token}/stream.mjpg",
            f"share/{token}/snapshot.jpg?cache=x",
            f"share/{token}/none",
            f"Share/{token}",
            f"/share/{token}",
            f"base/share/{token}",
            f"%73hare/{token}",
            f"share%2f{token}",
            f"share/%{ord(token[0]):x}{token[1:]}",
            f"share/{token}%0a",
        ):
            for method in ("GET", "POST"):
                answer = self.connect().fetch(method, f"/{path}")
                self.assertIn(answer.status, (400, 404, 405), path)
        lines = self.refusals()
        self.assertGreater(len(lines), 20)
        for line in lines:
            self.assertNotIn(token[1:], line)

    def test_paths_of_a_link_that_are_none(self) -> None:
        path = self.share()["path"]
        for wrong in (f"{path}/", f"{path}/x", f"{path}/stream.mjpg/", "share/", "share", f"share//{path}"):
            self.refused(self.stranger(wrong), MALFORMED_REQUEST, status=404)
