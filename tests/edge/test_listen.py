"""Listening: what is bound, what is tuned, and one line for what went wrong. No port is opened here."""

from __future__ import annotations

import errno
import socket
import sys

from twisted.internet import error
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from webcam.http.listen import UNSENT, CannotListen, _reason, _tune, bind


class FakeSocket:
    """Notes the options that are set; refuses those in ``unknown``."""

    def __init__(self, family: int = socket.AF_INET, unknown: tuple[int, ...] = ()) -> None:
        self.family = family
        self.unknown = unknown
        self.options: dict[tuple[int, int], int] = {}

    def setsockopt(self, level: int, option: int, value: int) -> None:
        if option in self.unknown:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        self.options[level, option] = value


class FakePort:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.socket = FakeSocket()

    def startReading(self) -> None:
        self.told.append("start")

    def stopReading(self) -> None:
        self.told.append("stop")

    def stopListening(self) -> None:
        self.told.append("close")


class FakeReactor(MemoryReactor):
    """A reactor whose ports are fakes, or fail with ``problem``."""

    problem: Exception | None = None

    def listenTCP(self, port, factory, backlog=50, interface=""):
        if self.problem is not None:
            raise self.problem
        self.bound = (interface, port, factory)
        return FakePort()


class Numbered(Factory):
    """A site as far as a listener is concerned."""

    noisy = False
    protocol = Protocol
    started = 0

    def startFactory(self) -> None:
        self.started += 1

    def stopFactory(self) -> None:
        self.started -= 1


class Binding(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = FakeReactor()

    def refusal(self, description: str) -> str:
        with self.assertRaises(CannotListen) as caught:
            bind(self.reactor, description)
        return str(caught.exception)

    def test_connections_wait_until_it_is_opened(self) -> None:
        """A bound port takes none; from ``open`` on the factory gets them; ``close`` ends both."""
        listener = bind(self.reactor, "tcp:8080:interface=127.0.0.1")
        self.assertEqual(self.reactor.bound, ("127.0.0.1", 8080, listener))
        self.assertEqual(listener.port.told, ["stop"])
        factory = Numbered()
        listener.open(factory)
        self.assertEqual((listener.port.told, factory.started), (["stop", "start"], 1))
        self.assertIs(listener.buildProtocol(None).factory, factory)
        closing = listener.close()
        self.assertRaises(StopIteration, closing.send, None)
        self.assertEqual((listener.port.told, factory.started), (["stop", "start", "close"], 0))

    def test_accepted_connections_inherit_its_options(self) -> None:
        """The bound socket is tuned before any connection is taken."""
        listener = bind(self.reactor, "tcp:8080:interface=127.0.0.1")
        options = listener.port.socket.options
        self.assertEqual(options[socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT], UNSENT)

    def test_a_port_in_use(self) -> None:
        """The operator reads the system's own words."""
        in_use = OSError(errno.EADDRINUSE, "Address already in use")
        self.reactor.problem = error.CannotListenError("127.0.0.1", 8080, in_use)
        self.assertEqual(
            self.refusal("tcp:8080:interface=127.0.0.1"),
            "can't listen on tcp:8080:interface=127.0.0.1: Address already in use",
        )

    def test_descriptions_that_are_none(self) -> None:
        """One line each, whatever is wrong with them."""
        for description in (
            "",
            "tcp",
            "tcp:",
            "tcp:http",
            "tcp:70000",
            "tcp:1:2:3:4:5",
            "systemd:domain=INET:index=9",
            "carrier-pigeon:8080",
            "tcp:²",
        ):
            text = self.refusal(description)
            self.assertTrue(text.startswith(f"can't listen on {description}: "), text)
            self.assertNotIn("\n", text)


class Reasons(SynchronousTestCase):
    def test_are_never_empty(self) -> None:
        """The system's text, else the exception's own, else its name."""
        self.assertEqual(_reason(PermissionError(errno.EACCES, "Permission denied")), "Permission denied")
        self.assertEqual(_reason(ValueError("no such")), "no such; want an endpoint, as tcp:8080")
        self.assertEqual(_reason(OSError("odd")), "odd")
        self.assertEqual(_reason(KeyError()), "KeyError")


class Tuning(SynchronousTestCase):
    def test_of_an_internet_socket(self) -> None:
        """TCP keepalive finds a vanished peer within 30 s, and the kernel holds little that is unsent."""
        for family in (socket.AF_INET, socket.AF_INET6):
            fake = FakeSocket(family)
            _tune(fake)  # type: ignore[arg-type]
            tcp = {option: value for (level, option), value in fake.options.items() if level == socket.IPPROTO_TCP}
            self.assertEqual(fake.options[socket.SOL_SOCKET, socket.SO_KEEPALIVE], 1)
            self.assertEqual(tcp[socket.TCP_NOTSENT_LOWAT], UNSENT)
            found_after = tcp[socket.TCP_KEEPIDLE] + tcp[socket.TCP_KEEPINTVL] * tcp[socket.TCP_KEEPCNT]
            self.assertLessEqual(found_after, 30)
            if sys.platform == "linux":
                self.assertLessEqual(tcp[44], 3000)  # TCP_RTO_MAX_MS: how long a peer that is back may wait

    def test_of_a_platform_that_lacks_an_option(self) -> None:
        """It does without that one."""
        fake = FakeSocket(unknown=(socket.TCP_NOTSENT_LOWAT,))
        _tune(fake)  # type: ignore[arg-type]
        self.assertIn((socket.IPPROTO_TCP, socket.TCP_KEEPCNT), fake.options)

    def test_of_other_sockets(self) -> None:
        """A UNIX socket has no TCP; a port may have no socket at all."""
        fake = FakeSocket(socket.AF_UNIX)
        _tune(fake)  # type: ignore[arg-type]
        _tune(None)
        self.assertEqual(fake.options, {})
