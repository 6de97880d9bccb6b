"""The sample configurations of nginx, Caddy and HAProxy, in the real ones: nothing waits in them, and the server knows
whose requests they bring. With a base path, and without."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import SkipTest

from tests.support.events import EventReader
from tests.support.field_client import FieldClient
from tests.support.process import Server, until
from tests.support.proxies import Caddy, HAProxy, Nginx, Proxy
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD, answered, used
from webcam.wire.frames import encode

CLIENT = "127.0.0.2"
"""Another address than the proxy's."""

SHORT = 5.0
"""Seconds in which a small frame has passed; one that waits for the next ones never does."""

SOON = 15.0
"""Seconds in which a client that left is gone."""

MADE_UP = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9;proto=http"}


@functools.cache
def server_below(base: str) -> Server:
    """One for all tests that want this base path; it ends with the tests."""
    server = Server(_folder(), "--plain", "--trusted-proxies=127.0.0.1", f"--base-path={base}")
    atexit.register(server.stop)
    return server.start()


@functools.cache
def in_front(kind: type[Proxy], base: str) -> Proxy:
    """A proxy in front of it; it ends before the server does."""
    proxy = kind(_folder(), server_below(base).port, base)
    atexit.register(proxy.stop)
    proxy.start()
    return proxy


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="webcam-tests-"))
    atexit.register(shutil.rmtree, folder)
    return folder


class ProxyCase(ServerCase):
    kind: type[Proxy]
    base = "/"

    def setUp(self) -> None:
        if self.kind.found() is None:
            raise SkipTest(f"{self.kind.program} is not installed")
        self.use_server(server_below(self.base))
        self.proxy = in_front(self.kind, self.base)
        self.use_client(self.proxy.client(CLIENT))

    def call(self, path: str, **params: Any) -> Any:
        return self.http.post(path, json=params, headers=MADE_UP).json()

    def login(self, device: str) -> str:
        answer = self.call("authorize.json", name=self.account, **{"pass": PASSWORD}, device=device)
        answered(json.dumps(answer).encode())
        return str(answer["shash"])

    def wire(self) -> FieldClient:
        """A connection to the proxy by HTTP/2."""
        wire = FieldClient(self.proxy)
        self.addCleanup(wire.close)
        return wire


class Tests:
    """What each of them passes."""

    kind: type[Proxy]

    def test_login_is_of_the_client(self: Any) -> None:
        """Whatever it says of itself."""
        self.login("phone")
        events = [json.loads(line) for line in (self.server.data / "audit.log").read_text().splitlines()]
        mine = [each for each in events if each["event"] == "login" and each["account"] == self.account]
        self.assertEqual([each["address"] for each in mine], [CLIENT])
        self.assertEqual(self.http.post("authorize.json", content=b"{}").http_version, "HTTP/2")

    def test_the_console_knows_its_own_pages(self: Any) -> None:
        """By the host that the browser asked, and its cookie is for the base path."""
        own = {"origin": f"https://127.0.0.1:{self.proxy.port}"}
        login = {"name": self.account, "pass": PASSWORD, "device": "browser"}
        given = self.http.post("console/login.json", json=login, headers=own).headers["set-cookie"]
        self.assertIn(f"; Path={self.base};", given)
        cookie = used("token", given.partition("=")[2].partition(";")[0])
        self.http.cookies.clear()
        sent = {"cookie": f"{given.partition('=')[0]}={cookie}"}
        self.assertEqual(self.http.post("console/session.json", headers={**own, **sent}).json()["device"], "browser")
        other = {"origin": "https://127.0.0.1", **sent}
        self.assertEqual(self.http.post("console/session.json", headers=other).json()["code"], 6)

    def test_frames_pass_one_by_one(self: Any) -> None:
        """Each is seen before the next one is sent, so none waits in either direction. And they end when it ends."""
        camera, viewer = self.wire(), self.wire()
        upload = camera.open("POST", f"{self.base}input.raw?shash={self.login('camera')}")
        camera.send(upload, encode(b"first"))
        token = self.login("phone")
        until(lambda: self.call("getStreams.json", shash=token)["devices"], "the stream is listed")
        watched = viewer.open("GET", f"{self.base}output.raw?shash={token}&device=camera", end=True)
        viewer.wait(lambda: viewer.answers[watched].status)
        body = viewer.answers[watched].body
        for number in range(20):
            frame = encode(b"%d" % number)
            camera.send(upload, frame)
            viewer.wait(lambda frame=frame: body.endswith(frame), SHORT)
        camera.end(upload)
        self.assertEqual(camera.answer(upload).status, 200)
        viewer.answer(watched)

    def test_who_leaves_is_gone(self: Any) -> None:
        camera = self.wire()
        camera.open("POST", f"{self.base}input.raw?shash={self.login('camera')}")
        token = self.login("phone")
        until(lambda: self.call("getStreams.json", shash=token)["devices"], "the stream is listed")
        camera.close()
        until(lambda: not self.call("getStreams.json", shash=token)["devices"], "the stream is gone")

    def test_a_viewer_who_leaves_a_silent_stream_is_gone(self: Any) -> None:
        """Nothing is sent that would fail: the proxy itself sees it, and ends the request."""
        camera, viewer = self.wire(), self.wire()
        upload = camera.open("POST", f"{self.base}input.raw?shash={self.login('camera')}")
        camera.send(upload, encode(b"the only one"))
        token = self.login("phone")
        until(lambda: self.call("getStreams.json", shash=token)["devices"], "the stream is listed")
        asked = [f"output.raw?shash={token}&device=camera"] * 8
        streams = [viewer.open("GET", f"{self.base}{each}", end=True) for each in asked]
        viewer.wait(lambda: all(viewer.answers[each].body for each in streams))
        self.assertGreaterEqual(self.server.connections(), len(asked))
        left = time.monotonic()
        viewer.close()
        until(lambda: self.server.connections() < len(asked), "the server's connections are closed")
        self.assertLess(time.monotonic() - left, SOON)

    def test_an_event(self: Any) -> None:
        token = self.login("phone")
        reader = EventReader()
        with self.http.stream("GET", "events", params={"shash": token}) as answer:
            chunks = answer.iter_raw()
            while not reader.last:
                reader.feed(next(chunks))
            with contextlib.closing(self.proxy.client()) as other:
                other.post("addMsgs.json", json={"shash": self.login("camera"), "msg": "hello"})
            while "message" not in [each.kind for each in reader.events]:
                reader.feed(next(chunks))
        told = {each.kind: each.data for each in reader.events}
        self.assertEqual(told["message"]["msg"], "hello")

    def test_a_large_upload(self: Any) -> None:
        """And back, by both versions of HTTP."""
        token, record = self.login("camera"), bytes(range(256)) * 8192
        for http2 in (True, False):
            self.use_client(self.proxy.client(CLIENT, http2))
            added = self.http.post("addRecord.json", params={"shash": token, "meta": "large"}, content=record)
            self.assertEqual(added.json(), OK)
            newest = self.call("getRecordCount.json", shash=token)["records"][-1]
            answer = self.http.post("getRecordData.json", json={"shash": token, "rid": newest["rid"]})
            self.assertEqual(answer.content, record)

    def test_what_is_refused_is_answered(self: Any) -> None:
        """Also before the end of a body that the server doesn't want."""
        self.assertEqual(self.call("heartBit.json", shash="none")["code"], 6)
        wire, body = self.wire(), b"x" * 2 * 1024 * 1024
        stream = wire.open("POST", f"{self.base}addMsgs.json", {"content-length": str(len(body))})
        wire.send(stream, body)
        wire.wait(lambda: wire.answers[stream].status)
        self.assertEqual(wire.answers[stream].status, 413)


class NginxTests(Tests, ProxyCase):
    kind = Nginx


class NginxBelowTests(NginxTests):
    base = "/cam/"


class CaddyTests(Tests, ProxyCase):
    kind = Caddy


class CaddyBelowTests(CaddyTests):
    base = "/cam/"


class HAProxyTests(Tests, ProxyCase):
    kind = HAProxy


class HAProxyBelowTests(HAProxyTests):
    base = "/cam/"
