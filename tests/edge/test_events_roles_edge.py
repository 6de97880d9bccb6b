"""/events, by roles: sessions of secrets are told what their requests would tell them."""

from __future__ import annotations

from typing import Any

from tests.edge.test_roles_edge import RolesCase
from tests.support.events import Told
from tests.support.following import FollowCase
from webcam.model import Role


class RoleTests(RolesCase, FollowCase):
    def happen(self) -> None:
        self.send("to all")
        self.send("to guest", target="guest")
        self.send("to door", target="door")
        self.add()
        self.add(self.phone)
        self.authorize("tablet")
        self.publish(self.camera)

    def told_to(self, *secret: Any) -> list[tuple[str, str]]:
        """Kind and device of each event, followed as it happens; the same when it is asked for later."""
        token = self.open(*secret)
        client, stream = self.follow(token)
        last = self.reader(client, stream).last
        self.happen()
        told = self.told(client, stream)
        self.assertEqual(self.again_by(token, last), told)
        self.services.events.keep([])
        stored = [each.data for each in told if "stamp" in each.data]
        self.assertEqual([each.data for each in self.again_by(token, last) if each.kind != "reset"], stored)
        return [(each.kind, each.data.get("msg") or each.data["device"]) for each in told]

    def again_by(self, token: str, last: str) -> list[Told]:
        client, stream = self.follow(token, last)
        return self.told(client, stream)

    def test_one_that_publishes_is_told_of_messages_alone(self) -> None:
        self.assertEqual(self.told_to(Role.PUBLISH, "door"), [("message", "to all"), ("message", "to door")])

    def test_a_guest_is_told_of_no_messages(self) -> None:
        """Its name is nobody's: what is sent to a device of that name is not for it."""
        kinds = [("record-added", "camera"), ("record-added", "phone")]
        kinds += [("device-on", "tablet"), ("stream-start", "camera")]
        self.assertEqual(self.told_to(Role.VIEW, "guest"), kinds)

    def test_a_guest_that_sees_one_device_is_told_of_it_alone(self) -> None:
        kinds = [("record-added", "camera"), ("stream-start", "camera")]
        self.assertEqual(self.told_to(Role.VIEW, "guest", "camera"), kinds)

    def test_a_guest_is_no_device_that_comes_or_goes(self) -> None:
        client, stream = self.follow()
        guest = self.open(Role.VIEW, "guest")
        self.services.sessions.end(self.services.sessions.find(guest))
        self.assertEqual(self.told(client, stream), [])
