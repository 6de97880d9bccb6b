"""TLS connections in pyOpenSSL's hands alone, by the server's own context: what memory they take by themselves.

    python -m tests.benchmarks.bare CERTIFICATE KEY PORT

As in Twisted, OpenSSL works on memory, and the bytes are carried by hand. A connection is kept as it is when its
handshake is done and its first bytes were read, and forgotten when it is closed.
"""

from __future__ import annotations

import selectors
import socket
import sys
from pathlib import Path

from OpenSSL import SSL

from webcam.http.certificate import read_pair
from webcam.http.openssl import RECORD
from webcam.http.tls import context


class Held:
    """One connection."""

    def __init__(self, sock: socket.socket, settings: SSL.Context) -> None:
        self.sock = sock
        self._shaken = False
        self._tls = SSL.Connection(settings, None)
        self._tls.set_accept_state()

    def read(self) -> bool:
        """Take what has come; false when the peer is gone."""
        try:
            data = self.sock.recv(RECORD)
        except OSError:
            data = b""
        if not data:
            self.sock.close()
            return False
        self._tls.bio_write(data)
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            self._tls.recv(RECORD)
        except SSL.WantReadError:
            pass
        except SSL.Error:
            self.sock.close()
            return False
        try:
            self.sock.sendall(self._tls.bio_read(RECORD))
        except SSL.WantReadError:
            pass
        return True


def main() -> None:
    settings = context(read_pair(Path(sys.argv[1]), Path(sys.argv[2])))
    settings.set_alpn_select_callback(lambda _, offered: offered[0])
    selector = selectors.DefaultSelector()
    listening = socket.create_server(("127.0.0.1", int(sys.argv[3])), backlog=512)
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listening.accept()
                selector.register(sock, selectors.EVENT_READ, Held(sock, settings))
            elif not key.data.read():
                selector.unregister(key.fileobj)


if __name__ == "__main__":
    main()
