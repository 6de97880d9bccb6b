"""The gallery: what is kept is seen, fetched, added and deleted."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.counting import picture
from tests.browser.person import Person
from tests.support.process import Server
from webcam.calendar import micros
from webcam.model import stamp_of

Someone = Callable[..., Person]

MANY, DAYS = 100_000, 50

IS_CUT = "(each) => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight"


def upload(person: Person, *files: tuple[str, bytes]) -> None:
    """By the button, as many as there are."""
    payloads = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    person.page.locator("input[type=file]").set_input_files(payloads)
    for name, _ in files:
        expect(person.page.get_by_role("listitem").filter(has_text=name)).to_contain_text("stored")


def cells(person: Person) -> Locator:
    return person.page.locator(".cell")


def test_a_phone_has_room_for_names(someone: Someone) -> None:
    """Below the pictures, and above one."""
    name = "upper front-door-camera"
    phone = someone(name, viewport={"width": 360, "height": 740})
    phone.see("Records")
    upload(phone, ("one.jpg", picture(1, 1)), ("two.jpg", picture(1, 2)), ("three.jpg", picture(1, 3)))
    expect(cells(phone)).to_have_count(3)
    for whose in cells(phone).locator(".whose").all():
        expect(whose).to_have_text(name)
        assert not whose.evaluate(IS_CUT)
    assert not cells(phone).first.evaluate(IS_CUT)
    cells(phone).first.get_by_role("button").click()
    title = phone.page.get_by_role("dialog").get_by_role("heading", name=name)
    expect(title).to_be_visible()
    assert not title.evaluate(IS_CUT)


def test_what_is_uploaded_is_there_for_all(someone: Someone) -> None:
    """With its name, bytes and type; the newest first."""
    laptop, phone = someone("laptop"), someone("phone")
    phone.see("Records")
    laptop.see("Records")
    expect(laptop.page.get_by_text("There are no records yet.")).to_be_visible()
    upload(laptop, ("one.jpg", picture(1, 1)), ("two.txt", b"just text"), ("three.jpg", picture(1, 3)))
    for each in (laptop, phone):
        expect(each.page.get_by_text("3 records").first).to_be_visible()
        expect(cells(each)).to_have_count(3)
    cells(phone).first.get_by_role("button").click()
    dialog = phone.page.get_by_role("dialog")
    expect(dialog).to_contain_text("three.jpg")
    assert dialog.get_by_role("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 320
    phone.page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("two.txt")
    expect(dialog).to_contain_text("A browser can't show this.")
    with phone.page.expect_download() as found:
        dialog.get_by_role("link", name="Download").click()
    assert Path(found.value.path()).read_bytes() == b"just text"
    dialog.get_by_role("button", name="Older").click()
    expect(dialog).to_contain_text("one.jpg")
    expect(dialog.get_by_role("button", name="Older")).to_be_disabled()
    phone.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(cells(phone).last.get_by_role("button")).to_be_focused()


def test_files_are_dropped(someone: Someone) -> None:
    person = someone("laptop")
    person.see("Records")
    data = person.page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["dropped text"], "dropped.txt"));
          return data;
        }"""
    )
    view = person.page.locator(".view")
    view.dispatch_event("dragenter", {"dataTransfer": data})
    expect(person.page.get_by_text("Drop files here")).to_be_visible()
    view.dispatch_event("drop", {"dataTransfer": data})
    expect(person.page.get_by_text("Drop files here")).to_be_hidden()
    expect(cells(person)).to_have_count(1)


def test_an_empty_file_is_refused_in_words(someone: Someone) -> None:
    person = someone("laptop")
    person.see("Records")
    person.page.locator("input[type=file]").set_input_files([{"name": "none.txt", "mimeType": "", "buffer": b""}])
    expect(person.page.get_by_role("listitem").filter(has_text="none.txt")).to_contain_text("an empty file")


def test_selected_records_are_deleted_everywhere(someone: Someone) -> None:
    laptop, phone = someone("laptop"), someone("phone")
    for each in (laptop, phone):
        each.see("Records")
    upload(laptop, *((f"{number}.txt", b"text %d" % number) for number in range(6)))
    expect(cells(phone)).to_have_count(6)
    cells(laptop).nth(1).get_by_role("checkbox").check()
    cells(laptop).nth(3).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(laptop.page.get_by_text("3 selected")).to_be_visible()
    laptop.page.get_by_role("button", name="Delete").click()
    question = laptop.page.get_by_role("dialog", name="Delete 3 records for good?")
    question.get_by_role("button", name="Cancel").click()
    expect(cells(laptop)).to_have_count(6)
    laptop.page.get_by_role("button", name="Delete").click()
    question.get_by_role("button", name="Delete").click()
    for each in (laptop, phone):
        expect(cells(each)).to_have_count(3)
    laptop.page.get_by_role("button", name="Select the day").click()
    expect(laptop.page.get_by_text("3 selected")).to_be_visible()
    laptop.page.get_by_role("button", name="Clear selection").click()
    expect(laptop.page.get_by_text("3 selected")).to_be_hidden()


def test_one_device_alone(someone: Someone) -> None:
    laptop, phone = someone("laptop"), someone("phone")
    for each in (laptop, phone):
        each.see("Records")
        upload(each, (f"of-{each.device}.txt", b"text"))
    expect(cells(laptop)).to_have_count(2)
    laptop.page.get_by_label("Records of").select_option("phone")
    expect(cells(laptop)).to_have_count(1)
    expect(cells(laptop)).to_contain_text("phone")


def test_keys_go_from_record_to_record(someone: Someone) -> None:
    person = someone("laptop", viewport={"width": 600, "height": 700})
    person.see("Records")
    upload(person, *((f"{number}.txt", b"text %d" % number) for number in range(7)))
    buttons = cells(person).get_by_role("button")
    buttons.first.focus()
    columns = int(person.page.locator(".sheet").evaluate("(sheet) => Math.floor((sheet.clientWidth + 10) / 178)"))
    for key, index in (("ArrowRight", 1), ("ArrowDown", 1 + columns), ("ArrowUp", 1), ("ArrowLeft", 0)):
        person.page.keyboard.press(key)
        expect(buttons.nth(index)).to_be_focused()


@pytest.fixture
def many(server: Server, account: str) -> int:
    """A hundred thousand records of fifty days, put into the database of the resting server."""
    server.stop()
    with closing(sqlite3.connect(server.data / "webcam.db")) as database, database:
        (account_id,) = database.execute("SELECT id FROM accounts WHERE name = ?", (account,)).fetchone()
        now = time.time()
        (last,) = database.execute("SELECT COALESCE(MAX(id), 0) FROM records").fetchone()
        database.executemany(
            "INSERT INTO records (id, account_id, stamp, stored, device, meta, size, type)"
            " VALUES (?, ?, ?, ?, 'camera', ?, 9, 'application/octet-stream')",
            (
                (last + number, account_id, stamp_of(then), micros(then), f"number {number}")
                for number in range(1, MANY + 1)
                for then in (now - DAYS * 86400 * (1 - number / MANY),)
            ),
        )
        database.executemany(
            "INSERT INTO record_parts (record_id, part, data) VALUES (?, 0, ?)",
            ((last + number, b"some text") for number in range(1, MANY + 1)),
        )
        database.execute(
            "UPDATE accounts SET record_count = ?, record_bytes = ?, last_stamp = ? WHERE id = ?",
            (MANY, 9 * MANY, stamp_of(now), account_id),
        )
        database.execute("INSERT INTO settings (account_id, kind, value) VALUES (?, 1, 168)", (account_id,))
    server.start()
    return MANY


def test_a_hundred_thousand_are_scrolled_through(someone: Someone, many: int) -> None:
    """From the newest to the oldest, anywhere in between; the page holds what is in sight, and asks for that alone."""
    person = someone("laptop")
    asked: list[str] = []
    person.page.on("request", lambda request: "records.json" in request.url and asked.append(request.url))
    person.see("Records")
    expect(person.page.get_by_text("100,000 records")).to_be_visible()
    expect(cells(person).first).to_contain_text("camera")
    main = person.page.get_by_role("main")
    for part in (0.5, 0.123, 0.999):
        main.evaluate("(main, part) => { main.scrollTop = main.scrollHeight * part; }", part)
        person.until(lambda: all(cells(person).evaluate_all(KNOWN)), f"what is at {part}")
    assert cells(person).count() < 150
    assert len(asked) < 20
    main.evaluate("(main) => { main.scrollTop = main.scrollHeight; }")
    person.until(lambda: all(cells(person).evaluate_all(KNOWN)), "the end")
    cells(person).last.get_by_role("button").click()
    expect(person.page.get_by_role("dialog")).to_contain_text("number 1")
    person.page.keyboard.press("Escape")
    slowest = main.evaluate(SCROLL)
    assert slowest < 500, "ms between two frames while it is scrolled"


KNOWN = "(cells) => cells.map((cell) => cell.dataset.rid !== '')"

SCROLL = """
async (main) => {
  const gaps = [];
  let last = performance.now();
  for (let turn = 0; turn < 60; turn += 1) {
    main.scrollTop -= 300;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length * 0.9)];
}
"""
"""Scrolls up by windows; nine in ten frames come within so many ms."""
