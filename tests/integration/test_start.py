"""How the server starts, refuses to start, and ends."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import ssl
import stat
from contextlib import closing
from pathlib import Path

import httpx
from twisted.trial.unittest import SynchronousTestCase

from tests.support.process import DEADLINE, LOOPBACK, Server, run_on_a_terminal, run_to_its_end, shared_server
from tests.support.session import OK, ServerCase, bad
from tests.support.trail import PASSWORD


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class Starting(SynchronousTestCase):
    """Each with a folder of its own."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def server(self, *options: str, listen: tuple[str, ...] = (LOOPBACK,)) -> Server:
        """A server that runs."""
        server = Server(self.folder, *options, listen=listen)
        self.addCleanup(server.stop)
        return server.start()

    def test_first_start(self) -> None:
        """Key, certificate, database and an account are made; its password is in a file, in no log, and works."""
        server = self.server()
        made = {each.name for each in server.data.iterdir()}
        self.assertLessEqual({"certificate.pem", "key.pem", "webcam.db", "first-password"}, made)
        for private in ("key.pem", "webcam.db", "first-password"):
            self.assertEqual(stat.S_IMODE((server.data / private).stat().st_mode), 0o600, private)
        password = (server.data / "first-password").read_text().strip()
        self.assertIn(f"password in {server.data / 'first-password'}", server.log)
        self.assertEqual(server.account("list"), "webcam\n")
        login = {"name": "webcam", "pass": password, "device": "d"}
        with server.client() as client:
            self.assertEqual(client.post("/authorize.json", json=login).json()["result"], "OK")
        self.assertNotIn(password, server.log)

    def test_first_start_on_a_terminal(self) -> None:
        """The password is shown there once, by the first start alone; the log that goes there, too, doesn't have it."""
        data = self.folder / "data"
        first, second = run_on_a_terminal(data), run_on_a_terminal(data)
        password = (data / "first-password").read_text().strip()
        self.assertEqual(
            [line for line in first if password in line], [f"The password of the first account, webcam: {password}"]
        )
        self.assertEqual([line for line in second if password in line], [])
        for said in (first, second):
            self.assertTrue(any(line.endswith("is ready") for line in said), said)

    def test_second_start(self) -> None:
        """The second start makes nothing new and shows no password; sessions go on."""
        server = self.server()
        login = {"name": "webcam", "pass": (server.data / "first-password").read_text().strip(), "device": "d"}
        with server.client() as client:
            shash = client.post("/authorize.json", json=login).json()["shash"]
        kept = {name: (server.data / name).read_bytes() for name in ("certificate.pem", "key.pem", "first-password")}
        server.stop()
        said = server.said
        server.start()
        self.assertEqual({name: (server.data / name).read_bytes() for name in kept}, kept)
        self.assertNotIn(kept["first-password"].decode().strip(), "\n".join(server.log.splitlines()[said:]))
        with server.client() as client:
            self.assertEqual(client.post("/heartBit.json", json={"shash": shash}).json(), {"result": "OK"})

    def test_end(self) -> None:
        """SIGTERM ends it, with nothing wrong in the log, while a device streams and a viewer watches."""
        server = self.server()
        login = {"name": "webcam", "pass": (server.data / "first-password").read_text().strip(), "device": "d"}
        with server.client() as client:
            shash = client.post("/authorize.json", json=login).json()["shash"]
        connection = ssl.create_default_context(cafile=str(server.data / "certificate.pem")).wrap_socket(
            socket.create_connection(("127.0.0.1", server.port), DEADLINE), server_hostname="localhost"
        )
        self.addCleanup(connection.close)
        connection.sendall(
            f"POST /input.raw?shash={shash} HTTP/1.1\r\nhost: x\r\ncontent-length: 21474836480\r\n\r\n".encode()
        )
        with server.client() as client:
            self.assertEqual(client.post("/getServerTime.json").json()["result"], "OK")
        # twistd tells whoever started it by which signal it ended; to systemd that is a clean end.
        self.assertIn(server.stop(), (0, -signal.SIGTERM))
        self.assertIn("Server Shut Down.", server.log)
        self.assertEqual(server.trouble(), [])
        self.assertFalse((server.data / "webcam.db-wal").exists())

    def test_a_second_signal(self) -> None:
        """Answers under way, which have time to end, are cut off by it, and nothing is wrong in the log."""
        server = self.server("--drain=300")
        login = {"name": "webcam", "pass": (server.data / "first-password").read_text().strip(), "device": "d"}
        with server.client() as client:
            shash = client.post("/authorize.json", json=login).json()["shash"]
            record = client.post(f"/addRecord.json?shash={shash}", content=bytes(20_000_000))
            self.assertEqual(record.json(), {"result": "OK"})
        connection = ssl.create_default_context(cafile=str(server.data / "certificate.pem")).wrap_socket(
            socket.create_connection(("127.0.0.1", server.port), DEADLINE), server_hostname="localhost"
        )
        self.addCleanup(connection.close)
        connection.sendall(f"POST /getRecordData.json?shash={shash}&rid=1 HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        self.assertTrue(connection.recv(1))
        os.kill(server.pid, signal.SIGTERM)
        server.wait_for("Received SIGTERM")
        self.assertIn(server.stop(), (0, -signal.SIGTERM))
        self.assertIn("asked to stop again: answers under way are cut off", server.log)
        self.assertEqual(server.trouble(), [])

    def test_everywhere(self) -> None:
        """``tcp:PORT`` listens on IPv4, and on IPv6 where the machine has it."""
        server = self.server(listen=("tcp:0",))
        hosts = ["127.0.0.1", *(["[::1]"] if has_ipv6() else [])]
        for host in hosts:
            answer = httpx.post(f"https://{host}:{server.port}/getServerTime.json", verify=server.trust())
            self.assertEqual(answer.json()["result"], "OK", host)

    def test_several(self) -> None:
        """``--listen`` may be repeated, and ``--plain`` leaves TLS off."""
        server = self.server("--plain", listen=(LOOPBACK, LOOPBACK))
        self.assertEqual(len(set(server.ports)), 2)
        for port in server.ports:
            answer = httpx.post(f"http://127.0.0.1:{port}/getServerTime.json")
            self.assertEqual(answer.json()["result"], "OK")

    def test_configuration_file(self) -> None:
        """Options from an INI file; those of the command line win."""
        path = self.folder / "webcam.ini"
        path.write_text("[webcam]\nrecord-limit = 1K\nbody-limit = 2K\n")
        server = self.server(f"--config={path}", "--record-limit=3K")
        login = {"name": "webcam", "pass": (server.data / "first-password").read_text().strip(), "device": "d"}
        with server.client(http2=False) as client:
            shash = client.post("/authorize.json", json=login).json()["shash"]
            stored = client.post(f"/addRecord.json?shash={shash}", content=bytes(3072))
            refused = client.post(f"/heartBit.json?shash={shash}", content=bytes(2049))
        self.assertEqual((stored.status_code, refused.status_code), (200, 413))


class Refusing(SynchronousTestCase):
    """One clear line, no traceback, and an exit status that says so."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.data = self.folder / "data"

    def refuses(self, reason: str, *options: str) -> None:
        """The server doesn't start, for this reason (a regular expression)."""
        listen = () if any(each.startswith("--listen") for each in options) else (f"--listen={LOOPBACK}",)
        ended = run_to_its_end(self.data, *listen, *options)
        self.assertNotEqual(ended.returncode, 0, ended.stdout)
        self.assertNotIn("Traceback", ended.stdout)
        self.assertNotIn("is ready", ended.stdout)
        lines = [each for each in ended.stdout.splitlines() if "webcam: " in each or "Unknown" in each]
        self.assertEqual(len(lines), 1, ended.stdout)
        self.assertRegex(lines[0], reason)

    def test_port_in_use(self) -> None:
        """A port in use."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refuses(r"in use", f"--listen=tcp:{port}:interface=127.0.0.1")

    def test_port_of_another_server(self) -> None:
        """The port of another server that listens everywhere."""
        other = Server(self.folder / "other", listen=("tcp:0",))
        self.addCleanup(other.stop)
        other.start()
        self.refuses(r"in use", f"--listen=tcp:{other.port}")

    def test_not_an_endpoint(self) -> None:
        """What is no endpoint description."""
        self.refuses(r"can't listen on nonsense", "--listen=nonsense")

    def test_no_key(self) -> None:
        """A key that isn't there, and one that is none."""
        certificate = f"--certificate={shared_server().data / 'certificate.pem'}"
        path = self.folder / "key.pem"
        self.refuses(r"key\.pem: No such file", certificate, f"--key={path}")
        path.write_text("a key\n")
        self.refuses(r"key\.pem holds no key", certificate, f"--key={path}")
        path.unlink()
        path.mkdir()
        self.refuses(r"key\.pem: Is a directory", certificate, f"--key={path}")

    def test_no_certificate(self) -> None:
        """A certificate that is none, and one of another key."""
        key = f"--key={shared_server().data / 'key.pem'}"
        path = self.folder / "certificate.pem"
        path.write_text("a certificate\n")
        self.refuses(r"certificate\.pem holds no certificate", key, f"--certificate={path}")
        other = Server(self.folder / "other")
        self.addCleanup(other.stop)
        other.start()
        self.refuses(r"is not the key of", key, f"--certificate={other.data / 'certificate.pem'}")

    def test_data_folder(self) -> None:
        """A data folder in whose place is a file."""
        self.data.write_text("")
        self.refuses(r"can't use the data folder .*data: ")

    def test_newer_database(self) -> None:
        """A database of a newer version, which is left as it is."""
        self.data.mkdir()
        path = self.data / "webcam.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 1000")
        connection.close()
        before = path.read_bytes()
        self.refuses(r"is of version 1000.*use a newer server")
        self.assertEqual(path.read_bytes(), before)

    def test_not_a_database(self) -> None:
        """A file that is no database."""
        self.data.mkdir()
        (self.data / "webcam.db").write_text("not a database " * 1000)
        self.refuses(r"webcam\.db can't be used")

    def test_unknown_option(self) -> None:
        """An unknown option on the command line, a value that an option can't have."""
        ended = run_to_its_end(self.data, "--nonsense=1")
        self.assertNotEqual(ended.returncode, 0)
        self.assertNotIn("Traceback", ended.stdout)
        self.assertRegex(ended.stdout, r"option --nonsense not recognized")
        self.refuses(r"record-limit: want a size", "--record-limit=large")

    def test_unknown_key(self) -> None:
        """An unknown key or section of the configuration file, and a file that isn't there."""
        path = self.folder / "webcam.ini"
        option = f"--config={path}"
        self.refuses(r"can't read .*webcam\.ini: No such file", option)
        path.write_text("[webcam]\nrecord-size = 1K\n")
        self.refuses(r"webcam\.ini: unknown option record-size", option)
        path.write_text("[webcam]\n[other]\n")
        self.refuses(r"webcam\.ini: unknown section \[other\]", option)
        self.assertFalse(self.data.exists())


class BadRows(ServerCase):
    """A database that somebody changed, or that an older version restored: what is bad costs itself alone."""

    def test_the_server_starts_and_serves_whom_it_can(self) -> None:
        server = self.own_server()
        server.account("add", "other", password=PASSWORD)
        phone = self.authorize("phone")
        server.stop()
        session = "INSERT INTO sessions VALUES ('{}', 2, 'camera', '', '', {}, 0, NULL, NULL)"
        with closing(sqlite3.connect(server.data / "webcam.db")) as connection:
            connection.execute(session.format("a" * 64, "-1e300"))
            connection.execute(session.format("b" * 64, "9e999"))
            connection.execute(session.format("c" * 64, "0").replace("'camera'", "CAST(x'ff' AS TEXT)"))
            connection.execute("INSERT INTO settings VALUES (2, 2, 9e999)")
            connection.execute("INSERT INTO quotas VALUES (2, 'messages', 'x')")
            connection.execute("UPDATE accounts SET last_stamp = 'zzz' WHERE name = 'other'")
            connection.commit()
        server.start()
        self.assertEqual(server.log.count("removed a row that the server can't work with: "), 5)
        self.assertIn("accounts (id 3): last_stamp is 'zzz'", server.log)
        self._client = None
        self.assertEqual(self.call("addMsgs.json", shash=phone, msg="hello"), OK)
        self.account = "other"
        refused = self.http.post("/addMsgs.json", json={"shash": self.authorize("phone"), "msg": "hello"})
        self.assertEqual((refused.status_code, refused.json()), (503, bad(3)))
        self.assertLess(self.call("getServerTime.json")["stamp"], "9")
        server.wait_for("refused /addMsgs.json .*no stamp can follow the newest one of account 3")
