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


def received(connection: SSL.Connection) -> tuple[bytes, int, SSL.Error | None]:
    """What has come, up to :data:`ROOM`; less than a record below that, nothing more is here. With it, of how many
    records it is, and what is wrong behind it: an error that ``Connection.recv`` would raise."""
    ssl, total, records = connection._ssl, 0, 0
    while total <= ROOM - RECORD:
        size = lib.SSL_read(ssl, _buffer + total, RECORD)
        if size <= 0:
            return bytes(_view[:total]), records, _error(connection, size)
        total += size
        records += 1
    return bytes(_view[:total]), records, None


def _error(connection: SSL.Connection, size: int) -> SSL.Error | None:
    """An exception for each read that has come to its end would be a tenth of a small request."""
    if lib.SSL_get_error(connection._ssl, size) == lib.SSL_ERROR_WANT_READ:
        return None
    try:
        connection._raise_ssl_error(connection._ssl, size)
    except SSL.WantReadError:
        pass
    except SSL.Error as error:
        return error.with_traceback(None)  # which leads to this connection, by way of all that called
    return None


def encrypted(connection: SSL.Connection) -> Iterator[memoryview]:
    """What is to be sent, in pieces; each is good only until anything else here is called."""
    size = ROOM
    while size == ROOM:
        size = lib.BIO_read(connection._from_ssl, _buffer, ROOM)
        if size > 0:
            yield _view[:size]
