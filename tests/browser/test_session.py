"""In, out, and the password once when a session has ended."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD, used

Someone = Callable[..., Person]


def end_sessions_of(server: Server, account: str, device: str) -> None:
    """As the owner of the account does from elsewhere."""
    with server.client() as client:
        token = log_in(client, account, "elsewhere")
        sessions = client.post("/console/sessions.json", content=json.dumps({"shash": token})).json()["sessions"]
        for each in sessions:
            if each["device"] == device:
                revoke = {"shash": token, "sid": each["sid"]}
                assert client.post("/console/revoke.json", content=json.dumps(revoke)).json() == {"result": "OK"}


def log_in(client: httpx.Client, account: str, device: str) -> str:
    answer = client.post("/authorize.json", content=json.dumps({"name": account, "pass": PASSWORD, "device": device}))
    return str(answer.json()["shash"])


def test_the_token_is_out_of_reach(someone: Someone) -> None:
    """It is in a cookie that no script sees, and in no storage and no address."""
    person = someone("laptop")
    (cookie,) = person.context.cookies()
    assert cookie["name"].startswith("__Host-webcam-")
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    seen = person.page.evaluate(
        "[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), location.href]"
    )
    assert all(cookie["value"] not in each for each in seen)
    assert PASSWORD not in "".join(seen)


def test_a_wrong_password_is_told(someone: Someone) -> None:
    person = someone("laptop", log_in=False)
    page = person.page
    page.goto(person.url)
    page.get_by_label("Account").fill(person.account)
    page.get_by_label("Password").fill(used("password", "wrong-7Xq2vK"))
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Account or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", level=1, name="Wall")).to_be_visible()


def test_a_reload_stays_in_and_logging_out_ends_the_session(someone: Someone, server: Server) -> None:
    person = someone("laptop")
    (cookie,) = person.context.cookies()
    person.see("Records")
    person.page.reload()
    expect(person.page.get_by_role("heading", level=1, name="Records")).to_be_visible()
    person.page.get_by_role("button", name="Log out").click()
    expect(person.page.get_by_label("Password")).to_be_visible()
    assert person.context.cookies() == []
    with server.client() as client:
        answer = client.post("/heartBit.json", content=json.dumps({"shash": cookie["value"]})).json()
    assert answer == {"result": "BAD", "code": 6}
    person.page.reload()
    expect(person.page.get_by_label("Password")).to_be_visible()


def test_an_ended_session_asks_once_and_goes_on_where_it_was(someone: Someone, server: Server) -> None:
    """Typed text is still there, the view is the same, and what happens meanwhile comes in."""
    person = someone("laptop")
    other = someone("phone")
    page = person.page
    other.see("Messages")
    other.page.get_by_role("link", name="laptop").click()
    person.see("Messages")
    page.get_by_role("link", name="phone").click()
    page.get_by_label("Message", exact=True).fill("half a")
    end_sessions_of(server, person.account, "laptop")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(1500)
    expect(dialog).to_have_count(1)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog).to_have_count(0)
    person.remember_token()
    expect(page.get_by_label("Message", exact=True)).to_have_value("half a")
    page.get_by_label("Message", exact=True).fill("half a message")
    page.get_by_role("button", name="Send").click()
    expect(other.page.get_by_role("log").get_by_text("half a message")).to_be_visible()
    other.page.get_by_label("Message", exact=True).fill("and back")
    other.page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log").get_by_text("and back")).to_be_visible()


def test_who_doesnt_give_it_is_out(someone: Someone, server: Server) -> None:
    person = someone("laptop")
    end_sessions_of(server, person.account, "laptop")
    dialog = person.page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_role("button", name="Log out").click()
    expect(person.page.get_by_label("Name of this device")).to_have_value("laptop")


@pytest.mark.parametrize(("language", "words"), [("de-DE", "Anmelden"), ("fr-FR", "Log in"), ("en-GB", "Log in")])
def test_it_speaks_the_browsers_language(someone: Someone, language: str, words: str) -> None:
    person = someone("laptop", log_in=False, locale=language)
    person.page.goto(person.url)
    expect(person.page.get_by_role("button", name=words)).to_be_visible()
    assert person.page.locator("html").get_attribute("lang") == ("de" if language == "de-DE" else "en")


def test_language_and_theme_are_chosen_and_kept(someone: Someone) -> None:
    person = someone("laptop", color_scheme="light")
    page = person.page
    person.see("Settings")
    page.get_by_label("Appearance").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", level=1, name="Einstellungen")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Einstellungen")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_it_asks_nothing_while_nothing_happens(someone: Someone) -> None:
    """No polling and no heartbeats, in any view."""
    person = someone("laptop")
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    for view in ("Wall", "Camera", "Records", "Messages", "Settings"):
        person.see(view)
        person.page.wait_for_timeout(300)
        asked.clear()
        person.page.wait_for_timeout(1000)
        assert asked == [], view
