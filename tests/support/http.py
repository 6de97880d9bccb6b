"""Clients without sockets: HTTP/2 and HTTP/1.1 spoken to the channel that a site makes for a connection.

A client and the server take turns: what a client sends is handled by the server before the call returns, and what the
server wrote is read by :meth:`pump`, which every look at a response does first. No time passes in any of it.

    client = H2Client(world.site)
    sid = client.request("POST", "/getConfig.json?shash=…")     # the whole request
    client.response(sid).status, client.response(sid).json()
    sid = client.open("POST", "/input.raw?shash=…")             # headers alone: the body stays open
    client.send_data(sid, frame); client.end(sid)

:class:`H1Client` has the same methods, so that a test can run over both; its ids count the connection's requests.
"""

from tests.support.connection import HOST, Response
from tests.support.http1 import H1Client
from tests.support.http2 import H2Client

__all__ = ["HOST", "H1Client", "H2Client", "Response"]
