"""Requests that are under way when the storage is exchanged end then: what they know is of the other one."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.support.edge import INTERNAL_UNKNOWN_ERROR, OK, EdgeCase
from tests.support.server import PASSWORD


class CutEdge(EdgeCase):
    def hold(self, method: str) -> Deferred[None]:
        """From now on the store answers this only when what is returned fires."""
        gate: Deferred[None] = Deferred()
        real = getattr(self.world.store, method)

        async def held(*args: Any) -> Any:
            result = await real(*args)
            await gate
            return result

        self.patch(self.world.store, method, held)
        return gate

    def test_a_login_opens_no_session(self) -> None:
        """It was looked up in the storage that is no more."""
        gate = self.hold("account")
        body = b'{"name":"user","pass":"%b","device":"camera"}' % PASSWORD.encode()
        stream = self.client.request("POST", "/authorize.json", body)
        self.services.cut()
        self.refused(self.client.response(stream), INTERNAL_UNKNOWN_ERROR, 503)
        gate.callback(None)
        self.assertEqual(self.services.sessions.online(self.world.account_id), [])
        self.assertEqual(self.world.audit.told, [])

    def test_whoever_went_before_is_not_answered(self) -> None:
        token = self.authorize()
        gate = self.hold("add_messages")
        client = self.connect()
        client.request("POST", "/addMsgs.json", b'{"shash":"%b","msg":"m"}' % token.encode())
        client.drop()
        self.services.cut()
        gate.callback(None)
        self.assertEqual(self.services.under_way, set())

    def test_a_record_that_is_being_sent_is_broken_off(self) -> None:
        """Its next part might be another record's."""
        token = self.authorize()
        self.assertEqual(self.post("addRecord.json", bytes(1_000_000), shash=token).json(), OK)
        client = self.connect(window=1000, auto_window=False)
        stream = client.request("POST", "/getRecordData.json", b'{"shash":"%b","rid":1}' % token.encode())
        self.assertEqual(client.response(stream).status, 200)
        self.services.cut()
        response = client.response(stream)
        self.assertIsNotNone(response.reset_code)
        self.assertLess(len(response.body), 1_000_000)

    def test_streams_go_on(self) -> None:
        camera, upload = self.publish(self.authorize())
        viewer, download = self.watch(self.authorize("phone"), "camera")
        self.services.cut()
        camera.send_data(upload, b"\xaa\xaa\x01\x00\x00\x00x")
        self.assertEqual(viewer.response(download).body[6:], b"x")

    def test_nothing_is_kept_of_a_request_that_is_over(self) -> None:
        token = self.authorize()
        gate = self.hold("add_messages")
        stream = self.client.request("POST", "/addMsgs.json", b'{"shash":"%b","msg":"m"}' % token.encode())
        self.assertEqual(len(self.services.under_way), 1)
        gate.callback(None)
        self.assertEqual(self.client.response(stream).json(), OK)
        self.assertEqual(self.services.under_way, set())
