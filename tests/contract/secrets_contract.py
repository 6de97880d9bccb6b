"""The contract of secrets, and of sessions that are revoked."""

from __future__ import annotations

from tests.contract.promises import TEXTS, Contract, saved
from webcam.errors import NoSuchAccount, NoSuchSecret, SecretExists
from webcam.model import Role, Secret

NONE: frozenset[str] = frozenset()


class SecretsContract(Contract):
    async def new_secret(
        self,
        label: str,
        name: str = "user",
        role: Role = Role.VIEW,
        devices: frozenset[str] = NONE,
        every_frame: bool = False,
    ) -> Secret:
        digest = f"digest of {name}'s {label}"
        secret_id = await self.store.add_secret(name, label, digest, role, devices, every_frame)
        return Secret(secret_id, label, role, devices, every_frame)

    async def saved_digests(self) -> list[str]:
        return sorted(each.digest for each in await self.store.sessions())

    async def test_secrets_come_back_as_they_were_added_by_label(self):
        await self.account()
        await self.account("other")
        view = await self.new_secret("guest", devices=frozenset(("porch", "garden")))
        publish = await self.new_secret("camera", role=Role.PUBLISH)
        theirs = await self.new_secret("guest", "other", every_frame=True)
        self.assertEqual(await self.store.secrets("user"), [publish, view])
        self.assertEqual(await self.store.secrets("other"), [theirs])
        self.assertEqual(len({each.secret_id for each in (view, publish, theirs)}), 3)

    async def test_a_secret_is_found_by_its_digest_in_its_account_alone(self):
        await self.account()
        await self.account("other")
        secret = await self.new_secret("guest")
        self.assertEqual(await self.store.secret("user", "digest of user's guest"), secret)
        for name, digest in (("other", "digest of user's guest"), ("user", ""), ("nobody", "digest of user's guest")):
            self.assertIsNone(await self.store.secret(name, digest))

    async def test_a_label_exists_once_in_an_account(self):
        await self.account()
        secret = await self.new_secret("guest")
        await self.refused(SecretExists, self.store.add_secret("user", "guest", "another", Role.PUBLISH, NONE))
        self.assertEqual(await self.store.secrets("user"), [secret])

    async def test_nobody_has_no_secrets(self):
        await self.account()
        await self.refused(NoSuchAccount, self.store.add_secret("nobody", "guest", "d", Role.VIEW, NONE))
        await self.refused(NoSuchAccount, self.store.secrets("nobody"))
        await self.refused(NoSuchAccount, self.store.remove_secret("nobody", "guest"))
        self.assertEqual(await self.store.secrets("user"), [])

    async def test_labels_and_devices_keep_every_character(self):
        await self.account()
        secrets = [await self.new_secret(text, devices=frozenset(TEXTS)) for text in TEXTS]
        self.assertEqual(await self.store.secrets("user"), sorted(secrets, key=lambda each: each.label))

    async def test_a_session_remembers_its_secret(self):
        account_id = await self.account()
        secret = await self.new_secret("guest", devices=frozenset(("porch",)), every_frame=True)
        sessions = [saved("by password", account_id), saved("by secret", account_id, secret=secret)]
        await self.store.save_sessions(sessions)
        self.assertEqual(await self.store.sessions(), sessions)

    async def test_a_removed_secret_takes_its_sessions_and_they_are_to_end(self):
        account_id = await self.account()
        secret, other = await self.new_secret("guest"), await self.new_secret("other")
        await self.store.save_sessions(
            [
                saved("guest 1", account_id, secret=secret),
                saved("guest 2", account_id, secret=secret),
                saved("other", account_id, secret=other),
                saved("full", account_id),
            ]
        )
        await self.store.remove_secret("user", "guest")
        self.assertEqual(await self.saved_digests(), ["full", "other"])
        self.assertEqual(await self.store.revoked_sessions(), ["guest 1", "guest 2"])
        self.assertEqual(await self.store.secrets("user"), [other])
        self.assertIsNone(await self.store.secret("user", "digest of user's guest"))
        await self.refused(NoSuchSecret, self.store.remove_secret("user", "guest"))

    async def test_a_session_of_a_secret_that_is_gone_is_left_out_and_the_others_saved(self):
        account_id = await self.account()
        secret = await self.new_secret("guest")
        await self.store.remove_secret("user", "guest")
        await self.store.save_sessions([saved("no", account_id, secret=secret), saved("yes", account_id)])
        self.assertEqual(await self.saved_digests(), ["yes"])

    async def test_secrets_outlive_a_change_of_the_password_and_go_with_their_account(self):
        await self.account()
        secret = await self.new_secret("guest")
        await self.store.set_password("user", "new hash")
        self.assertEqual(await self.store.secrets("user"), [secret])
        await self.store.remove_account("user")
        self.assertIsNone(await self.store.secret("user", "digest of user's guest"))
        await self.account()
        self.assertEqual(await self.store.secrets("user"), [])


class RevokedContract(Contract):
    async def four_sessions(self) -> None:
        """Of two accounts, with devices of the same names."""
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.save_sessions(
            [
                saved("a1", account_id, device="a"),
                saved("a2", account_id, device="a"),
                saved("b", account_id, device="b"),
                saved("other's", other_id, device="a"),
            ]
        )

    async def sessions_left(self) -> list[str]:
        return sorted(each.digest for each in await self.store.sessions())

    async def test_the_sessions_of_a_device_are_revoked_and_no_others(self):
        await self.four_sessions()
        self.assertEqual(await self.store.revoked_sessions(), [])
        self.assertEqual(await self.store.revoke_sessions("user", "a"), 2)
        self.assertEqual(await self.sessions_left(), ["b", "other's"])
        self.assertEqual(await self.store.revoked_sessions(), ["a1", "a2"])

    async def test_the_sessions_of_an_account_are_revoked_and_no_others(self):
        await self.four_sessions()
        self.assertEqual(await self.store.revoke_sessions("user", None), 3)
        self.assertEqual(await self.sessions_left(), ["other's"])
        self.assertEqual(await self.store.revoked_sessions(), ["a1", "a2", "b"])

    async def test_where_nothing_is_nothing_is_revoked(self):
        await self.four_sessions()
        self.assertEqual(await self.store.revoke_sessions("user", "c"), 0)
        await self.refused(NoSuchAccount, self.store.revoke_sessions("nobody", None))
        self.assertEqual((len(await self.sessions_left()), await self.store.revoked_sessions()), (4, []))

    async def test_those_that_ended_are_forgotten(self):
        await self.four_sessions()
        await self.store.revoke_sessions("user", None)
        await self.store.forget_revoked(["a1", "b", "never was"])
        await self.store.forget_revoked([])
        self.assertEqual(await self.store.revoked_sessions(), ["a2"])
