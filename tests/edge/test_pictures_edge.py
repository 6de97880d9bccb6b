"""/stream.mjpg and /snapshot.jpg: for browsers and programs that know pictures alone, over HTTP/2 and HTTP/1.1."""

from __future__ import annotations

import base64
from typing import Any

from twisted.internet.defer import Deferred

from tests.edge.test_roles_edge import RolesCase
from tests.support.edge import (
    EMPTY_REQUEST,
    JPEG,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_CHANNEL,
    NO_DATA_RETURNED,
    NO_SUCH_DEVICE,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
    EdgeCase,
    path_of,
)
from tests.support.http import H1Client, H2Client
from tests.support.multipart import MultipartReader, Part
from tests.support.server import PASSWORD, _hash
from webcam.api.pictures import MAX_CACHE, PATIENCE
from webcam.model import NO_DEVICE, Role
from webcam.relay.pictures import FIRST_REPEAT, REPEAT
from webcam.service import logins
from webcam.wire.frames import encode

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(range(200))


def jpeg(number: int, size: int = 2000) -> bytes:
    """One that differs from the others."""
    return JPEG[:4] + bytes([number]) * size


def login(name: str = "user", password: str = PASSWORD, encoding: str = "utf-8") -> list[tuple[str, str]]:
    """The header of HTTP Basic."""
    return [("authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode())]


class PicturesCase(EdgeCase):
    """``camera`` streams; somebody looks."""

    looker_class: Any = H2Client

    def setUp(self) -> None:
        super().setUp()
        self.phone, self.camera = self.authorize("phone"), self.authorize("camera")
        self.publisher, self.up = self.publish(self.camera)

    def show(self, *pictures: bytes) -> None:
        for each in pictures:
            self.publisher.send_data(self.up, encode(each))
        self.publisher.pump()

    def look(self, path: str, client: Any = None, headers: Any = (), token: str = "", **query: str) -> tuple[Any, int]:
        """Ask for pictures of ``camera``; the client and the stream id."""
        client = client or self.connect(self.looker_class)
        if not headers:
            query["shash"] = token or self.phone
        return client, client.request("GET", path_of(path, **{"device": "camera", **query}), headers=headers)

    def parts(self, client: Any, stream: int) -> list[Part]:
        """All that came whole."""
        response = client.response(stream)
        reader = MultipartReader(response.header("content-type"))
        reader.feed(response.body)
        return reader.parts


class StreamTests(PicturesCase):
    def test_the_answer(self) -> None:
        client, stream = self.look("stream.mjpg")
        response = client.response(stream)
        self.assertEqual((response.status, response.ended), (200, False))
        self.assertEqual(response.header("content-type"), "multipart/x-mixed-replace; boundary=webcam-picture")
        self.assertEqual(response.header("cache-control"), "no-store")
        self.assertEqual(response.header("x-accel-buffering"), "no")

    def test_a_picture_comes_with_the_boundary_behind_it_in_the_turn_in_which_it_was_sent(self) -> None:
        """No time passes in this test; :class:`MultipartReader` gives a part when it has seen its end."""
        looking = self.look("stream.mjpg")
        shown = []
        for number in range(5):
            self.show(jpeg(number))
            shown.append(Part("image/jpeg", jpeg(number)))
            self.assertEqual(self.parts(*looking), shown)

    def test_it_begins_with_the_newest_picture(self) -> None:
        self.show(jpeg(1), jpeg(2))
        self.assertEqual(self.parts(*self.look("stream.mjpg")), [Part("image/jpeg", jpeg(2))])

    def test_each_kind_is_told_and_what_is_no_picture_is_passed_over(self) -> None:
        looking = self.look("stream.mjpg")
        self.show(JPEG, b"", PNG, b"GIF89a", b"<script>", WEBP, b"RIFF")
        self.assertEqual(
            self.parts(*looking), [Part("image/jpeg", JPEG), Part("image/png", PNG), Part("image/webp", WEBP)]
        )

    def test_the_last_picture_is_repeated_while_none_comes(self) -> None:
        client, stream = self.look("stream.mjpg")
        self.show(jpeg(1), jpeg(2))
        self.clock.advance(FIRST_REPEAT)
        self.assertEqual([each.data[4] for each in self.parts(client, stream)], [1, 2, 2])
        for count in range(2):
            self.clock.advance(REPEAT - 0.01)
            self.assertEqual(len(self.parts(client, stream)), 3 + count)
            self.clock.advance(0.01)
            self.assertEqual(len(self.parts(client, stream)), 4 + count)
        self.show(jpeg(3))
        self.clock.advance(FIRST_REPEAT - 0.01)
        self.assertEqual([each.data[4] for each in self.parts(client, stream)], [1, 2, 2, 2, 2, 3])

    def test_nothing_is_repeated_before_there_is_a_picture(self) -> None:
        client, stream = self.look("stream.mjpg")
        self.clock.advance(2 * REPEAT)
        self.assertEqual(self.parts(client, stream), [])

    def test_one_that_reads_slowly_is_skipped_to_the_newest_and_costs_no_memory(self) -> None:
        client = self.connect(self.looker_class, capacity=1000)
        _, stream = self.look("stream.mjpg", client)
        client.pump()
        client.reading = False
        for number in range(50):
            self.show(jpeg(number, 50_000))
            self.clock.advance(0.01)
        ((viewer,),) = [each._viewers for each in self.services.devices._hub.streams(self.world.account_id)]
        self.assertLess(viewer.behind, 128 * 1024)
        client.reading = True
        numbers = [each.data[4] for each in self.parts(client, stream)]
        self.assertEqual((numbers[-1], numbers), (49, sorted(set(numbers))))
        self.assertLess(len(numbers), 10)

    def test_it_ends_with_the_stream_the_session_and_the_client(self) -> None:
        first, second = self.look("stream.mjpg"), self.look("stream.mjpg", token=self.authorize("tablet"))
        self.look("stream.mjpg")[0].drop()
        self.show(JPEG)
        self.services.sessions.end(self.services.sessions.find(self.tokens[-1]))
        self.assertTrue(second[0].response(second[1]).ended)
        self.assertFalse(first[0].response(first[1]).ended)
        self.publisher.end(self.up)
        self.assertTrue(first[0].response(first[1]).ended)

    def test_a_stream_of_something_else_is_refused(self) -> None:
        self.show(b"no picture")
        for path in ("stream.mjpg", "snapshot.jpg"):
            client, stream = self.look(path)
            self.refused(client.response(stream), NO_DATA_RETURNED, 404)

    def test_an_empty_frame_says_nothing_of_what_is_streamed(self) -> None:
        self.show(b"")
        client, stream = self.look("stream.mjpg")
        self.show(JPEG)
        self.assertEqual(len(self.parts(client, stream)), 1)


class StreamOverHTTP1Tests(StreamTests):
    looker_class = H1Client


class SnapshotTests(PicturesCase):
    def test_the_newest_picture(self) -> None:
        for picture, kind in ((JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")):
            self.show(jpeg(1), picture)
            client, stream = self.look("snapshot.jpg")
            response = client.response(stream)
            self.assertEqual((response.status, response.body, response.ended), (200, picture, True))
            self.assertEqual(response.header("content-type"), kind)
            self.assertEqual(response.header("content-length"), str(len(picture)))
            self.assertEqual(response.header("x-content-type-options"), "nosniff")
            self.assertEqual(response.header("cache-control"), "no-store")

    def test_a_client_may_be_told_to_keep_it(self) -> None:
        self.show(JPEG)
        client, stream = self.look("snapshot.jpg", cache="10")
        self.assertEqual(client.response(stream).header("cache-control"), "private, max-age=10")
        client, stream = self.look("snapshot.jpg", cache=str(MAX_CACHE + 1))
        self.refused(client.response(stream), MALFORMED_REQUEST, 400)

    def test_it_waits_for_a_first_picture(self) -> None:
        client, stream = self.look("snapshot.jpg")
        self.show(b"")
        self.assertFalse(client.response(stream).ended)
        self.show(JPEG)
        self.assertEqual(client.response(stream).body, JPEG)

    def test_it_waits_no_longer_than_it_says(self) -> None:
        client, stream = self.look("snapshot.jpg")
        self.clock.advance(PATIENCE - 0.01)
        self.assertFalse(client.response(stream).ended)
        self.clock.advance(0.01)
        self.refused(client.response(stream), NO_DATA_RETURNED, 404)

    def test_it_waits_no_longer_than_the_stream(self) -> None:
        client, stream = self.look("snapshot.jpg")
        self.publisher.end(self.up)
        self.refused(client.response(stream), NO_DATA_RETURNED, 404)

    def test_who_went_is_forgotten(self) -> None:
        client, _ = self.look("snapshot.jpg")
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        self.assertEqual(stream.viewers, 1)
        client.drop()
        self.assertEqual(stream.viewers, 0)


class SnapshotOverHTTP1Tests(SnapshotTests):
    looker_class = H1Client


class RefusalTests(PicturesCase):
    """By the status: what shows pictures reads no JSON."""

    def status(self, code: int, status: int, **query: Any) -> None:
        for path in ("stream.mjpg", "snapshot.jpg"):
            client, stream = self.look(path, **query)
            self.refused(client.response(stream), code, status)

    def test_devices(self) -> None:
        self.status(NO_SUCH_DEVICE, 404, device="unknown")
        self.status(NO_CHANNEL, 404, device="phone")
        self.status(MALFORMED_REQUEST, 400, device="")

    def test_sessions(self) -> None:
        """A wrong token asks no browser for a password: the page that showed the picture knows what to do."""
        client, stream = self.look("snapshot.jpg", token="wrong")
        self.refused(client.response(stream), NO_SUCH_SESSION, 403)
        self.assertIsNone(client.response(stream).header("www-authenticate"))
        self.refused(self.client.fetch("GET", "/snapshot.jpg"), EMPTY_REQUEST, 400)

    def test_bodies(self) -> None:
        """One that is no JSON, or no object, is malformed as anything else is."""
        for path in ("stream.mjpg", "snapshot.jpg"):
            self.refused(self.post(path, b"{", device="camera"), JSON_PARSER_FAIL, 400)
            self.refused(self.post(path, b"[]", device="camera"), JSON_FAIL, 400)

    def test_another_account(self) -> None:
        self.other_account()
        self.status(NO_SUCH_DEVICE, 404, token=self.authorize("phone", name="other"))

    def test_no_login(self) -> None:
        for headers in ((), [("authorization", "Bearer x")], [("authorization", "Basic !")], login("user", "no")):
            response = self.client.fetch("GET", path_of("snapshot.jpg", device="camera"), headers=headers)
            self.refused(response, NO_SUCH_USER, 401)
            self.assertEqual(response.header("www-authenticate"), 'Basic realm="webcam", charset="UTF-8"')


class LoginTests(PicturesCase):
    """HTTP Basic."""

    def setUp(self) -> None:
        super().setUp()
        self.show(JPEG)
        self.checked = 0
        check = self.services.accounts._passwords.check

        async def counted(*args: Any) -> bool:
            self.checked += 1
            return await check(*args)

        self.services.accounts._passwords.check = counted  # type: ignore[method-assign]

    def snapshot(self, headers: Any = None) -> int:
        client, stream = self.look("snapshot.jpg", headers=headers or login())
        return int(client.response(stream).status)

    def test_pictures_come_and_a_password_is_checked_once(self) -> None:
        """argon2 takes a core for a while; a program may ask each second."""
        for _ in range(100):
            self.assertEqual(self.snapshot(), 200)
        client, stream = self.look("stream.mjpg", headers=login())
        self.assertEqual(len(self.parts(client, stream)), 1)
        self.assertEqual(self.checked, 1)

    def test_it_is_no_device(self) -> None:
        """Not online, not remembered as one that was, and nobody is told that it came."""
        told: list[str] = []
        self.patch(self.services.sessions, "on_online", lambda _account, presence: told.append(presence.device))
        self.assertEqual(self.snapshot(), 200)
        self.assertEqual(len(self.services.sessions.all()), 3)
        online = self.ask("getDevicesOnline.json", self.phone)["devices"]
        self.assertEqual([each["device"] for each in online], ["camera", "phone"])
        seen = self.ask("console/devices.json", self.phone)["devices"]
        self.assertEqual([each["device"] for each in seen], ["camera", "phone"])
        self.assertEqual(told, [])

    def test_as_many_devices_as_there_may_be_keep_nobody_from_looking(self) -> None:
        self.world.run(self.world.store.set_quota("user", "devices", 2))
        self.world.run(self.services.accounts.refresh())
        self.assertEqual(self.snapshot(), 200)

    def test_it_ends_as_other_sessions_do_and_is_listed_among_them(self) -> None:
        self.assertEqual(self.snapshot(), 200)
        (found,) = [each for each in self.services.sessions.all() if each.device == NO_DEVICE]
        listed = self.ask("console/sessions.json", self.phone)["sessions"]
        self.assertEqual([each["device"] for each in listed], [NO_DEVICE, "camera", "phone"])
        self.world.run(self.world.store.revoke_sessions("user", NO_DEVICE))
        self.world.run(self.services.accounts.refresh())
        self.assertTrue(found.ended)

    def test_a_session_by_the_same_password_is_a_device(self) -> None:
        self.assertEqual(
            self.post("authorize.json", name="user", pass_=PASSWORD, device="looks").json()["result"], "OK"
        )
        online = self.ask("getDevicesOnline.json", self.phone)["devices"]
        self.assertEqual([each["device"] for each in online], ["camera", "looks", "phone"])

    def test_a_wrong_password_is_checked_each_time(self) -> None:
        for _ in range(2):
            self.assertEqual(self.snapshot(login("user", "wrong")), 401)
            self.assertEqual(self.snapshot(login("nobody")), 401)
        self.assertEqual(self.checked, 4)

    def test_a_new_password_ends_it(self) -> None:
        self.snapshot()
        self.world.run(self.world.store.set_password("user", _hash("sesame-new")))
        self.world.run(self.services.accounts.refresh())
        self.publisher, self.up = self.publish(self.authorize("camera"))
        self.show(JPEG)
        self.assertEqual((self.snapshot(), self.snapshot(login("user", "sesame-new"))), (401, 200))

    def test_a_session_that_was_silent_for_too_long_is_opened_anew(self) -> None:
        self.snapshot()
        self.clock.advance(601)
        self.world.run(self.services.sessions.sweep())
        self.assertEqual((self.snapshot(), self.checked), (200, 2))

    def test_name_and_password_are_told_apart(self) -> None:
        self.snapshot()
        self.assertEqual(self.snapshot(login("user1", "11")), 401)

    def test_those_that_are_remembered_are_bounded(self) -> None:
        self.patch(logins, "REMEMBERED", 2)
        for name in ("a", "b"):
            self.world.run(self.world.store.add_account(name, _hash(PASSWORD)))
        self.world.run(self.services.accounts.refresh())
        for name in ("user", "a", "user", "b", "user"):
            self.snapshot(login(name))
        self.assertEqual((self.checked, len(self.services.logins._tokens)), (3, 2))
        self.snapshot(login("a"))
        self.assertEqual((self.checked, self.services.logins._turns), (4, {}))

    def test_text_is_unicode(self) -> None:
        self.world.run(self.world.store.add_account("Jürgen", _hash("pässword:1")))
        self.world.run(self.services.accounts.refresh())
        self.assertEqual(self.snapshot(login("Jürgen", "pässword:1")), 404)
        self.assertEqual(self.snapshot(login("Jürgen", "pässword:2")), 401)

    def add(self, name: str, password: str) -> None:
        self.world.run(self.world.store.add_account(name, _hash(password)))
        self.world.run(self.services.accounts.refresh())

    def test_text_in_latin_1(self) -> None:
        """aiohttp and requests write it so, and with them Home Assistant."""
        self.add("Jürgen", "pässword:1")
        self.assertEqual(self.snapshot(login("Jürgen", "pässword:1", "latin-1")), 404)
        self.assertEqual(self.snapshot(login("Jürgen", "pässword:2", "latin-1")), 401)
        self.assertEqual(self.checked, 2)

    def test_what_is_text_in_both(self) -> None:
        """The second reading is tried when the first is wrong, and once in a session."""
        self.add("user 2", "pÃ¤ssword:3")
        self.add("user 3", "pässword:3")
        for _ in range(3):
            self.assertEqual(self.snapshot(login("user 2", "pÃ¤ssword:3", "latin-1")), 404)
        self.assertEqual(self.checked, 2)
        for _ in range(3):
            self.assertEqual(self.snapshot(login("user 3", "pässword:3")), 404)
        self.assertEqual(self.checked, 3)

    def test_a_guess_is_counted_by_its_readings(self) -> None:
        """The lockout counts each hash: two readings are no cheaper way to guess."""
        failed: list[str] = []
        attempt = self.services.accounts._lockout.attempt
        self.services.accounts._lockout.attempt = lambda name, *more: failed.append(name) or attempt(name, *more)  # type: ignore[func-returns-value,method-assign]
        self.assertEqual(self.snapshot(login("user", "päss")), 401)
        self.assertEqual(self.snapshot(login("user", "pass")), 401)
        self.assertEqual((len(failed), self.checked), (3, 3))


class GuestTests(RolesCase, PicturesCase):
    """A secret to view, as password."""

    def test_it_sees_its_devices_and_is_none_itself(self) -> None:
        self.show(JPEG)
        mine, others = self.secret(Role.VIEW, "camera"), self.secret(Role.VIEW, "door")
        for secret, status in ((mine, 200), (others, 404), (self.secret(Role.PUBLISH), 403)):
            client, stream = self.look("snapshot.jpg", headers=login("user", secret))
            self.assertEqual(client.response(stream).status, status)
        online = [each["device"] for each in self.ask("getDevicesOnline.json", self.phone)["devices"]]
        self.assertEqual(online, ["camera", "phone"])


class LoginAtOnceTests(PicturesCase):
    def test_many_at_once_check_one_password(self) -> None:
        """A wall of pictures: each asks before the first is answered."""
        self.show(JPEG)
        passwords = self.services.accounts._passwords
        check, turn = passwords.check, Deferred[None]()

        async def slow(*args: Any) -> bool:
            await turn
            self.patch(passwords, "check", None)
            return await check(*args)

        self.patch(passwords, "check", slow)
        client = self.connect(H2Client)
        waiting = [self.look("snapshot.jpg", client, login())[1] for _ in range(logins.WAITING + 2)]
        self.refused(client.response(waiting.pop()), 2, 503)
        turn.callback(None)
        self.assertEqual([client.response(each).status for each in waiting], [200] * (logins.WAITING + 1))
        self.assertEqual(self.services.logins._turns, {})
