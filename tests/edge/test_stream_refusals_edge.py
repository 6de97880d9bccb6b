"""What is refused of input.raw and output.raw, and how."""

from __future__ import annotations

from urllib.parse import quote

from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import (
    EMPTY_REQUEST,
    ERRORED_STREAM,
    MALFORMED_REQUEST,
    NO_CHANNEL,
    NO_SUCH_DEVICE,
    NO_SUCH_SESSION,
    OK,
    frames,
    path_of,
)
from tests.support.http import H1Client, H2Client
from webcam.api.services import Limits


class PublishRefusedTests(LiveCase):
    """There is no formatted error: the stream is closed by the host at once, and no other with it."""

    limits = Limits(frame=1000)

    def assert_refused(self, path: str, method: str = "POST") -> None:
        neighbour = self.connect(self.publisher_class)
        if self.publisher_class is H2Client:
            self.publish(self.phone, neighbour)
        lines = len(self.refusals())
        up = neighbour.open(method, path)
        self.assert_closed_by_host(neighbour, up)
        self.assertEqual(len(self.refusals()), lines + 1)
        self.assertEqual(self.listed(), ["phone"] if self.publisher_class is H2Client else [])
        neighbour.drop()

    def test_bad_parameters(self) -> None:
        token = quote(self.camera)
        for query in (
            "",
            "?",
            "?shash=",
            "?subproto=RAW_JPEG",
            "?shash=wrong",
            "?shash=%FF",
            f"?shash={token}&delta=x",
            f"?shash={token}&delta=-1",
            f"?shash={token}&delta=1.5",
            f"?shash={token}&delta=2147483648",
            f"?shash={token}&delta=%FF",
            f"?shash={token}&subproto=%FF",
            f"?shash={token}&subproto={'x' * 1025}",
        ):
            for method in ("POST", "PUT"):
                self.assert_refused(f"/input.raw{query}", method)

    def test_empty_delta_and_unknown_parameters(self) -> None:
        publisher, up = self.up(delta="", subproto="", unknown="x", delta2="y")
        self.assertIsNone(publisher.response(up).reset_code)
        self.assertEqual(
            self.ask("getStreams.json", self.phone)["devices"], [{"device": "camera", "subproto": "", "delta": 0}]
        )

    def test_what_is_no_frame(self) -> None:
        good = frames(1)[0]
        for junk in (
            b"\xab",
            b"\xaa\xab",
            b"\0",
            good + b"x",
            b"HTTP",
            b"\xaa\xaa\xe3\x03\0\0",
            b"\xaa\xaa" + b"\xff" * 4,
        ):
            publisher, up = self.up()
            viewer, down = self.down()
            lines = len(self.refusals())
            publisher.send_data(up, junk)
            self.assert_closed_by_host(publisher, up)
            response = viewer.response(down)
            self.assertEqual((response.body, response.ended), (good if junk.startswith(good) else b"", True))
            self.assertEqual(len(self.refusals()), lines + 1)
            self.bad(self.ask("output.raw", self.phone, device="camera"), ERRORED_STREAM)
            self.assertEqual(self.listed(), [])

    def test_largest_frame(self) -> None:
        publisher, up = self.up()
        viewer, down = self.down()
        publisher.send_data(up, frames(1, 994)[0])
        self.assertEqual(len(viewer.response(down).body), 1000)
        publisher.send_data(up, frames(1, 995)[0][:6])
        self.assert_closed_by_host(publisher, up)

    def test_errored_until_it_comes_back(self) -> None:
        """Or its device goes offline."""
        publisher, up = self.up()
        publisher.send_data(up, b"junk")
        publisher.pump()
        for _ in range(2):
            self.bad(self.ask("output.raw", self.phone, device="camera"), ERRORED_STREAM)
        publisher, up = self.up()
        publisher.end(up)
        self.bad(self.ask("output.raw", self.phone, device="camera"), NO_CHANNEL)
        publisher, up = self.up()
        publisher.send_data(up, b"junk")
        publisher.pump()
        self.clock.advance(400)
        self.assertEqual(self.ask("heartBit.json", self.phone), OK)
        self.clock.advance(400)
        self.world.run(self.services.sessions.sweep())
        self.bad(self.ask("output.raw", self.phone, device="camera"), NO_SUCH_DEVICE)
        self.authorize("camera")
        self.bad(self.ask("output.raw", self.phone, device="camera"), NO_CHANNEL)

    def test_refused_upload_does_not_touch_the_one_that_runs(self) -> None:
        self.up()
        client = self.connect(self.publisher_class)
        path = path_of("input.raw", shash=self.camera, delta="x")
        self.assert_closed_by_host(client, client.open("POST", path))
        self.assertEqual(self.listed(), ["camera"])


class PublishRefusedOverHTTP1Tests(PublishRefusedTests):
    """The same, by the end of the connection."""

    publisher_class = H1Client
    viewer_class = H1Client


class WatchRefusedTests(LiveCase):
    """output.raw answers in JSON what it refuses."""

    def watch_answer(self, **query: str):
        viewer, down = self.down(**query)
        return viewer.response(down)

    def test_no_such_device(self) -> None:
        """None of this name is online in the account, whatever other accounts have."""
        self.other_account()
        self.authorize("theirs", name="other")
        for device in ("nobody", "theirs", "CAMERA", " ", "\0"):
            viewer, down = self.watch(self.phone, device)
            self.refused(viewer.response(down), NO_SUCH_DEVICE)

    def test_no_channel(self) -> None:
        self.refused(self.watch_answer(), NO_CHANNEL)

    def test_own_stream_may_be_watched(self) -> None:
        self.up(token=self.phone)
        viewer, down = self.watch(self.phone, "phone")
        self.assertEqual(viewer.response(down).status, 200)

    def test_parameters(self) -> None:
        self.up()
        self.refused(self.post("output.raw"), EMPTY_REQUEST)
        self.refused(self.client.fetch("GET", "/output.raw"), EMPTY_REQUEST)
        self.refused(self.post("output.raw", device="camera"), MALFORMED_REQUEST)
        self.refused(self.post("output.raw", shash="wrong", device="camera"), NO_SUCH_SESSION)
        self.refused(self.post("output.raw", shash=self.phone), MALFORMED_REQUEST)
        self.refused(self.post("output.raw", shash=self.phone, device=""), MALFORMED_REQUEST)
        for every in ("x", "-1", "2", "1.5", "[]"):
            self.refused(self.watch_answer(every=every), MALFORMED_REQUEST)
        for every in ("", "0", "1"):
            self.assertEqual(self.watch_answer(every=every).header("content-type"), "application/octet-stream")

    def test_parameters_in_the_body(self) -> None:
        self.up()
        body = b'{"shash":"%b","device":"camera"}' % self.phone.encode()
        down = self.client.request("POST", "/output.raw", body)
        self.assertEqual(self.client.response(down).header("content-type"), "application/octet-stream")

    def test_device_name_is_text_of_any_kind(self) -> None:
        device = "\u00fc \0&=+%\U0001f4f7"
        self.up(token=self.authorize(device))
        viewer, down = self.watch(self.phone, device)
        self.assertEqual(viewer.response(down).status, 200)

    def test_charged_like_any_request(self) -> None:
        for _ in range(50):
            self.refused(self.watch_answer(), NO_CHANNEL)
        self.refused(self.watch_answer(), NO_SUCH_SESSION)


class WatchRefusedOverHTTP1Tests(WatchRefusedTests):
    """The same."""

    viewer_class = H1Client
