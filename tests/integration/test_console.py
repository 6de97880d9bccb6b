"""The console as a browser asks for it: over HTTP/2 with a cookie, across restarts; and records that want to run."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import SkipTest

from tests.support.chromium import PROGRAM
from tests.support.process import until
from tests.support.session import OK, ServerCase, bad
from tests.support.trail import PASSWORD, used
from webcam.wire.frames import encode

JPEG = b"\xff\xd8\xff\xe0 passes for a picture \xff\xd9"
NEW = "sesame-of-another-day"
OWN = {"sec-fetch-site": "same-origin"}


class ConsoleCase(ServerCase):
    def log_in(self, device: str = "browser", password: str = PASSWORD) -> None:
        """The client has the cookie from now on."""
        body = {"name": self.account, "pass": password, "device": device}
        answer = self.http.post("/console/login.json", json=body, headers=OWN)
        self.assertEqual(answer.json()["result"], "OK")

    def browse(self, path: str, **params: Any) -> Any:
        """What the page asks; the answer's JSON."""
        answer = self.http.post(f"/{path}", json=params, headers=OWN)
        return answer.json()


class BrowserTests(ConsoleCase):
    def test_the_page_and_its_files(self) -> None:
        page = self.http.get("/")
        self.assertEqual((page.status_code, page.http_version), (200, "HTTP/2"))
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assertEqual(page.headers["content-encoding"], "gzip")
        again = self.http.get("/", headers={"if-none-match": page.headers["etag"]})
        self.assertEqual((again.status_code, again.content), (304, b""))

    def test_a_session(self) -> None:
        self.log_in()
        session = self.browse("console/session.json")
        self.assertEqual((session["account"], session["device"], session["role"]), (self.account, "browser", "full"))
        self.assertEqual(self.http.post("/console/session.json", json={}).json(), bad(6), "not said whose page asks")
        self.assertEqual(self.http.post("/addRecord.json?meta=mine", content=JPEG, headers=OWN).json(), OK)
        (record,) = self.browse("console/records.json")["records"]
        self.assertEqual((record["meta"], record["size"], record["type"]), ("mine", len(JPEG), "image/jpeg"))
        picture = self.http.get("/console/record", params={"rid": record["rid"]}, headers=OWN)
        self.assertEqual((picture.content, picture.headers["content-type"]), (JPEG, "image/jpeg"))
        self.assertEqual([each["count"] for each in self.browse("console/days.json")["days"]], [1])
        self.assertEqual(self.browse("console/logout.json"), OK)
        self.assertEqual(self.browse("console/session.json"), bad(6))

    def test_a_camera_in_a_page(self) -> None:
        """A streaming upload by the cookie, seen by another one."""
        self.log_in("camera")
        camera = self.connect()
        ((name, token),) = self.http.cookies.items()
        self.assertRegex(name, r"\A__Host-webcam-[0-9a-f]{16}\Z")
        cookie = f"{name}={token}"
        upload = camera.open("POST", "/input.raw?subproto=RAW_JPEG", {"cookie": cookie, **OWN})
        camera.send(upload, encode(JPEG))
        viewer = self.connect()
        watching = self.watch(viewer, self.authorize("viewer"), "camera")
        viewer.wait(lambda: viewer.answers[watching].body == encode(JPEG))
        camera.end(upload)
        viewer.wait(lambda: viewer.answers[watching].over)

    def test_another_password(self) -> None:
        phone = self.authorize("phone")
        self.log_in()
        used("password", NEW)
        self.assertEqual(self.browse("console/password.json", old="sesame-is-wrong", new=NEW), bad(7))
        self.assertEqual(self.browse("console/password.json", old=PASSWORD, new=NEW), OK)
        self.assertEqual(self.call("heartBit.json", shash=phone), bad(6))
        self.assertEqual(self.browse("heartBit.json"), OK)
        self.http.cookies.clear()
        self.log_in(password=NEW)


class LinkTests(ConsoleCase):
    def test_a_link(self) -> None:
        """Somebody with nothing else sees the stream, until it is taken back."""
        self.log_in()
        made = self.browse("console/share.json", device="camera", hours=1)
        camera = self.connect()
        upload = self.publish(camera, "camera", "&subproto=RAW_JPEG")
        camera.send(upload, encode(JPEG))
        with self.server.client() as stranger:
            page = stranger.get(f"/{made['path']}")
            self.assertEqual((page.status_code, page.headers["cache-control"]), (200, "no-store"))
            until(lambda: stranger.get(f"/{made['path']}/snapshot.jpg").content == JPEG, "no snapshot")
            with stranger.stream("GET", f"/{made['path']}/stream.mjpg") as stream:
                pieces = stream.iter_raw()
                seen = b""
                while JPEG not in seen:
                    seen += next(pieces)
                self.assertEqual(self.browse("console/unshare.json", id=made["id"]), OK)
                for _ in pieces:
                    pass  # to its end
            self.assertEqual(stranger.get(f"/{made['path']}").status_code, 404)
        self.assertNotIn(made["path"].partition("/")[2], self.server.log)


class RestartTests(ConsoleCase):
    def setUp(self) -> None:
        super().setUp()
        self.own_server()

    def test_what_outlasts_a_restart(self) -> None:
        self.log_in()
        shash = self.authorize("camera", meta="at the gate")
        self.assertEqual(self.browse("console/sessions.json")["sessions"][1]["device"], "camera")
        made = self.browse("console/share.json", device="camera", hours=1)
        (sid,) = [each["sid"] for each in self.browse("console/sessions.json")["sessions"] if not each["current"]]
        self.assertEqual(self.browse("console/revoke.json", sid=sid), OK)
        self.assertEqual(self.call("heartBit.json", shash=shash), bad(6))
        before = self.browse("console/devices.json")["devices"]
        self.assertEqual([(each["device"], each["online"]) for each in before], [("browser", True), ("camera", False)])
        self.server.stop()
        self.server.start()
        cookies = self.http.cookies
        self.use_client(self.server.client())
        self.http.cookies = cookies
        self.assertEqual(self.browse("console/session.json")["device"], "browser", "the cookie is good still")
        camera = self.browse("console/devices.json")["devices"][1]
        self.assertEqual(camera, before[1])
        self.assertEqual([each["id"] for each in self.browse("console/shares.json")["shares"]], [made["id"]])
        self.assertEqual(self.http.get(f"/{made['path']}").status_code, 200)


class _Site(BaseHTTPRequestHandler):
    """A site that serves what it is given as what it is, and knows what it was asked for."""

    documents: dict[str, tuple[str, bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        """A document, or nothing."""
        self.asked.append(self.path)
        kind, body = self.documents.get(self.path, ("text/plain", b""))
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


class PlantedTests(ConsoleCase):
    """A record that a browser opens or embeds never runs, whatever it is."""

    def setUp(self) -> None:
        super().setUp()
        if PROGRAM is None:
            raise SkipTest("there is no Chromium")
        self.site = type("Site", (_Site,), {"documents": {}, "asked": []})
        self.elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), self.site)
        self.url = f"http://127.0.0.1:{self.elsewhere.server_port}"
        threading.Thread(target=self.elsewhere.serve_forever, daemon=True).start()
        self.addCleanup(self.elsewhere.server_close)
        self.addCleanup(self.elsewhere.shutdown)
        calls_home = f'new Image().src = "{self.url}/ran";'
        self.planted = {
            "/page": ("text/html", f"<!doctype html><script>{calls_home}</script>".encode()),
            "/drawing": (
                "image/svg+xml",
                f'<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("{self.url}/ran")</script></svg>'.encode(),
            ),
            "/script": ("text/javascript", calls_home.encode()),
        }

    def runs(self, *urls: str) -> int:
        """How often a planted script ran when a page embeds these in every way that there is."""
        ways = (
            '<iframe src="{}"></iframe>',
            '<object data="{}"></object>',
            '<embed src="{}">',
            '<img src="{}">',
            '<script src="{}"></script>',
        )
        frames = "".join(way.format(url.replace("&", "&amp;")) for url in urls for way in ways)
        self.site.documents["/frames"] = ("text/html", f"<!doctype html>{frames}".encode())
        self.site.asked.clear()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--dump-dom"]
        assert PROGRAM is not None
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # what it keeps is no log of ours
            command = [PROGRAM, *options, "--virtual-time-budget=4000", f"--user-data-dir={profile}"]
            page = f"{self.url}/frames"
            done = subprocess.run([*command, page], capture_output=True, text=True, timeout=90, check=False)
        self.assertIn("<iframe", done.stdout, "the page was not shown")
        return self.site.asked.count("/ran")

    def test_it_runs_nowhere(self) -> None:
        self.site.documents.update(self.planted)
        for path in self.planted:
            self.assertGreater(self.runs(f"{self.url}{path}"), 0, f"{path} runs where it is served as what it is")
        token = self.authorize("camera")
        for kind, data in self.planted.values():
            self.add_record(token, data, meta=kind)
        ids = [each["rid"] for each in self.call("console/records.json", shash=token)["records"]]
        records = [f"{self.server.url}/console/record?rid={each}&shash={token}" for each in ids]
        self.assertEqual(self.http.get(records[0]).content, self.planted["/script"][1], "it is there")
        self.assertEqual(self.runs(*records, *(f"{each}&download=1" for each in records)), 0)
