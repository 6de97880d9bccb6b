"""Logging in, and what both ends of a stream share, for the examples beside this file. The standard library only."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

URL = "https://localhost:8080"

BROKEN = (OSError, EOFError, http.client.HTTPException)
"""What a connection ends in when the server or the network goes."""


class Refused(Exception):
    """The server said BAD; ``code`` says why (docs/protocol.rst lists the codes)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server refused: code {code}")
        self.code = code


def add_account_options(parser: argparse.ArgumentParser, device: str) -> None:
    """The options that both ends of a stream have; the defaults are those of a server's first start."""
    parser.add_argument("--url", default=os.environ.get("WEBCAM_URL", URL), help="the server [%(default)s]")
    parser.add_argument("--certificate", default="webcam-data/certificate.pem", help="to trust [%(default)s]")
    parser.add_argument("--account", default="webcam", help="[%(default)s]")
    parser.add_argument("--password-file", type=Path, default=Path("webcam-data/first-password"), help="[%(default)s]")
    parser.add_argument("--device", default=device, help="name of this device [%(default)s]")


def connect(options: argparse.Namespace) -> http.client.HTTPConnection:
    """A connection to the server, whose certificate is checked."""
    url = urlsplit(options.url)
    if url.scheme == "http":
        return http.client.HTTPConnection(url.netloc)
    return http.client.HTTPSConnection(url.netloc, context=ssl.create_default_context(cafile=options.certificate))


def path(name: str, **parameters: object) -> str:
    """A path with its query string."""
    return f"/{name}?{urlencode(parameters)}"


def log_in(options: argparse.Namespace) -> str:
    """A session's token. Raises :class:`Refused`."""
    question = {
        "name": options.account,
        "pass": options.password_file.read_text().strip(),
        "device": options.device,
    }
    connection = connect(options)
    connection.request("POST", "/authorize.json", json.dumps(question))
    reply = json.load(connection.getresponse())
    connection.close()
    if reply["result"] != "OK":
        raise Refused(reply["code"])
    token: str = reply["shash"]
    return token


def run(main: Callable[[], None]) -> None:
    """Run a program; what ends it is told in one line."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Refused as error:
        sys.exit(str(error))
    except BROKEN as error:
        sys.exit(f"{type(error).__name__}: {error}")
