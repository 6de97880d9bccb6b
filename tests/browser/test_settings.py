"""Settings of the account, its password, its sessions, its links."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.cameras import Camera, Cameras, counting
from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD, used

Someone = Callable[..., Person]
NEW = "sesame-5Hd8wZ"


@pytest.fixture
def garden(server: Server, account: str) -> Iterator[Camera]:
    """A camera that streams."""
    camera = Camera(server, account, PASSWORD, "garden", counting(7))
    running = Cameras([camera], 5)
    yield camera
    running.stop()


def test_the_six_settings_have_bounds(someone: Someone) -> None:
    person = someone("laptop")
    person.see("Settings")
    card = person.page.get_by_role("region", name="Account")
    expect(card.get_by_role("spinbutton")).to_have_count(6)
    days, save = card.get_by_label("Keep records for (days)"), card.get_by_role("button", name="Save")
    expect(days).to_have_value("30")
    expect(card.get_by_text("6 minutes to 168 days, usually 30 days")).to_be_visible()
    expect(card.get_by_text("3 to 30 minutes, usually 10 minutes")).to_be_visible()
    expect(card.get_by_text("200 to 10,000, usually 1,500")).to_be_visible()
    expect(save).to_be_disabled()
    for bad in ("0", "169", ""):
        days.fill(bad)
        expect(card.get_by_role("alert")).to_have_text("Keep records for (days): from 6 minutes to 168 days")
        expect(save).to_be_disabled()
    days.fill("7.5")
    card.get_by_label("Requests of a session, a minute").fill("60")
    save.click()
    expect(person.page.get_by_text("Saved.", exact=True)).to_be_visible()
    person.page.reload()
    expect(days).to_have_value("7.5")
    expect(card.get_by_label("Requests of a session, a minute")).to_have_value("60")
    expect(card.get_by_label("Keep any message for (days)")).to_have_value("30")


def test_what_was_set_elsewhere_is_shown(someone: Someone) -> None:
    """When the page is looked at again; what is being typed here stays."""
    laptop, phone = someone("laptop"), someone("phone")
    names = ("Keep records for (days)", "Keep any message for (days)", "Requests of a session, a minute")
    mine, theirs = ([each.page.get_by_label(name) for name in names] for each in (laptop, phone))
    for each in (laptop, phone):
        each.see("Settings")
        expect(each.page.get_by_label(names[0])).to_have_value("30")
    mine[0].fill("12")
    mine[2].fill("")
    for field, value in zip(theirs, ("7.5", "20", "60"), strict=True):
        field.fill(value)
    phone.page.get_by_role("button", name="Save").click()
    expect(phone.page.get_by_text("Saved.", exact=True)).to_be_visible()
    laptop.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(mine[1]).to_have_value("20")
    expect(mine[0]).to_have_value("12")
    expect(mine[2]).to_have_value("")
    mine[2].fill("60")  # as it is now: nothing to save
    laptop.page.get_by_role("button", name="Save").click()
    expect(laptop.page.get_by_text("Saved.", exact=True)).to_be_visible()
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(theirs[0]).to_have_value("12")
    expect(theirs[1]).to_have_value("20")


def test_a_new_password_ends_the_other_sessions(someone: Someone) -> None:
    laptop, phone = someone("laptop"), someone("phone")
    laptop.see("Settings")
    card = laptop.page.get_by_role("region", name="Password")

    def change(old: str, new: str, again: str) -> None:
        card.get_by_label("Present password").fill(used("password", old))
        card.get_by_label("New password", exact=True).fill(used("password", new))
        card.get_by_label("New password, again").fill(again)
        card.get_by_role("button", name="Change the password").click()

    change(PASSWORD, NEW, "sesame-5Hd8wX")
    expect(card.get_by_role("alert")).to_have_text("The two new ones are different.")
    change("sesame-wrong1", NEW, NEW)
    expect(card.get_by_role("alert")).to_have_text("The present password is wrong.")
    change(PASSWORD, NEW, NEW)
    expect(laptop.page.get_by_text("The password is changed.")).to_be_visible()
    dialog = phone.page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog.get_by_role("alert")).to_have_text("Account or password is wrong.")
    dialog.get_by_label("Password").fill(NEW)
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog).to_have_count(0)
    laptop.see("Records")
    expect(laptop.page.get_by_role("dialog")).to_have_count(0)


def test_sessions_are_listed_and_ended(someone: Someone) -> None:
    laptop, phone = someone("laptop"), someone("phone")
    laptop.see("Settings")
    card = laptop.page.get_by_role("region", name="Sessions")
    expect(card.get_by_role("listitem").filter(has_text="laptop")).to_contain_text("this session")
    expect(card.get_by_role("listitem").filter(has_text="laptop").get_by_role("button")).to_have_count(0)
    card.get_by_role("button", name="End the session of phone").click()
    laptop.page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(card.get_by_role("listitem").filter(has_text="phone")).to_have_count(0)
    expect(phone.page.get_by_role("dialog", name="Your session has ended")).to_be_visible()


def test_a_device_that_is_gone_is_forgotten(someone: Someone) -> None:
    phone, laptop = someone("phone"), someone("laptop")
    for person in (phone, laptop):
        person.see("Settings")
    phone.page.get_by_role("button", name="Log out").first.click()
    card = laptop.page.get_by_role("region", name="Devices that are offline")
    card.get_by_role("button", name="Forget phone").click()
    laptop.page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    expect(laptop.page.get_by_text("phone is forgotten.", exact=True)).to_be_visible()
    expect(card.get_by_text("phone", exact=True)).to_have_count(0)


def test_a_link_shows_one_device_until_it_is_ended(someone: Someone, garden: Camera) -> None:
    person = someone("laptop")
    stranger = someone("nobody", log_in=False)
    person.see("Settings")
    card = person.page.get_by_role("region", name="Share a live picture")
    card.get_by_label("Device").select_option("garden")
    card.get_by_label("For").select_option("1")
    card.get_by_role("button", name="Make a link").click()
    link = card.get_by_label("The link", exact=True).input_value()
    used("token", link.rpartition("/")[2])
    assert link.startswith(f"{person.url}/share/")
    expect(card.get_by_text("This link works on this machine only")).to_contain_text("instead of 127.0.0.1")
    card.get_by_role("button", name="Copy").click()
    assert person.page.evaluate("navigator.clipboard.readText()") == link
    stranger.page.goto(link)
    picture = stranger.page.get_by_role("img")
    stranger.until(lambda: picture.evaluate("(image) => image.naturalWidth") == 320, "the live picture")
    end, dialog = card.get_by_role("button", name="End the link to garden"), person.page.get_by_role("dialog")
    end.click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("listitem")).to_have_count(1)
    end.click()
    dialog.get_by_role("button", name="End").click()
    expect(card.get_by_role("listitem")).to_have_count(0)
    expect(card.get_by_label("The link", exact=True)).to_be_hidden()
    expect(stranger.page.get_by_role("heading", name="This link has ended")).to_be_visible()
    answer = stranger.page.goto(link)
    assert answer is not None
    assert answer.status == 404


def test_links_are_told_one_from_the_other(someone: Someone, garden: Camera) -> None:
    """By their device, their end, and when and for how long they were made."""
    person = someone("laptop", timezone_id="Asia/Tokyo", locale="en-GB")
    person.see("Settings")
    card = person.page.get_by_role("region", name="Share a live picture")
    for number, hours in enumerate(("1", "168"), start=1):
        card.get_by_label("For").select_option(hours)
        card.get_by_label("Device").select_option("garden")
        card.get_by_role("button", name="Make a link").click()
        expect(card.get_by_role("listitem")).to_have_count(number)
        used("token", card.get_by_label("The link", exact=True).input_value().rpartition("/")[2])
    first, second = card.get_by_role("listitem").all()
    expect(first).to_contain_text(re.compile(r"gardenWorks until \w{3},? .+ \(in 1 hour\)Made .+, for 1 hour"))
    expect(second).to_contain_text(re.compile(r"gardenWorks until .+ \(in 7 days\)Made .+, for 7 days"))
    end = datetime.now(ZoneInfo("Asia/Tokyo")) + timedelta(days=7)
    expect(second.get_by_title(f"{end.day} {end:%b}")).to_contain_text(f"{end.day} {end:%b}")
    link = card.get_by_label("The link", exact=True)
    first.get_by_role("button").click()
    person.page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(card.get_by_role("listitem")).to_have_count(1)
    expect(link).to_be_visible()


def test_a_viewing_login_sees_what_it_may(someone: Someone, server: Server, garden: Camera, account: str) -> None:
    """No camera, no messages, no settings of the account, no way to delete."""
    said = server.webcam("secret", "add", account, "guest", "--view")
    secret = used("password", said.strip())
    with server.client() as client:
        token = client.post(
            "/authorize.json", content=json.dumps({"name": account, "pass": PASSWORD, "device": "camera"})
        ).json()["shash"]
        client.post(f"/addRecord.json?shash={token}", content=b"just text")
    guest = someone("guest", log_in=False)
    guest.log_in(secret)
    expect(guest.tile("garden").locator(".screen")).to_have_attribute("data-shows", "picture")
    links = guest.page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text(["Wall", "Records", "Settings"])
    expect(guest.tile("garden").get_by_role("button", name="Keep this picture")).to_have_count(0)
    guest.see("Records")
    expect(guest.page.locator(".cell")).to_have_count(1)
    expect(guest.page.get_by_role("checkbox")).to_have_count(0)
    guest.see("Settings")
    expect(guest.page.get_by_role("region", name="Password")).to_have_count(0)
    guest.page.goto(f"{guest.url}/#messages/garden")
    expect(guest.page.get_by_role("heading", level=1, name="Wall")).to_be_visible()
