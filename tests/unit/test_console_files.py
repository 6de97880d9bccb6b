"""The console's own files: what the page names is there, and it names all that it needs at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

STATIC = Path(__file__).parents[2] / "webcam" / "console" / "static"
IMPORT = re.compile(r'^import [^;]*?"(\.[^"]+)";$', re.MULTILINE)


def imported(name: str) -> set[str]:
    """The modules that one imports, by their names from the folder on."""
    module = STATIC / name
    found = IMPORT.findall(module.read_text())
    return {(module.parent / each).resolve().relative_to(STATIC.resolve()).as_posix() for each in found}


def needed() -> set[str]:
    """All that the page's module needs, itself included."""
    known: set[str] = set()
    new = {"app.js"}
    while new:
        known |= new
        new = set().union(*(imported(each) for each in new)) - known
    return known


class Files(SynchronousTestCase):
    def setUp(self) -> None:
        self.page = (STATIC / "index.html").read_text()

    def test_every_module_is_asked_for_at_once(self) -> None:
        """A browser that learned of them one from the other would wait for a round trip each time."""
        named = re.findall(r'<link rel="modulepreload" href="console/([^"]+)">', self.page)
        self.assertEqual(len(named), len(set(named)))
        self.assertEqual(set(named) | {"app.js"}, needed())

    def test_no_module_is_left_over(self) -> None:
        """But for what is imported by its language, or isn't a module."""
        others = {"worker.js", "early.js", "share.js", "text/de.js"}
        self.assertEqual({each.relative_to(STATIC).as_posix() for each in STATIC.rglob("*.js")} - others, needed())

    def test_what_the_page_and_the_manifest_name_is_there(self) -> None:
        manifest = json.loads((STATIC / "manifest.webmanifest").read_text())
        named = re.findall(r'(?:href|src)="([^"#:]+)"', self.page) + [each["src"] for each in manifest["icons"]]
        self.assertIn("console/style/base.css", named)
        for each in named:
            self.assertTrue((STATIC / each.removeprefix("console/")).is_file(), each)

    def test_every_page_names_its_icon(self) -> None:
        """Browsers would ask for one that isn't there, below a base path too."""
        pages = [STATIC / "index.html", *(STATIC.parent / "templates").glob("*.html")]
        self.assertEqual(len(pages), 3)
        for each in pages:
            (named,) = re.findall(r'<link rel="icon" href="(?:\.\./)?console/([^"]+)"', each.read_text())
            self.assertTrue((STATIC / named).is_file(), each.name)

    def test_addresses_are_relative_and_nothing_is_inline(self) -> None:
        """So that any base path works, and the policy has nothing to forbid."""
        for file in [*STATIC.rglob("*.html"), *STATIC.rglob("*.js"), *STATIC.rglob("*.css")]:
            text = file.read_text()
            self.assertNotRegex(text, r"""(?:href|src|fetch\(|url\()\s*=?\s*["'`]?/(?!/)""", file.name)
            self.assertNotRegex(
                text, r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", file.name
            )
        self.assertNotRegex(self.page, r"<style|<script>|\son\w+=|style=|<base|http-equiv")

    def test_modules_are_small(self) -> None:
        lines = {
            each.name: len(each.read_text().splitlines()) for each in STATIC.rglob("*.js") if each.parent.name != "text"
        }
        self.assertLessEqual(max(lines.values()), 300)
