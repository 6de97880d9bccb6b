"""Which fields make a request, and what they say; h2's checks are the measure."""

from __future__ import annotations

import h2.exceptions
from h2.utilities import HeaderValidationFlags, validate_headers
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.peer import request
from tests.support.properties import tried
from webcam.http.fieldblock import Field
from webcam.http.head import Malformed, read_head

REQUEST = HeaderValidationFlags(is_client=False, is_trailer=False, is_response_header=False, is_push_promise=False)

PSEUDO = (b":method", b":scheme", b":authority", b":path", b":status", b":protocol", b":x")
OF_CONNECTIONS = (b"te", b"connection", b"upgrade", b"keep-alive", b"transfer-encoding", b"proxy-connection")
OTHERS = (b"host", b"a", b"A", b"", b"a b", b"a:b", b"x-y", b"cookie", b"\xe4", b"\x7f")
USUAL = (b"", b"GET", b"POST", b"/", b"https", b"localhost:8080", b"b", b"trailers", b"Trailers", b"gzip", b"\xff")
ODD = (b" b", b"b\t", b"b c", b"a\0b", b"a\nb", b"a\rb")
names = st.sampled_from((*PSEUDO, *OF_CONNECTIONS, *OTHERS))
values = st.sampled_from((*USUAL, *ODD))
fields = st.tuples(names, values)


def refused_by_h2(some: list[Field]) -> bool:
    try:
        list(validate_headers(some, REQUEST))
    except (h2.exceptions.ProtocolError, IndexError):
        return True
    return False


def refused(some: list[Field]) -> bool:
    try:
        read_head(some)
    except Malformed:
        return True
    return False


class HeadTests(SynchronousTestCase):
    """RFC 9113, 8.2 and 8.3."""

    @tried
    @given(
        st.permutations(request()),
        st.lists(st.tuples(st.integers(0, 8), st.one_of(fields, st.none())), max_size=4),
    )
    def test_as_h2(self, some: list[Field], changes: list[tuple[int, Field | None]]) -> None:
        """A request with fields added, taken away and moved: what h2 refuses is refused, and hardly more."""
        for place, field in changes:
            if field is None:
                del some[place : place + 1]
            else:
                some.insert(place, field)
        ours = refused(some)
        if refused_by_h2(some):
            self.assertTrue(ours, some)
        elif ours:
            methods = [value for name, value in some if name == b":method"]
            self.assertIn(methods, ([b"CONNECT"], [b""]), some)

    def test_what_it_says(self) -> None:
        """Method, path, host first, cookies as one field and last, the length."""
        extra = [(b"cookie", b"a=1"), (b"content-length", b"12"), (b"x", b"y"), (b"cookie", b"b=2")]
        head = read_head(request(b"PUT", b"/a?b", [(b"host", b"localhost:8080"), *extra]))
        self.assertEqual((head.method, head.path, head.length, head.expects, head.cookies), (b"PUT", b"/a?b", 12, 0, 1))
        last = (b"cookie", b"a=1; b=2")
        self.assertEqual(head.fields, [(b"host", b"localhost:8080"), (b"content-length", b"12"), (b"x", b"y"), last])

    def test_host_alone(self) -> None:
        """It stands for the authority."""
        head = read_head([(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"host", b"there")])
        self.assertEqual(head.fields, [(b"host", b"there")])

    def test_hosts(self) -> None:
        """One at most beside the authority, and it says the same; two are refused, even if they are alike."""
        alone = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")]
        with_authority = [*alone, (b":authority", b"a")]
        a, b = (b"host", b"a"), (b"host", b"b")
        for good in ([*alone, a], with_authority, [*with_authority, a]):
            self.assertEqual(read_head(good).fields, [a])
        for bad in (alone, [*alone, a, a], [*alone, a, b], [*with_authority, b], [*with_authority, a, a]):
            with self.assertRaises(Malformed, msg=str(bad)):
                read_head(bad)

    def test_targets(self) -> None:
        """What is beyond ASCII may stand there as it is; a space, or what is no character, may not."""
        self.assertEqual(read_head(request(path=b"/\x80\xff!~")).path, b"/\x80\xff!~")
        for bad in (b"/a b", b"/a?b c", b"/\x01", b"/\x1f", b"/\x7f", b"/a\tb"):
            with self.assertRaises(Malformed, msg=str(bad)):
                read_head(request(path=bad))

    def test_expect(self) -> None:
        self.assertTrue(read_head(request(extra=[(b"expect", b"100-Continue")])).expects)
        self.assertFalse(read_head(request(extra=[(b"expect", b"else")])).expects)

    def test_lengths(self) -> None:
        """One number, however often it is said."""
        for good in ([b"0"], [b"5", b"5"], [b"9" * 19]):
            head = read_head(request(extra=[(b"content-length", each) for each in good]))
            self.assertEqual(head.length, int(good[0]))
        for bad in ([b"5", b"6"], [b""], [b"-1"], [b"+1"], [b"1_0"], [b"ten"], [b"9" * 20]):
            with self.assertRaises(Malformed, msg=str(bad)):
                read_head(request(extra=[(b"content-length", each) for each in bad]))

    def test_names_are_tokens(self) -> None:
        """Where h2 lets letters pass that no field name has (RFC 9110, 5.6.2)."""
        for bad in (b"a(b", b"a/b", b"a,b", b'a"b', b"a{b"):
            with self.assertRaises(Malformed, msg=str(bad)):
                read_head(request(extra=[(bad, b"1")]))

    def test_connect(self) -> None:
        for extra in ([], [(b":protocol", b"websocket")]):
            with self.assertRaises(Malformed):
                read_head([(b":method", b"CONNECT"), (b":authority", b"a"), *extra])
