"""The private names of Twisted, h2 and klein that the HTTP server rests on are there, and are what they were.

When a new version renames one, changes how it is called, or calls it no more, this fails with its name, before anything
else fails in a way that is hard to read.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

import h2.config
import h2.connection
import h2.windows
import hpack
from hpack.table import HeaderTable
from hyperframe.frame import WindowUpdateFrame
from klein import Klein
from klein.resource import KleinResource
from OpenSSL import SSL, _util
from packaging.requirements import Requirement
from twisted.internet import abstract
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import tls
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import http, server

import webcam
from tests.unit import private_names
from tests.unit.private_names import (
    ALPN,
    CALLS,
    CLASS_ATTRIBUTES,
    H2,
    H2_ATTRIBUTES,
    H2_SENDERS,
    HTTP1,
    PARAMETERS,
    Chunked,
    Core,
    CoreStream,
    FrameBuffer,
    Stream,
)
from webcam.http.http2 import HTTP2Channel
from webcam.http.rounds import Rounds

ROOT = Path(webcam.__file__).parent.parent

KLEIN = frozenset({"url_map"})


class FakeConnection:
    """As much of a connection as a stream of Twisted's needs to be made."""

    def getPeer(self) -> None: ...

    def getHost(self) -> None: ...


class Case(SynchronousTestCase):
    """Says which name it is about."""

    def all_there(self, owner: object, names: Iterable[str], what: str) -> None:
        gone = [name for name in names if not hasattr(owner, name)]
        if gone:
            self.fail(f"{what} has no {', '.join(gone)} any more")


def shown(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else owner.__name__


def parameters(function: Callable[..., Any]) -> str:
    """Names of the parameters behind ``self``, as :data:`PARAMETERS` writes them."""
    _, *rest = inspect.signature(function).parameters.values()
    return " ".join(f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name for each in rest)


def names_in(code: CodeType) -> set[str]:
    """Every attribute and global that a function's code speaks of, inner functions included."""
    found = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found |= names_in(each)
    return found


class ShapeTests(Case):
    """The names, and how they are called."""

    def test_methods(self) -> None:
        """Each method exists and takes the same parameters, by name and order."""
        for owner, name, expected in PARAMETERS:
            self.all_there(owner, [name], shown(owner))
            taken = parameters(getattr(owner, name))
            self.assertEqual(taken, expected, f"{shown(owner)}.{name} takes ({taken}), not ({expected})")

    def test_callers(self) -> None:
        """Each of them is still called, or set, by the one that we rely on."""
        for owner, caller, name in CALLS:
            self.all_there(owner, [caller], shown(owner))
            spoken_of = name in names_in(getattr(owner, caller).__code__)
            self.assertTrue(spoken_of, f"{shown(owner)}.{caller} has nothing to do with {name} any more")

    def test_class_attributes(self) -> None:
        """On classes and modules."""
        for owner, name in CLASS_ATTRIBUTES:
            self.all_there(owner, [name], shown(owner))

    def test_stock_tls_buffers(self) -> None:
        """Twisted's TLS collects small writes in a protocol of its own, which our factory replaces."""
        self.assertIsNot(tls.TLSMemoryBIOFactory.protocol, tls.TLSMemoryBIOProtocol, "TLSMemoryBIOFactory.protocol")

    def test_klein(self) -> None:
        """The map of routes is werkzeug's, with its slashes left alone."""
        self.all_there(Klein(), KLEIN, "klein.Klein")
        self.all_there(Klein().url_map, ["merge_slashes"], "klein.Klein.url_map")


class ObjectTests(Case):
    """What objects hold once they are made."""

    def test_http2_connection(self) -> None:
        """Its state machine, its streams, and the reactor that it was given; what else it makes is not needed here."""
        clock = Clock()
        connection = H2(clock)
        self.all_there(connection, ["conn", "streams", "_reactor"], shown(H2))
        self.assertIs(connection._reactor, clock, f"{shown(H2)}._reactor is not the reactor that it was given")
        self.assertEqual(set(vars(connection)) - H2_ATTRIBUTES, set(), f"{shown(H2)} makes more than it did")
        missing = H2_ATTRIBUTES - vars(HTTP2Channel(clock, Rounds(clock).place(""))).keys()
        methods = dict(inspect.getmembers(H2, inspect.isfunction))
        inherited = {name: each for name, each in methods.items() if each is getattr(HTTP2Channel, name)}
        readers = {name for name, each in inherited.items() if missing & names_in(each.__code__)}
        self.assertEqual(readers, H2_SENDERS, f"methods of {shown(H2)} need what ours has not")
        (call,) = clock.getDelayedCalls()
        self.assertEqual(call.func, connection._sendPrioritisedData, f"{shown(H2)} schedules more than its sender")

    def test_http2_stream(self) -> None:
        """Its request and its connection."""
        connection = FakeConnection()
        headers = [(b":method", b"POST"), (b":path", b"/a?b"), (b":scheme", b"https"), (b":authority", b"c")]
        stream = Stream(1, connection, headers, http.Request, None, None)
        names = ("streamID", "site", "factory", "producing", "command", "path", "producer")
        self.all_there(stream, (*names, "_request", "_conn"), shown(Stream))
        self.assertIs(stream._conn, connection, f"{shown(Stream)}._conn is not its connection")
        self.assertEqual((stream.command, stream.path), (b"POST", b"/a?b"), f"{shown(Stream)}.command, .path")

    def test_http1_channel(self) -> None:
        """The request line, the body's decoder, and the transport as a producer."""
        channel = HTTP1()
        self.all_there(channel, ["requests", "_transferDecoder", "_handlingRequest", "_dataBuffer"], shown(HTTP1))
        transport = StringTransport()
        channel.callLater = Clock().callLater
        channel.makeConnection(transport)
        self.all_there(channel, ["_networkProducer"], shown(HTTP1))
        self.assertIs(channel._networkProducer, transport, f"{shown(HTTP1)}._networkProducer is not the transport")
        channel.dataReceived(b"POST /a?b HTTP/1.1\r\nHost: c\r\ncontent-length: 5\r\n\r\n")
        self.all_there(channel, ["_command", "_path", "_version"], shown(HTTP1))
        line = (channel._command, channel._path, channel._version)
        self.assertEqual(line, (b"POST", b"/a?b", b"HTTP/1.1"), f"{shown(HTTP1)}._command, ._path, ._version")
        self.assertIsNotNone(channel._transferDecoder, f"{shown(HTTP1)}._transferDecoder is not set within a body")

    def test_http1_header_names(self) -> None:
        """``_maybeChooseTransferDecoder`` is told the header's name in its canonical case."""
        told: list[bytes] = []

        class Channel(HTTP1):
            def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
                told.append(header)
                return True

        channel = Channel()
        channel.callLater = Clock().callLater
        channel.makeConnection(StringTransport())
        channel.dataReceived(b"POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\nhost: a\r\n\r\n")
        self.assertEqual(told, [b"Content-Length", b"Host"], f"{shown(HTTP1)}._maybeChooseTransferDecoder")

    def test_generic_channel(self) -> None:
        """It stands before a channel, and keeps for the next one what its factory sets."""
        original = HTTP1()
        channel = ALPN(original)
        self.all_there(channel, ["_channel"], shown(ALPN))
        self.assertIs(channel._channel, original, f"{shown(ALPN)}._channel is not the channel that it was given")
        for name in ("requestFactory", "factory", "site", "timeOut", "callLater"):
            value = object()
            setattr(channel, name, value)
            self.assertIs(getattr(channel, f"_{name}", None), value, f"{shown(ALPN)}.{name} does not set _{name}")
            self.assertIs(getattr(original, name, None), value, f"{shown(ALPN)}.{name} does not set its channel's")

    def test_tcp(self) -> None:
        """What waits in a transport, and whether its producer has been told."""
        transport = abstract.FileDescriptor(Clock())
        names = ["dataBuffer", "_tempDataBuffer", "producer", "streamingProducer", "producerPaused", "disconnecting"]
        names += ["connected", "_writeDisconnected", "offset", "_tempDataLen"]
        self.all_there(transport, names, shown(abstract.FileDescriptor))
        for method, name in (
            ("write", "_tempDataBuffer"),
            ("doWrite", "producerPaused"),
            ("doWrite", "dataBuffer"),
            ("write", "_tempDataLen"),
            ("doWrite", "offset"),
        ):
            spoken_of = name in names_in(getattr(abstract.FileDescriptor, method).__code__)
            self.assertTrue(spoken_of, f"{shown(abstract.FileDescriptor)}.{method} has nothing to do with {name}")

    def test_openssl(self) -> None:
        """What pyOpenSSL calls of OpenSSL, with what, and how an error of it becomes an exception."""
        connection = SSL.Connection(SSL.Context(SSL.TLS_METHOD), None)
        self.all_there(connection, ["_ssl", "_from_ssl", "_raise_ssl_error"], shown(SSL.Connection))
        self.all_there(_util, ["ffi", "lib"], "OpenSSL._util")
        for method, names in (
            ("send", "SSL_write _ssl"),
            ("recv", "SSL_read _ssl"),
            ("_raise_ssl_error", "SSL_get_error SSL_ERROR_WANT_READ"),
            ("bio_read", "BIO_read _from_ssl"),
        ):
            spoken_of = names_in(getattr(SSL.Connection, method).__code__)
            self.assertEqual(set(names.split()) - spoken_of, set(), f"{shown(SSL.Connection)}.{method}")
        self.assertEqual(parameters(SSL.Connection._raise_ssl_error), "ssl result", shown(SSL.Connection))
        connection.set_connect_state()
        with self.assertRaises(SSL.WantReadError):
            connection._raise_ssl_error(connection._ssl, _util.lib.SSL_do_handshake(connection._ssl))
        buffer = _util.ffi.new("char[]", 10)
        self.assertEqual(_util.lib.BIO_read(connection._from_ssl, buffer, 10), 10)
        self.assertEqual(_util.ffi.buffer(buffer)[0], b"\x16", "no handshake came out of OpenSSL")

    def test_h2(self) -> None:
        """Windows that can be credited apart, and a new stream that is told its lengths by one method alone."""
        connection = Core(h2.config.H2Configuration(client_side=False))
        self.all_there(
            connection, ["streams", "_inbound_flow_control_window_manager", "outbound_flow_control_window"], shown(Core)
        )
        manager = connection._inbound_flow_control_window_manager
        self.assertIsInstance(manager, h2.windows.WindowManager, f"{shown(Core)}._inbound_flow_control_window_manager")
        frame = WindowUpdateFrame(0)
        frame.window_increment = 5
        connection._prepare_for_sending([frame])
        connection._data_to_send += b"behind it"
        sent = connection.data_to_send()
        self.assertEqual(sent, frame.serialize() + b"behind it", f"{shown(Core)}._prepare_for_sending, ._data_to_send")
        self.assertIsInstance(connection.decoder, hpack.Decoder, f"{shown(Core)}.decoder")
        self.assertIsInstance(connection.encoder, hpack.Encoder, f"{shown(Core)}.encoder")
        stream = connection._begin_new_stream(1, h2.connection.AllowedStreamIDs.ODD)
        self.assertIsInstance(stream, CoreStream, f"{shown(Core)}._begin_new_stream")
        self.assertIs(connection.streams.get(1), stream, f"{shown(Core)}.streams")
        machine = stream.state_machine
        self.all_there(machine, ["state", "client", "headers_received", "stream_closed_by"], shown(type(machine)))
        self.all_there(stream, ["outbound_flow_control_window", "max_outbound_frame_size"], shown(CoreStream))
        connection.close_connection()
        self.assertEqual((stream.open, stream.closed), (False, False), f"{shown(CoreStream)}.open, .closed")


class CompletenessTests(Case):
    """Nothing private is used that is not watched here."""

    FAMILIES = {
        "outgoing.py": (H2,),
        "http2.py": (H2,),
        "stream.py": (Stream,),
        "http1.py": (HTTP1,),
        "head1.py": (Chunked,),
        "negotiation.py": (ALPN, HTTP1),
        "request.py": (server.Request,),
        "site.py": (server.Site,),
        "connection.py": (Core, CoreStream),
        "core.py": (Core, CoreStream, FrameBuffer),
        "intake.py": (Core, CoreStream, FrameBuffer),
        "fieldblock.py": (hpack.Decoder, hpack.Encoder, HeaderTable),
    }
    """Our modules, and whose private names they can touch."""

    def test_all_watched(self) -> None:
        """Every private name of a base class that our subclass uses, or has itself by accident."""
        texts = [Path(each).read_text(encoding="utf-8") for each in (__file__, private_names.__file__)]
        watched = set(re.findall(r"\b_[a-zA-Z]\w*", "".join(texts)))
        for module, classes in self.FAMILIES.items():
            theirs = set().union(*map(self.private_names, classes))
            unwatched = sorted((self.used_in(ROOT / "webcam" / "http" / module) & theirs) - watched)
            self.assertEqual(unwatched, [], f"webcam/http/{module} uses private names that private_names.py lacks")

    def test_edge(self) -> None:
        """The edge uses none of Twisted's or klein's at all."""
        theirs = self.private_names(KleinResource) | self.private_names(server.Request)
        for path in (ROOT / "webcam" / "api").glob("*.py"):
            self.assertEqual(self.used_in(path) & theirs, set(), path.name)

    def private_names(self, owner: type) -> set[str]:
        """Of a class and its bases: what stands in the class and what its methods say of ``self``."""
        found = set()
        for each in owner.__mro__:
            found |= {name for name in vars(each) if re.match(r"_[a-zA-Z]", name)}
            for function in filter(inspect.isfunction, vars(each).values()):
                found |= {name for name in names_in(function.__code__) if re.match(r"_[a-zA-Z]", name)}
        return found

    def used_in(self, path: Path) -> set[str]:
        """Private attributes that a module's code reads, sets or defines."""
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.FunctionDef):
                found.add(node.name)
        return {name for name in found if re.match(r"_[a-zA-Z]", name)}


class VersionTests(Case):
    """The versions for which all this was written."""

    def test_installed(self) -> None:
        """The libraries whose names these are: bounded above in setup.cfg, and installed within their bounds."""
        config = ConfigParser(interpolation=None)
        config.read(ROOT / "setup.cfg", encoding="utf-8")
        lines = config["options"]["install_requires"].splitlines()
        wanted = {each.name: each for each in map(Requirement, filter(None, lines))}
        for name in ("twisted", "h2", "hyperframe", "hpack", "klein", "pyopenssl"):
            self.assertIn(name, wanted, f"setup.cfg has no {name}")
            bounds = wanted[name].specifier
            self.assertIn("<", {each.operator for each in bounds}, f"setup.cfg takes any later {name}")
            self.assertIn(version(name), bounds, f"{name} {version(name)} is not within {bounds}")
