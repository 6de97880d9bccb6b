"""Which users can get at the files of the data folder: what is set right, and what the operator is told."""

from __future__ import annotations

from twisted.logger import formatEvent

from tests.support.admin_data import DataCase
from tests.unit.test_first_start import PrepareCase
from webcam.firstaccount import PASSWORD_FILE
from webcam.http.certificate import make_self_signed
from webcam.permissions import mode_of
from webcam.storage.schema import FILE


class StartTests(PrepareCase):
    """What a start says."""

    def setUp(self) -> None:
        super().setUp()
        self.prepare()
        (self.data / "first-password").rename(self.data / "kept")
        self.logged.clear()

    def said(self, **given: str) -> list[str]:
        self.logged.clear()
        self.prepare(**given)
        return [formatEvent(event) for event in self.logged]

    def test_a_folder_of_its_own_is_nothing_to_speak_of(self) -> None:
        (self.data / FILE).chmod(0o644)
        self.assertEqual(self.said(), [])

    def test_a_folder_that_is_open_to_others_is_used_with_a_warning(self) -> None:
        for mode in (0o755, 0o750, 0o711):
            self.data.chmod(mode)
            self.assertEqual(
                self.said(),
                [f"the data folder {self.data} is open to other users (mode {mode:04o}): chmod 700 {self.data}"],
            )
            self.assertEqual(mode_of(self.data), mode)

    def test_databases_that_can_be_read_in_it_are_named(self) -> None:
        self.data.chmod(0o755)
        kept = self.data / f"{FILE}.before-restore"
        kept.touch()
        for each in (kept, self.data / FILE):
            each.chmod(0o644)
        files = [
            f"{each} can be read by other users (mode 0644): chmod 600 {each}" for each in (self.data / FILE, kept)
        ]
        self.assertEqual(self.said()[1:], files)

    def test_our_own_key_and_the_first_password_are_set_right(self) -> None:
        (self.data / "kept").rename(self.data / PASSWORD_FILE)
        for name in ("key.pem", PASSWORD_FILE):
            (self.data / name).chmod(0o644)
        said = [line for line in self.said() if "could be" in line]
        self.assertEqual(
            said,
            [
                f"{self.data / name} could be read by other users (mode 0644), its mode is 0600 now"
                for name in (PASSWORD_FILE, "key.pem")
            ],
        )
        self.assertEqual({mode_of(self.data / name) for name in ("key.pem", PASSWORD_FILE)}, {0o600})
        self.assertEqual(mode_of(self.data / "certificate.pem"), 0o644)

    def test_the_operators_key_is_his_own(self) -> None:
        """Read by its group, that is his choice; by all, he is told."""
        elsewhere = self.data.parent / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        certificate, key = elsewhere / f"{self.data.name}.pem", elsewhere / f"{self.data.name}-key.pem"
        make_self_signed(certificate, key)
        options = {"certificate": str(certificate), "key": str(key)}
        key.chmod(0o640)
        self.assertEqual(self.said(**options), [])
        key.chmod(0o644)
        self.assertEqual(self.said(**options), [f"{key} can be read by all users (mode 0644): chmod o-rwx {key}"])
        self.assertEqual(self.said(**options, plain="yes"), [], "it isn't used")
        self.assertEqual(mode_of(key), 0o644)

    def test_a_key_of_the_operators_in_the_data_folder(self) -> None:
        """And what a link leads to: it may be shared with other programs."""
        whole = (self.data / "certificate.pem").read_bytes()
        (self.data / "certificate.pem").write_bytes(whole + whole)
        key = self.data / "key.pem"
        key.chmod(0o644)
        self.assertEqual(self.said(), [f"{key} can be read by all users (mode 0644): chmod o-rwx {key}"])
        self.assertEqual(mode_of(key), 0o644)


class CheckTests(DataCase):
    """``webcam check`` says the same; the database is no less whole for it."""

    def test_an_open_folder(self) -> None:
        self.assertNotIn("chmod", self.said("check"))
        self.data.chmod(0o755)
        first, *_, last = self.said("check").splitlines()
        self.assertEqual(
            first, f"the data folder {self.data} is open to other users (mode 0755): chmod 700 {self.data}"
        )
        self.assertEqual(last, f"the database {self.path} is whole")
