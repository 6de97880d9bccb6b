"""``webcam secret``: logins of an account that may do less than its password's."""

from __future__ import annotations

import argparse

from webcam.admin.common import Nouns, add_command, add_noted_command, check_name, note, of_account, table
from webcam.errors import NoSuchSecret, Refused, SecretExists
from webcam.model import Role, Secret
from webcam.service.tokens import digest_of, new_secret
from webcam.storage import secrets
from webcam.storage.rules import SECRET_DEVICES


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    secret = nouns.add_parser("secret", help="logins that only publish or only view")
    verbs = secret.add_subparsers(required=True, metavar="add|list|remove")
    command = add_noted_command(verbs, "add", _add, "make a secret, which is shown this once")
    _of(command)
    command.add_argument("label", help="its name within the account")
    roles = command.add_mutually_exclusive_group(required=True)
    for role, text in (
        (Role.PUBLISH, "for a device that may be stolen: it may publish, store records, send and get messages"),
        (Role.VIEW, "for a guest: it may see devices, streams and records"),
    ):
        roles.add_argument(f"--{role.value}", dest="role", action="store_const", const=role, help=text)
    command.add_argument(
        "--device",
        action="append",
        default=[],
        help="what it may log in as, or see; may be repeated; every device if it is left out",
    )
    command.add_argument(
        "--every",
        action="store_true",
        help="with --view: it may ask for every frame of a stream (every=1), which slows the camera to its pace",
    )
    _of(add_command(verbs, "list", _list, "list an account's secrets, without their text"))
    command = add_noted_command(verbs, "remove", _remove, "remove a secret; its sessions end")
    _of(command)
    command.add_argument("label", help="its name within the account")


def _of(command: argparse.ArgumentParser) -> None:
    command.add_argument("account", help="the account's name")


def _add(options: argparse.Namespace) -> str:
    check_name(options.label, "a label")
    for device in options.device:
        check_name(device, "a device")
    if options.every and options.role is not Role.VIEW:
        raise Refused("--every goes with --view")
    if len(options.device) > SECRET_DEVICES:
        raise Refused(f"at most {SECRET_DEVICES} devices can be named")
    text, devices = new_secret(), frozenset(options.device)
    try:
        of_account(
            options,
            options.account,
            lambda cursor: secrets.add_secret(
                cursor, options.account, options.label, digest_of(text), options.role, devices, options.every
            ),
        )
    except SecretExists:
        raise Refused(f"the label {options.label!r} is taken") from None
    note(options, "secret_added", account=options.account, label=options.label, role=options.role.value)
    return text


def _list(options: argparse.Namespace) -> str:
    found = of_account(options, options.account, lambda cursor: secrets.secrets(cursor, options.account))
    return table(("label", "role", "devices", "every frame"), [_row(each) for each in found])


def _row(secret: Secret) -> tuple[str, ...]:
    return (
        secret.label,
        secret.role.value,
        ", ".join(sorted(secret.devices)) or "(all)",
        "yes" if secret.every_frame else "",
    )


def _remove(options: argparse.Namespace) -> str:
    try:
        of_account(
            options,
            options.account,
            lambda cursor: secrets.remove_secret(cursor, options.account, options.label),
        )
    except NoSuchSecret:
        raise Refused(f"there is no label {options.label!r}") from None
    note(options, "secret_removed", account=options.account, label=options.label)
    return f"removed {options.label}"
