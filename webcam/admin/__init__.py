"""The console script ``webcam``: what the operator does to accounts and data, most of it also while the server runs."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Sequence

from webcam import __version__
from webcam.admin import accounts, backup, check, devices, importing, secrets, sessions, tls
from webcam.errors import Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the answer is its exit status."""
    options = parser().parse_args(arguments)
    try:
        text = options.run(options)
    except KeyboardInterrupt:
        return 130
    except Refused as error:
        print(f"webcam: {error}", file=sys.stderr)
        return 1
    except sqlite3.Error as error:
        print(f"webcam: the database refused: {error}", file=sys.stderr)
        return 1
    except UnicodeError:
        print("webcam: the name or the password is no text in UTF-8", file=sys.stderr)
        return 1
    if text:
        print(text)
    return 0


def parser() -> argparse.ArgumentParser:
    """Of the whole command line."""
    program = argparse.ArgumentParser(prog="webcam", description="Looks after a web camera server.")
    program.add_argument("--version", action="version", version=__version__)
    nouns = program.add_subparsers(
        required=True, metavar="account|session|device|secret|backup|restore|check|import|tls"
    )
    for commands in (accounts, sessions, devices, secrets, backup, check, importing, tls):
        commands.add_to(nouns)
    return program
