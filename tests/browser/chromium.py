"""The system's Chromium, as tests and benchmarks start it."""

from __future__ import annotations

from playwright.sync_api import Browser, Playwright

from tests.support.chromium import PROGRAM

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",  # the certificate signs itself; the service worker's script asks for this one
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def launch(playwright: Playwright) -> Browser:
    """Without a window."""
    return playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
