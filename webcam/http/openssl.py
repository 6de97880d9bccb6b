"""What OpenSSL reads and writes, without pyOpenSSL's buffers.

pyOpenSSL makes a buffer for each call and copies it once more: of 109 µs for a frame of 40 KB to a viewer they are 8.
Here one buffer serves all connections, which are all of the reactor's thread. It rests on private names of pyOpenSSL
that tests/unit/test_private_names.py watches.
"""

from __future__ import annotations

from collections.abc import Iterator

from OpenSSL import SSL
from OpenSSL._util import ffi, lib

RECORD = 16384
"""Bytes; OpenSSL gives a record of so many at most."""

ROOM = 256 * 1024
"""Bytes that are taken in one go: those of a batch, encrypted, and many more."""

_buffer = ffi.new("char[]", ROOM)
_view = memoryview(ffi.buffer(_buffer))


def send(connection: SSL.Connection, data: bytes) -> None:
    """Encrypt all of *data*. Errors as ``Connection.send`` has them."""
    sent = lib.SSL_write(connection._ssl, data, len(data))
    if sent != len(data):
        connection._raise_ssl_error(connection._ssl, sent)


def recv(connection: SSL.Connection) -> bytes:
    """What one record holds. Errors as ``Connection.recv`` has them."""
    size = lib.SSL_read(connection._ssl, _buffer, RECORD)
    if size <= 0:
        connection._raise_ssl_error(connection._ssl, size)
    return bytes(_view[:size])


def encrypted(connection: SSL.Connection) -> Iterator[memoryview]:
    """What is to be sent, in pieces; each is good only until anything else here is called."""
    size = ROOM
    while size == ROOM:
        size = lib.BIO_read(connection._from_ssl, _buffer, ROOM)
        if size > 0:
            yield _view[:size]
