"""Behind a proxy: whose requests they are, and a base path that all paths lie below."""

from __future__ import annotations

import json

from tests.support.connection import HOST
from tests.support.edge import JSON_FAIL, OK, EdgeCase, path_of
from tests.support.http import H1Client
from tests.support.server import PASSWORD
from webcam.address import Networks
from webcam.api.services import Limits
from webcam.wire.frames import encode

CLIENT = ("x-forwarded-for", "6.6.6.6, 198.51.100.7")


class ForwardedEdge(EdgeCase):
    """The proxy is where the clients of these tests are."""

    proxies = Networks.read(f"{HOST}, unix")

    def login(self, *headers: tuple[str, str], password: str = PASSWORD, device: str = "phone") -> str:
        """The address that the audit log is told."""
        body = json.dumps({"name": "user", "pass": password, "device": device}).encode()
        self.post("authorize.json", body, headers)
        return str(self.world.audit.told[-1][1]["address"])

    def test_a_login_is_of_the_client(self) -> None:
        self.assertEqual(self.login(CLIENT), "198.51.100.7")
        self.assertEqual(self.login(("forwarded", "for=198.51.100.7;by=10.0.0.1")), "198.51.100.7")
        saved = self.world.run(self.world.store.sessions())
        self.assertEqual({each.address for each in saved}, {"198.51.100.7"})

    def test_what_nobody_can_read_is_the_proxys(self) -> None:
        for headers in ((), (("x-forwarded-for", "unknown"),), (CLIENT, ("forwarded", "for=6.6.6.6"))):
            self.assertEqual(self.login(*headers), HOST)

    def test_nobody_else_is_believed(self) -> None:
        self.client = self.connect(host="203.0.113.5")
        self.assertEqual(self.login(CLIENT), "203.0.113.5")

    def test_lockout_goes_by_the_client(self) -> None:
        """Who fails behind a proxy locks out his own network, whatever he claims to be."""
        for number in range(11):
            self.login(("x-forwarded-for", f"192.0.2.{number}, 198.51.100.7"), password="wrong")
        body = json.dumps({"name": "user", "pass": PASSWORD, "device": "phone"}).encode()
        self.refused(self.post("authorize.json", body, [CLIENT]), JSON_FAIL, 429)
        self.assertEqual(self.post("authorize.json", body, [("x-forwarded-for", "198.51.100.8")]).status, 200)

    def test_cooling_down_goes_by_the_client(self) -> None:
        token = self.authorize()
        other = self.world.run(self.services.accounts.authorize("user", PASSWORD, "phone", "", "198.51.100.7"))
        for _ in range(51):
            self.ask("heartBit.json", other)
        body = json.dumps({"name": "user", "pass": PASSWORD, "device": "phone"}).encode()
        self.assertEqual(self.post("authorize.json", body, [CLIENT]).status, 429)
        self.assertEqual(self.post("authorize.json", body, [("x-forwarded-for", "198.51.100.8")]).status, 200)
        self.assertEqual(self.ask("heartBit.json", token), OK)

    def test_room_for_bodies_is_the_clients(self) -> None:
        sid = self.client.open("POST", path_of("addMsgs.json"), [CLIENT])
        self.client.send_data(sid, b"x" * 1000)
        shares = self.world.site.bodies._shares
        self.assertEqual([shares.of(each) for each in ("198.51.100.7", HOST)], [1000, 0])
        self.client.reset(sid)
        self.assertEqual(len(shares), 0)


class ForwardedEdgeHTTP1(ForwardedEdge):
    client_class = H1Client


class ConnectionsEdge(EdgeCase):
    proxies = Networks.read(HOST)
    limits = Limits(connections=10, connections_per_address=2)

    def test_a_proxy_may_have_all_connections(self) -> None:
        for _ in range(6):
            self.assertTrue(self.world.site.connections.admits(HOST))
            self.connect()
        self.assertTrue(self.world.site.connections.admits("203.0.113.5"))
        for _ in range(2):
            self.connect(host="203.0.113.5")
        self.assertFalse(self.world.site.connections.admits("203.0.113.5"))


class BasePathEdge(EdgeCase):
    base = "/home/cam/"

    def test_paths_lie_below_it(self) -> None:
        token = self.authorize()
        self.assertEqual(self.client.ask(self.below("heartBit.json"), shash=token), OK)
        self.assertEqual(self.client.ask("/home/%63am/heartBit.json", shash=token), OK)
        self.assertEqual(self.client.fetch("GET", self.below("openapi.json")).status, 200)

    def test_everything_else_is_404(self) -> None:
        body = json.dumps({"shash": self.authorize()}).encode()
        elsewhere = ("/heartBit.json", "/home/heartBit.json", "//heartBit.json", "/home/camheartBit.json")
        for path in (*elsewhere, "/", "/home/cam", "/home/cam/home/cam/heartBit.json", "/openapi.json", "/input.raw"):
            self.assertEqual(self.client.fetch("POST", path, body).status, 404, path)

    def test_streams_both_ways(self) -> None:
        publisher, upload = self.connect(), 0
        upload = publisher.open("POST", self.below("input.raw", shash=self.authorize()))
        viewer = self.connect()
        watched = viewer.request("GET", self.below("output.raw", shash=self.authorize("phone"), device="camera"))
        publisher.send_data(upload, encode(b"frame"))
        self.assertEqual(viewer.response(watched).body, encode(b"frame"))
        publisher.end(upload)

    def test_bodies_have_the_bounds_of_their_paths(self) -> None:
        """A record may be larger than anything else."""
        token = self.authorize()
        size = [("content-length", str(2 * 1024 * 1024))]
        for path, status in (("addRecord.json", None), ("addMsgs.json", 413)):
            client = self.connect()
            sid = client.open("POST", self.below(path, shash=token), size)
            self.assertEqual(client.response(sid).status, status)
            client.drop()
        large = bytes(range(256)) * 4096
        self.assertEqual(self.client.fetch("POST", self.below("addRecord.json", shash=token), large).json(), OK)


class BasePathEdgeHTTP1(BasePathEdge):
    client_class = H1Client
