"""SQLite keeps the contract of webcam.ports: its statements alone, and as the server runs it."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from tests.contract.accounts_contract import AccountsContract, QuotasContract, SessionsContract, SettingsContract
from tests.contract.console_contract import (
    ChangedPasswordContract,
    NewestContract,
    SeenContract,
    SharesContract,
    ThreadContract,
)
from tests.contract.expiry_contract import ExpiryContract
from tests.contract.messages_contract import DeliveryContract, SyncMarkContract
from tests.contract.records_contract import DeletedRecordsContract, RecordsContract
from tests.contract.secrets_contract import RevokedContract, SecretsContract
from tests.contract.stamps_contract import StampsContract
from tests.contract.sweeping_contract import SweepingContract
from tests.contract.uploads_contract import UploadsContract
from tests.contract.usage_contract import MessageBoundContract, UsageContract
from tests.support.stores import BlockingStore, open_database
from webcam.storage.sqlite import SQLiteStore


class WholeContract(
    AccountsContract,
    QuotasContract,
    SettingsContract,
    SessionsContract,
    SecretsContract,
    RevokedContract,
    DeliveryContract,
    SyncMarkContract,
    ExpiryContract,
    RecordsContract,
    DeletedRecordsContract,
    StampsContract,
    UsageContract,
    MessageBoundContract,
    UploadsContract,
    SweepingContract,
    NewestContract,
    ThreadContract,
    SeenContract,
    SharesContract,
    ChangedPasswordContract,
):
    """All of it."""


class StatementsTests(WholeContract, TestCase):
    """SQLite's statements on a database in memory, without threads: what the upper layers' tests use."""

    def setUp(self):
        self.store = BlockingStore()


class SQLiteStoreTests(WholeContract, TestCase):
    """SQLite by adbapi, with the real reactor's threads."""

    def setUp(self):
        _, database = open_database(self)
        self.store = SQLiteStore(database)
