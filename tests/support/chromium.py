"""The system's Chromium, for tests that are skipped without it."""

from __future__ import annotations

import shutil

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
