"""Pages of messages and records, as large as a device of the field can hold."""

from __future__ import annotations

from typing import Any

from tests.support.edge import OK, EdgeCase

PAGE = 7 * 1024
"""Bytes of an answer whose request names no limit."""


class PagesCase(EdgeCase):
    def setUp(self) -> None:
        super().setUp()
        self.camera = self.authorize("camera")
        self.phone = self.authorize("phone")

    def send(self, *messages: dict[str, Any]) -> None:
        self.assertEqual(self.ask("addMsgs.json", self.camera, msgs=list(messages)), OK)

    def pages(self, path: str = "getMsgsAndSync.json", **params: Any) -> list[tuple[bytes, list[Any]]]:
        """Answers as they were sent, and what their entries are called, up to the one that is empty."""
        found = []
        while True:
            answer = self.post(path, shash=self.phone, **params)
            entries = answer.json().get("msgs", answer.json().get("records"))
            if not entries:
                return found
            found.append((answer.body, [each.get("msg", each.get("rid")) for each in entries]))
            if path != "getMsgsAndSync.json":
                params["stamp"] = entries[-1]["stamp"]


class MessagePagesTests(PagesCase):
    def assertPages(self, pages: list[Any], names: list[str]) -> None:
        """Each answer is no larger than a page, and nothing is missing."""
        self.assertEqual([name for _, page in pages for name in page], names)
        for body, page in pages:
            self.assertLess(len(body), PAGE + 64)
            self.assertLessEqual(len(page), 32)

    def test_field_messages_of_1000_bytes_come_in_answers_of_7_kb(self) -> None:
        names = [f"m{number}" for number in range(40)]
        self.send(*({"msg": name, "params": {"text": "x" * 1000}} for name in names))
        pages = self.pages()
        self.assertPages(pages, names)
        self.assertEqual([len(page) for _, page in pages], [6, 6, 6, 6, 6, 6, 4])

    def test_without_a_sync_the_next_stamp_leads_on(self) -> None:
        names = [f"m{number}" for number in range(20)]
        self.send(*({"msg": name, "params": {"text": "x" * 1000}} for name in names))
        self.assertPages(self.pages("getMsgs.json", stamp=""), names)

    def test_a_sync_acknowledges_what_the_page_held(self) -> None:
        names = [f"m{number}" for number in range(10)]
        self.send(*({"msg": name, "params": {"text": "x" * 2000}} for name in names))
        found = []
        while page := self.ask("getMsgs.json", self.phone)["msgs"]:
            found += [each["msg"] for each in page]
            self.assertLess(len(page), 4)
            self.assertEqual(self.ask("addMsgs.json", self.phone, msg="sync"), OK)
        self.assertEqual(found, names)

    def test_what_counts_is_the_text_as_it_is_sent(self) -> None:
        """Names and senders count, in UTF-8 and escaped."""
        names = [f"{number:02}" + letter * 500 for number, letter in enumerate('\0\n"\u00fc\u20ac\U0001f4f7' * 4)]
        self.send(*({"msg": name} for name in names))
        self.assertPages(self.pages(), names)

    def test_a_message_that_is_larger_than_a_page_is_one(self) -> None:
        self.send({"msg": "large", "params": {"text": "x" * 100_000}}, {"msg": "small"})
        pages = self.pages()
        self.assertEqual([page for _, page in pages], [["large"], ["small"]])
        self.assertGreater(len(pages[0][0]), 100_000)

    def test_with_a_limit_a_page_may_have_1_mib(self) -> None:
        names = [f"m{number}" for number in range(33)]
        for name in names:
            self.send({"msg": name, "params": {"text": "\\" * 30_000}})  # 60,000 bytes as JSON
        pages = self.pages(limit="32")
        self.assertEqual([len(page) for _, page in pages], [17, 16])
        for body, _ in pages:
            self.assertLess(len(body), 1024 * 1024 + 64)
        self.send(*({"msg": name, "params": {"text": "x" * 300}} for name in names))
        self.assertEqual([len(page) for _, page in self.pages(limit="1000")], [33])


class RecordPagesTests(PagesCase):
    def test_records_of_a_device_with_a_long_name(self) -> None:
        device = "\u20ac" * 300
        token = self.authorize(device)
        for _ in range(20):
            self.assertEqual(self.client.fetch("POST", f"/addRecord.json?shash={token}", b"data").json(), OK)
        pages = self.pages("getRecordCount.json", stamp="")
        self.assertEqual([len(page) for _, page in pages], [7, 7, 6])
        for body, _ in pages:
            self.assertLess(len(body), PAGE + 64)
        self.assertEqual(len(self.ask("getRecordCount.json", self.phone, limit=20)["records"]), 20)

    def test_one_whose_name_fills_a_page_is_one(self) -> None:
        token = self.authorize("\0" * 1000)
        for _ in range(3):
            self.client.fetch("POST", f"/addRecord.json?shash={token}", b"data")
        pages = self.pages("getRecordCount.json", stamp="")
        self.assertEqual([len(page) for _, page in pages], [1, 1, 1])
