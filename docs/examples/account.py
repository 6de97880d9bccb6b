"""Logging in, for the examples beside this file. The standard library only."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

URL = "https://localhost:8080"


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


def log_in(options: argparse.Namespace) -> str:
    """A session's token."""
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
        sys.exit(f"the server refused {options.account}: code {reply['code']}")
    token: str = reply["shash"]
    return token
