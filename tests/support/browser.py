"""A browser's side of the console, for tests of the edge: requests with the cookie and what else browsers send."""

from __future__ import annotations

import json
from typing import Any

from tests.support.edge import EdgeCase
from tests.support.http import Response
from tests.support.trail import PASSWORD, used

OWN = ("sec-fetch-site", "same-origin")
"""What a browser sends along when a page asks the server that it came from."""


class BrowserCase(EdgeCase):
    """``self.cookie`` is what the browser got by :meth:`log_in`."""

    cookie = ""

    def log_in(self, device: str = "browser", **more: Any) -> Response:
        """The whole answer. Its cookie goes along with what this browser asks from now on."""
        body = {"name": "user", "pass": PASSWORD, "device": device, **more}
        answer = self.post("console/login.json", json.dumps(body).encode(), self.headers if self.cookie else [OWN])
        given = answer.header("set-cookie")
        if given:
            self.cookie = given.partition(";")[0]
            self.tokens.append(used("token", self.cookie.partition("=")[2]))
        return answer

    @property
    def token(self) -> str:
        """The one in the cookie."""
        return self.cookie.partition("=")[2]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Of a request by this browser's page."""
        return [("cookie", self.cookie), OWN]

    def browse(self, path: str, **params: Any) -> Any:
        """POST a JSON object as the page does; the answer's JSON."""
        body = json.dumps({key.rstrip("_"): value for key, value in params.items()}).encode()
        return self.post(path, body, self.headers).json()

    def show(self, path: str, headers: Any = (), **query: str) -> Response:
        """GET, as of a picture or a link on the page."""
        answer: Response = self.client.fetch("GET", self.below(path, **query), b"", [*self.headers, *headers])
        return answer
