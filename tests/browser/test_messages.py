"""A live thread with a device, both ways."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD

Someone = Callable[..., Person]


def test_both_ways_as_they_come(someone: Someone) -> None:
    laptop, phone = someone("laptop"), someone("phone")
    for one, other in ((laptop, "phone"), (phone, "laptop")):
        one.see("Messages")
        one.page.get_by_role("link", name=other).click()
    laptop.page.get_by_label("Message", exact=True).fill("hello")
    laptop.page.get_by_text("Parameters (JSON)").click()
    laptop.page.get_by_label("Parameters").fill('{"from": ["the", "laptop"]}')
    laptop.page.get_by_role("button", name="Send").click()
    for each in (laptop, phone):
        expect(each.page.get_by_role("log").get_by_text("hello")).to_be_visible()
        expect(each.page.get_by_role("log").locator("pre")).to_contain_text('"laptop"')
    expect(laptop.page.get_by_label("Message", exact=True)).to_have_value("")
    phone.page.get_by_label("Message", exact=True).fill("good day")
    phone.page.get_by_label("Message", exact=True).press("Enter")
    expect(laptop.page.get_by_role("log").get_by_text("good day")).to_be_visible()
    laptop.page.reload()
    expect(laptop.page.get_by_role("log").locator(".msg")).to_have_text(["hello", "good day"])


def test_parameters_are_checked_as_they_are_typed(someone: Someone) -> None:
    person = someone("laptop")
    someone("phone")
    person.see("Messages")
    person.page.get_by_role("link", name="phone").click()
    person.page.get_by_label("Message", exact=True).fill("hello")
    params, send = person.page.get_by_label("Parameters"), person.page.get_by_role("button", name="Send")
    person.page.get_by_text("Parameters (JSON)").click()
    params.press_sequentially('{"a": 1')
    expect(person.page.get_by_text("This is no JSON yet")).to_be_visible()
    expect(params).to_have_attribute("aria-invalid", "true")
    expect(send).to_be_disabled()
    params.press_sequentially("}")
    expect(send).to_be_enabled()
    params.fill("7")
    expect(person.page.get_by_text("Parameters are an object")).to_be_visible()
    params.fill("")
    expect(send).to_be_enabled()


def test_parameters_are_out_of_sight_until_they_are_wanted(someone: Someone) -> None:
    """Then they stay in sight, and what would be sent does in any case."""
    person = someone("laptop")
    someone("phone")
    page = person.page
    person.see("Messages")
    page.get_by_role("link", name="phone").click()
    title, params = page.get_by_text("Parameters (JSON)"), page.get_by_label("Parameters")
    expect(title).to_be_visible()
    expect(params).to_be_hidden()
    title.click()
    expect(params).to_be_visible()
    page.reload()
    expect(params).to_be_visible()
    params.fill('{"a"')
    title.click()
    expect(page.get_by_text("This is no JSON yet")).to_be_visible()
    params.fill("")
    title.click()
    expect(params).to_be_hidden()
    page.reload()
    expect(title).to_be_visible()
    expect(params).to_be_hidden()
    params.evaluate("(box) => { box.value = '7'; box.dispatchEvent(new Event('input')); }")
    expect(page.get_by_text("Parameters are an object")).to_be_visible()


def test_what_is_unread_is_counted_until_it_is_looked_at(someone: Someone, server: Server, account: str) -> None:
    person = someone("laptop")
    with server.client() as client:
        login = {"name": account, "pass": PASSWORD, "device": "sensor"}
        token = client.post("/authorize.json", content=json.dumps(login)).json()["shash"]
        for number in (1, 2):
            message = {"shash": token, "msg": f"reading {number}", "target": "laptop"}
            assert client.post("/addMsgs.json", content=json.dumps(message)).json() == {"result": "OK"}
    link = person.page.get_by_role("navigation").get_by_role("link", name="Messages")
    expect(link).to_contain_text("2")
    person.see("Messages")
    person.page.get_by_role("link", name="sensor").click()
    expect(person.page.get_by_role("log").locator(".msg")).to_have_text(["reading 1", "reading 2"])
    expect(link).not_to_contain_text("2")


def test_a_long_thread_is_read_backwards(someone: Someone, server: Server, account: str) -> None:
    with server.client() as client:
        login = {"name": account, "pass": PASSWORD, "device": "sensor"}
        token = client.post("/authorize.json", content=json.dumps(login)).json()["shash"]
        some = {"shash": token, "msgs": [{"msg": f"reading {number}"} for number in range(100)]}
        assert client.post("/addMsgs.json", content=json.dumps(some)).json() == {"result": "OK"}
    person = someone("laptop")
    person.see("Messages")
    person.page.get_by_role("link", name="sensor").click()
    messages = person.page.get_by_role("log").locator(".msg")
    expect(messages).to_have_count(40)
    expect(messages.last).to_have_text("reading 99")
    expect(messages.last).to_be_in_viewport()
    for count in (80, 100):
        person.page.get_by_role("button", name="Older messages").click()
        expect(messages).to_have_count(count)
    expect(messages.first).to_have_text("reading 0")
    expect(person.page.get_by_role("button", name="Older messages")).to_be_hidden()
