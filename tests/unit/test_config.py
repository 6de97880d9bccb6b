"""Configuration: command line, INI file and environment, and one line for each way of being wrong."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.refusals import accepted
from webcam.address import Networks
from webcam.config import (
    OPTIONS,
    Config,
    ConfigurationError,
    Options,
    base_path,
    boolean,
    build,
    count,
    read_file,
    seconds,
    size,
)
from webcam.model import LARGEST, Bounds


class Case(SynchronousTestCase):
    """Reads configurations as ``twistd webcam`` does."""

    def file(self, text: str) -> str:
        path = self.mktemp()
        Path(path).write_text(text, encoding="utf-8")
        return path

    def config(self, *arguments: str, file: str | None = None, **environment: str) -> Config:
        options = Options()
        options.parseOptions([*arguments, *(["--config", self.file(file)] if file is not None else [])])
        return options.configuration(environment)

    def refused(self, *arguments: str, file: str | None = None) -> str:
        """The line that the operator reads."""
        text = str(self.assertRaises(ConfigurationError, self.config, *arguments, file=file))
        self.assertNotIn("\n", text)
        return text


class ValueTests(SynchronousTestCase):
    """How an option's text is read."""

    def test_sizes(self) -> None:
        """Bytes, or with a letter for powers of 1,024."""
        self.assertEqual([size(each) for each in ("1", "500000", "64K", "32m", "1G")], [1, 500000, 65536, 2**25, 2**30])
        wrong = ("", "0", "0K", "K", "-1", "1.5M", "1T", "1KB", " 1", "1 K", "²", "٣", "1ß", "abc", "0x10", "1_000")
        self.assertEqual(accepted(ValueError, size, wrong), [])

    def test_numbers_have_an_end(self) -> None:
        """What no database could hold is refused, not met later; digits without an end aren't even read."""
        largest = str(LARGEST)
        self.assertEqual((count(largest), size(largest), size(f"{LARGEST // 2**30}G")), (LARGEST,) * 3)
        for text in (str(LARGEST + 1), str(2**63), "9" * 101, "9" * 5000):
            for read in (count, size):
                refusal = str(self.assertRaises(ValueError, read, text))
                self.assertEqual(refusal, f"want at most {LARGEST}")
        self.assertRaises(ValueError, size, f"{LARGEST // 2**30 + 1}G")

    def test_seconds(self) -> None:
        """Not negative, and an end."""
        self.assertEqual([seconds(each) for each in ("0", "10", "0.5", "1e3")], [0.0, 10.0, 0.5, 1000.0])
        self.assertEqual(accepted(ValueError, seconds, ("", "-1", "abc", "nan", "inf", "1e9", "10s")), [])

    def test_booleans(self) -> None:
        """As INI files write them."""
        self.assertEqual([boolean(each) for each in ("yes", "TRUE", "1", "on")], [True] * 4)
        self.assertEqual([boolean(each) for each in ("no", "False", "0", "off")], [False] * 4)
        self.assertEqual(accepted(ValueError, boolean, ("", "y", "2", "yes please")), [])

    def test_base_paths(self) -> None:
        """From slash to slash, of what needs no percent-encoding."""
        right = ("/", "/cam/", "/my-home/cam_1.2~/")
        self.assertEqual(tuple(base_path(each) for each in right), right)
        wrong = (
            "",
            "cam",
            "/cam",
            "cam/",
            "//",
            "/cam//",
            "/c m/",
            "/c%20m/",
            "/../",
            "/cam/./",
            "/cam/?",
            "/ä/",
            "/cam/\n",
        )
        self.assertEqual(accepted(ValueError, base_path, wrong), [])


class DefaultTests(Case):
    """What holds when nothing is said."""

    def test_defaults(self) -> None:
        """TLS on every interface's port 8080, all files in one folder, the protocol's limits."""
        data = Path("webcam-data")
        self.assertEqual(
            self.config(),
            Config(
                data=data,
                listen=("tcp:8080",),
                plain=False,
                base_path="/",
                trusted_proxies=None,
                certificate=data / "certificate.pem",
                key=data / "key.pem",
                audit=data / "audit.log",
                record_limit=32 * 1024**2,
                frame_limit=2 * 1024**2,
                frame_memory=None,
                body_limit=1024**2,
                stall=10.0,
                connections=4000,
                connections_per_address=400,
                drain=10.0,
                account_devices=1000,
                account_sessions=10_000,
                account_streams=1000,
                account_messages=2_000_000,
                account_message_bytes=256 * 2**20,
                account_records=None,
                account_bytes=None,
                keep_free=None,
                cooldown=60.0,
            ),
        )

    def test_bounds(self) -> None:
        """What isn't said of records is no bound."""
        self.assertEqual(self.config().bounds, Bounds(2_000_000, 0, 0, None, 1000, 10_000, 1000, 256 * 2**20))
        given = ("--account-messages", "1", "--account-records", "2", "--account-bytes", "3", "--keep-free", "4")
        more = ("--account-devices", "5", "--account-sessions", "6", "--account-streams", "7")
        more += ("--account-message-bytes", "8")
        self.assertEqual(self.config(*given, *more).bounds, Bounds(1, 2, 3, 4, 5, 6, 7, 8))

    def test_no_space_to_keep_free(self) -> None:
        """0 turns it off, which is something else than saying nothing."""
        self.assertEqual(self.config("--keep-free", "0").bounds.keep_free, 0)
        self.assertEqual(self.config(file="[webcam]\nkeep-free = 0").bounds.keep_free, 0)
        self.assertIn("keep-free: want a size", self.refused("--keep-free", "0K"))

    def test_who_comes_from_one_address(self) -> None:
        """Without TLS there is a proxy; one that is trusted says who its clients are."""
        self.assertFalse(self.config().one_address)
        self.assertTrue(self.config("--plain").one_address)
        self.assertFalse(self.config("--plain", "--trusted-proxies", "127.0.0.1").one_address)

    def test_the_memory_for_frames(self) -> None:
        """A quarter of what there is, 512 MiB at most, and enough for four of the largest frames; or what is said."""
        self.assertEqual(self.config().frame_bytes(512 * 2**20), 128 * 2**20)
        self.assertEqual(self.config().frame_bytes(2**36), 512 * 2**20)
        self.assertEqual(self.config("--frame-limit", "32M").frame_bytes(64 * 2**20), 128 * 2**20)
        self.assertEqual(self.config("--frame-memory", "3G").frame_bytes(2**20), 3 * 2**30)
        refusal = "frame-memory: want at least 4 times frame-limit, 8388608 bytes, not 8388607"
        self.assertEqual(self.refused("--frame-memory", "8388607"), refusal)
        self.assertEqual(self.config("--frame-memory", "8M").frame_memory, 2**23)

    def test_state_directory(self) -> None:
        """The folder that systemd gives, the first of several, unless another is named."""
        self.assertEqual(self.config(STATE_DIRECTORY="/var/lib/webcam").data, Path("/var/lib/webcam"))
        self.assertEqual(self.config(STATE_DIRECTORY="/var/lib/a:/var/lib/b").key, Path("/var/lib/a/key.pem"))
        self.assertEqual(self.config(STATE_DIRECTORY="").data, Path("webcam-data"))
        self.assertEqual(self.config("--data", "here", STATE_DIRECTORY="/var/lib/webcam").data, Path("here"))

    def test_own_certificate(self) -> None:
        """The server makes certificate and key in its own folder only."""
        self.assertTrue(self.config("--data", "d").own_certificate)
        self.assertFalse(self.config("--certificate", "/etc/c.pem").own_certificate)
        self.assertFalse(self.config("--key", "/etc/k.pem").own_certificate)


class CommandLineTests(Case):
    """Twisted's options."""

    def test_every_option(self) -> None:
        """Each of them by its name."""
        config = self.config(
            *("--data", "d", "--listen", "tcp:1", "--plain", "--certificate", "c", "--key", "k", "--stall", "5"),
            *(
                "--record-limit",
                "1M",
                "--frame-limit",
                "64K",
                "--frame-memory",
                "3M",
                "--body-limit",
                "100",
                "--cooldown",
                "0",
            ),
            *("--audit", "a", "--connections", "7", "--connections-per-address", "3", "--drain", "1.5"),
            *("--account-devices", "11", "--account-sessions", "12", "--account-streams", "13"),
            *("--account-message-bytes", "7K"),
            *("--account-messages", "6", "--account-records", "8", "--account-bytes", "9K", "--keep-free", "10M"),
            *("--base-path", "/cam/", "--trusted-proxies", "127.0.0.1, unix"),
        )
        around = ("/cam/", Networks.read("127.0.0.1 unix"))
        limits = (2**20, 65536, 3 * 2**20, 100, 5.0, 7, 3, 1.5, 11, 12, 13, 6, 7 * 1024, 8, 9 * 1024, 10 * 2**20, 0.0)
        files = (Path("c"), Path("k"), Path("a"))
        self.assertEqual(config, Config(Path("d"), ("tcp:1",), True, *around, *files, *limits))

    def test_listen_is_repeated(self) -> None:
        """Each adds an endpoint; the default is left out."""
        self.assertEqual(
            self.config("--listen", "tcp:1", "--listen=unix:/run/s:mode=660").listen, ("tcp:1", "unix:/run/s:mode=660")
        )

    def test_unknown_option(self) -> None:
        """Ends the start with one line, not a page of usage; so do a missing value and what is no option."""
        wrong = {"--colour": "colour", "--plain=yes": "plain", "--data": "data", "more": "Wrong number of arguments"}
        for argument, named in wrong.items():
            line = str(self.assertRaises(SystemExit, Options().parseOptions, [argument]))
            self.assertIn(named, line)
            self.assertNotIn("\n", line)

    def test_malformed(self) -> None:
        """The line names the option and quotes the text; an empty text is none at all."""
        self.assertEqual(
            self.refused("--record-limit", "big"), "record-limit: want a size as 500000, 64K, 32M or 1G, not 'big'"
        )
        self.assertEqual(self.refused("--stall", "-1"), "stall: want a number of seconds, not '-1'")
        for name in ("data", "key", "certificate", "frame-limit", "cooldown"):
            self.assertIn(name, self.refused(f"--{name}", ""))

    def test_help(self) -> None:
        """Every option is explained with its default."""
        text = " ".join(str(Options()).split())
        for option in OPTIONS:
            self.assertIn(f"--{option.name}", text)
            if option.default not in (None, "no"):
                self.assertIn(f"[{option.default}]", text)


class FileTests(Case):
    """The INI file: the same names, in one section."""

    def test_every_option(self) -> None:
        """What the command line can say, the file can."""
        lines = ("data = d", "listen = tcp:1 tcp:2", "plain = yes", "certificate = c", "key: k", "stall = 5")
        more = (
            "record-limit = 1M",
            "frame-limit = 64K",
            "frame-memory = 3M",
            "body-limit = 100",
            "cooldown = 0",
            "# a comment",
        )
        rest = ("audit = a", "connections = 7", "connections-per-address = 3", "drain = 1.5")
        many = ("account-devices = 11", "account-sessions = 12", "account-streams = 13")
        kept = (
            "account-messages = 6",
            "account-message-bytes = 7K",
            "account-records = 8",
            "account-bytes = 9K",
            "keep-free = 10M",
        )
        proxied = ("base-path = /cam/", "trusted-proxies = 127.0.0.1 unix")
        config = self.config(file="[webcam]\n" + "\n".join((*lines, *more, *rest, *many, *kept, *proxied)))
        around = ("/cam/", Networks.read("127.0.0.1 unix"))
        limits = (2**20, 65536, 3 * 2**20, 100, 5.0, 7, 3, 1.5, 11, 12, 13, 6, 7 * 1024, 8, 9 * 1024, 10 * 2**20, 0.0)
        files = (Path("c"), Path("k"), Path("a"))
        self.assertEqual(config, Config(Path("d"), ("tcp:1", "tcp:2"), True, *around, *files, *limits))

    def test_nothing_said(self) -> None:
        """An empty section changes nothing."""
        self.assertEqual(self.config(file="[webcam]\n"), self.config())

    def test_endpoints_on_lines(self) -> None:
        """One endpoint a line, indented."""
        self.assertEqual(self.config(file="[webcam]\nlisten =\n  tcp:1\n  tcp:2\n").listen, ("tcp:1", "tcp:2"))

    def test_percent_signs(self) -> None:
        """They are no interpolation."""
        self.assertEqual(self.config(file="[webcam]\ndata = /srv/%h\n").data, Path("/srv/%h"))

    def test_command_line_wins(self) -> None:
        """Option by option; endpoints are replaced, not added to."""
        file = "[webcam]\ndata = file\nlisten = tcp:1 tcp:2\nstall = 5\nplain = no\n"
        config = self.config("--data", "line", "--listen", "tcp:3", "--plain", file=file)
        self.assertEqual(
            (config.data, config.listen, config.stall, config.plain), (Path("line"), ("tcp:3",), 5.0, True)
        )
        self.assertEqual(self.config(file=file, STATE_DIRECTORY="/var/lib/webcam").data, Path("file"))

    def test_unknown_option(self) -> None:
        """Named, with the file; so is an unknown section."""
        self.assertIn("unknown option colour", self.refused(file="[webcam]\ncolour = red\n"))
        self.assertIn("unknown option colour", self.refused(file="[DEFAULT]\ncolour = red\n[webcam]\n"))
        self.assertIn("unknown option config", self.refused(file="[webcam]\nconfig = other.ini\n"))
        self.assertIn("unknown section [web]", self.refused(file="[webcam]\n[web]\n"))
        self.assertIn("no section [webcam]", self.refused(file="# nothing\n"))

    def test_malformed(self) -> None:
        """No INI file, a key twice, a text that its option can't have."""
        for file in ("data = d\n", "[webcam\n", "[webcam]\nplain\n", "[webcam]\nstall = 1\nstall = 2\n"):
            self.assertIn("can't read", self.refused(file=file))
        self.assertEqual(self.refused(file="[webcam]\nplain = perhaps\n"), "plain: want yes or no, not 'perhaps'")
        self.assertIn("data: want a path", self.refused(file="[webcam]\ndata =\n"))

    def test_unreadable(self) -> None:
        """A file that is not there, a folder, bytes of another encoding."""
        path = Path(self.mktemp())
        self.assertIn("No such file", str(self.assertRaises(ConfigurationError, read_file, path)))
        path.mkdir()
        self.assertIn("directory", str(self.assertRaises(ConfigurationError, read_file, path)))
        latin = path / "latin"
        latin.write_bytes(b"[webcam]\ndata = \xff\n")
        self.assertIn("can't read", str(self.assertRaises(ConfigurationError, read_file, latin)))

    def test_the_last_text_counts(self) -> None:
        """Of an option that is not repeated."""
        self.assertEqual(build({"stall": ["1", "2"]}, {}).stall, 2.0)
