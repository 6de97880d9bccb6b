"""Telling systemd how the service is doing (sd_notify(3)): one datagram, nothing that a library would make shorter."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send *state*, ``READY=1`` for one, where systemd waits for it (Type=notify); elsewhere nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        datagram.sendto(state.encode(), address)
