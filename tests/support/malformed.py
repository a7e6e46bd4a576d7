"""Malformed HTTP requests as bytes, the same ones in each run: for every place of a request the junk that fits there."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

# Pages, fragments, streams, files and what is not there: a signed-out request reaches as far as some of them.
ROUTES = (
    "/sign-in", "/", "/orders", "/orders/new", "/orders/none", "/inbox", "/panels/revenue", "/panels", "/stream",
    "/static/doorbell.css", "/healthz", "/readyz", "/metrics", "/demo", "/none",
)  # fmt: skip
FORMS = (
    "/sign-in",
    "/orders",
    "/orders/7/payment",
    "/orders/7/refunds",
    "/orders/7/owner",
    "/inbox/read",
    "/inbox/7/read",
)

METRICS_TOKEN = b"m" * 20  # of the process that is asked

# Values of any header or parameter. Each has ended a parser somewhere.
VALUES = (
    b"", b" ", b"a" * 3_900, b"\xff\xfe\x80", "Ünïcödé ²③".encode(), "²".encode(), b"-1", b"9" * 500, b"1e999999",
    b"NaN", b"0x10", b"1" * 19, b"9223372036854775808", b'"', b"'; DROP TABLE orders; --", b"%00", b"%ff%fe", b"%",
    b"%zz", b"..", b"../../../etc/passwd", b"[" * 3000, b"{" * 500, b"{{7*7}}", b"<script>", b"a..b", b"a" * 64, b"//[::1",
    b"http://[::1", b"http://x:99999999", b"http://x:y", b"text/plain;version=x",
    b"[::1", b"::::", b",,,,", b";=;=;", b"=", b"null", b"W/", b"*", b"bytes=5-1", b"\xed\xa0\x80", b"\xe2\x80\xae",
)  # fmt: skip
HEADERS = (
    b"Host", b"Cookie", b"If-None-Match", b"If-Modified-Since", b"If-Range", b"Range", b"Expect", b"Last-Event-ID",
    b"Content-Type", b"Accept", b"Accept-Encoding", b"Accept-Language", b"Authorization", b"X-Forwarded-For",
    b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Forwarded", b"Doorbell-Panels", b"HX-Request", b"Referer", b"Origin",
    b"Upgrade", b"HTTP2-Settings", b"Connection", b"Content-Length", b"Transfer-Encoding", b"Script-Name",
    b"SCRIPT_NAME", b"PATH_INFO", b"X-CSRFToken", b"TE", b"Trailer", b"Content-Encoding", b"Date", b"User-Agent",
)  # fmt: skip
PARAMETERS = (
    ("/orders", "q"), ("/orders", "status"), ("/orders", "before"), ("/panels", "names"), ("/stream", "since"),
    ("/sign-in", "next"), ("/demo", "as"), ("/demo", "next"), ("/panels/recent_orders", "since"),
)  # fmt: skip
MOMENTS = (
    "0001-01-01T00:00:00+23:59_1", "9999-12-31T23:59:59-23:59_1", "2026-01-01T00:00:00_1", "2026-01-01T00:00:00Z_0",
    "2026-01-01T00:00:00Z_9223372036854775807", "2026-01-01T00:00:00Z_9223372036854775808", "2026-W01-1_1",
    "2026-01-01T00:00:00Z_²", "2026-01-01T00:00:00Z_1_1", "2026-01-01T00:00:00+00:00:00.000001_1", "24:00_1",
)  # fmt: skip
PATHS = (
    "/orders/%00", "/orders/~", "/orders/~00", "/orders/~FF", "/orders/~2F", "/orders/%7E2E", "/orders/%ff%fe",
    "/orders/%ed%a0%80", "/orders/..", "/orders/%2e%2e", "/orders/%2F", "/orders/%5C", "/orders/%", "/orders/%zz",
    "/orders/" + "a" * 3_900, "/orders/%0d%0aX:%20y", "/orders/{{7*7}}", "/orders/new/new", "/orders//payment",
    "/panels/recent_orders/0", "/panels/recent_orders/-1", "/panels/recent_orders/9223372036854775808",
    "/panels/recent_orders/" + "9" * 3_900, "/panels/recent_orders/%C2%B2", "/panels/none", "/panels/", "/panels//",
    "/panels/recent_orders/1?since=1:2:", "/inbox/" + "9" * 3_900 + "/read", "/inbox/9223372036854775808/read",
    "/inbox/0/read", "//", "///orders", "/./orders", "/../orders", "/static/../gunicorn.conf.py",
    "/static/%2e%2e/config.py", "/static/%00", "/static/", "/static/" + "a/" * 1_900, "/static/doorbell.css/x", "/%00",
    "/%ff", "/\\orders", "/orders;x=y", "/orders#x", "/?", "/?&&&===", "/orders?q", "/orders?q=%00",
)  # fmt: skip
TARGETS = (b"*", b"", b"orders", b"http://", b"http://a..b/", b"http://[::1/", b"ftp://x/", b"x:443", b"/ /", b"/\t",
           b"/\xff\xfe", b"?", b"#", b"/" + b"a" * 9000, b"/\x00", b"http://x:99999/orders", b"//x/orders")  # fmt: skip
SECURE = ((b"Referer", "/sign-in"), (b"Referer", "/orders"), (b"Host", "/orders"))  # read over HTTPS
METHODS = (b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"get",
           b"G\x00T", b"GET,POST", b"A" * 30, b"M-SEARCH", b"\xff", b"1", b"QUERY")  # fmt: skip
VERSIONS = (b"HTTP/0.9", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/9.9", b"http/1.1", b"HTTP/1.1.1", b"HTTP/1",
            b"HTTP/x", b"ICY/1.1", b"", b"HTTP/1.1 x", b"HTTP/\xff.1")  # fmt: skip
FRAMINGS = (
    (b"Transfer-Encoding: chunked", b"zz\r\n"), (b"Transfer-Encoding: chunked", b"-1\r\n"),
    (b"Transfer-Encoding: chunked", b"f" * 60 + b"\r\n"), (b"Transfer-Encoding: chunked", b"5\r\nab"),
    (b"Transfer-Encoding: chunked", b"1\r\nab\r\n0\r\n\r\n"), (b"Transfer-Encoding: chunked", b"1;\x00=\r\na\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"0\r\nX\r\n\r\n"), (b"Transfer-Encoding: chunked", b"1\na\n0\n\n"),
    (b"Transfer-Encoding: chunked", b""), (b"Transfer-Encoding: chunked", b"0x1\r\na\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: gzip", b"x"), (b"Transfer-Encoding: chunked, chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: identity", b""), (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n"),
    (b"Content-Length: 3\r\nContent-Length: 4", b"a=b"), (b"Content-Length: -1", b""), (b"Content-Length: +3", b"a=b"),
    (b"Content-Length: 3, 3", b"a=b"), (b"Content-Length: 3.0", b"a=b"), ("Content-Length: ²".encode("latin-1"), b"a=b"),
    (b"Content-Length: 99", b"a=b"), (b"Content-Length: 99999999999999999999", b"a=b"), (b"Content-Length:", b""),
    (b"Content-Length: 65000", b"a=" + b"b" * 64_998), (b"Content-Length: 0x3", b"a=b"),
)  # fmt: skip
_FORM = b"application/x-www-form-urlencoded"
_PARTS = b"multipart/form-data; boundary="
BODIES = (
    (_FORM, b"%00=%00&customer=%00&email=%00&password=%00&total=%00&amount=%00&owner=%00&idempotency_key=%00"),
    (_FORM, b"customer=%ff%fe&email=%ff&password=%ff&total=%ff&amount=%ff&owner=%ff"),
    (_FORM, b"customer=%ed%a0%80&email=%ed%a0%80&password=%ed%a0%80&total=1&amount=%ed%a0%80"),
    (_FORM, b"\xff\xfe\x00\x01"), (_FORM, b"&" * 50_000), (_FORM, b"a&" * 30_000), (_FORM, b"=" * 5_000),
    (_FORM, b"amount=" + b"9" * 5_000), (_FORM, b"amount=-1&total=-1"), (_FORM, b"amount=1e5000&total=1e5000"),
    (_FORM, b"amount=NaN&total=Infinity"), (_FORM, b"customer=" + b"x" * 60_000),
    (_FORM, b"customer=x&total=1&owner=99999999999999999999"), (_FORM, "customer=x&total=1&owner=²".encode()),
    (_FORM, b"customer=x&total=1&idempotency_key=" + b"f" * 5_000), (_FORM, b"customer=x&total=1&freight=x"),
    (_FORM, b"customer=x&total=1&lines-0-product=x&lines-0-quantity=1&lines-0-unit_price=" + b"1" * 500),
    (_FORM, b"more=" + b"&lines-1-product=x" * 400), (_FORM, b"email[]=x&password[a][b]=y"),
    (_FORM + b"; charset=utf-7", b"+AHg-=y"), (_FORM + b"; charset=none", b"a=b"), (_FORM + b"; charset=\xff", b"a=b"),
    (b"application/json", b"[" * 50_000), (b"application/json", b"{"), (b"text/plain", b"a=b"), (b"", b"a=b"),
    (b"/", b"a=b"), (b"a/b;" * 500, b"a=b"), (b"multipart/form-data", b"--x"), (_PARTS, b"--\r\n"),
    (_PARTS + b"\xff", b"--\xff\r\n\r\n\r\n--\xff--"), (_PARTS + b"x" * 5_000, b"--x\r\n"), (_PARTS + b"x", b""),
    (_PARTS + b"x", b"--x\r\n\r\nno name\r\n--x--"), (_PARTS + b"x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x"),
    (_PARTS + b"x", b'--x\r\nContent-Disposition: form-data; name="email"; filename="\x00"\r\n\r\n\x00\r\n--x--'),
    (_PARTS + b"x", b'--x\r\nContent-Disposition: form-data; name="email"\r\nContent-Type: a;charset=zz\r\n\r\n\xff\r\n--x--'),
    (_PARTS + b"x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 1_100 + b"--x--"),
    (_PARTS + b"x", b"--x\r\n" + b"A: " + b"b" * 60_000), (_PARTS + b"x", b"--x" * 20_000),
)  # fmt: skip
COOKIES = (
    b"session=", b"session=.", b"session=..", b"session=x.y.z", b"session=eyJ9.x.y", b"session=" + b"." * 5_000,
    b"session=\xff", b"session=%00", b"session=\x01\x02", b"session", b"=", b";;;", b'session="', b"session=.eJw.x.y",
    b"session=" + b"A" * 7_000, b"session=a; session=b", b"$Version=1; session=x", b"remember_token=1|x",
    b"remember_token=" + b"9" * 500, "session=²".encode(), b"session=eyJfdXNlcl9pZCI6IjEifQ.AAAA.AAAA",
)  # fmt: skip
WHOLES = (
    b"", b"\r\n" * 50, b"\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET\r\n\r\n", b"GET / \r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\n\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"GET / HTTP/1.1\r\nH\xffst: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 9_000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X" * 9_000 + b": y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a\r\nCookie: b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 8_000 + b"\r\n" + b"Z: y\r\n" * 90 + b"\r\n", b"PROXY TCP4 1 2 3 4\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n", b"\x00" * 500, b"A" * 20_000, b"GET / HTTP/1.1\r\nHost: x\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Who sends: the bytes of the Cookie header, and a CSRF token that is good with it. Both empty for a stranger."""

    cookie: bytes = b""
    token: bytes = b""


def requests(people: list[Person], port: int) -> Iterator[bytes]:
    """All of them, for each kind in turn by another person and on another route."""
    ask = Asking(people, port)
    yield from _heads(ask)
    yield from _bodies(ask)
    yield from _cookies(ask)
    yield from WHOLES
    noise = random.Random(1)
    for _ in range(20):
        yield noise.randbytes(noise.randint(1, 3_000))
        yield ask(b"GET", b"/" + noise.randbytes(noise.randint(1, 200)))


class Asking:
    """Makes requests, each by the next person. `route` and `form` are the next of theirs."""

    def __init__(self, people: list[Person], port: int) -> None:
        self._people = itertools.cycle(people)
        self._routes, self._forms = itertools.cycle(ROUTES), itertools.cycle(FORMS)
        self._host = b"Host: 127.0.0.1:%d" % port

    @property
    def route(self) -> str:
        return next(self._routes)

    @property
    def form(self) -> str:
        return next(self._forms)

    def __call__(
        self, method: bytes, target: bytes | str, *headers: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1"
    ) -> bytes:
        path = target.encode() if isinstance(target, str) else target
        named = {header.partition(b":")[0] for header in headers}
        lines = [] if b"Host" in named else [self._host]
        person = next(self._people)
        if person.cookie and b"Cookie" not in named:
            lines.append(b"Cookie: " + person.cookie)
        if person.token and b"X-CSRFToken" not in named and method not in (b"GET", b"HEAD"):
            lines.append(b"X-CSRFToken: " + person.token)
        return b" ".join((method, path, version)) + b"\r\n" + b"\r\n".join([*lines, *headers]) + b"\r\n\r\n" + body


def _heads(ask: Asking) -> Iterator[bytes]:
    for header, value in itertools.product(HEADERS, VALUES):
        if (HEADERS.index(header) + VALUES.index(value)) % 3 == 0:  # a third: each header, each value, another route
            yield ask(b"GET", ask.route, header + b": " + value)
    for (path, name), value in itertools.product(PARAMETERS, VALUES):
        yield ask(b"GET", f"{path}?{name}={quote_from_bytes(value)}")
    for moment in MOMENTS:
        yield ask(b"GET", f"/orders?before={quote_from_bytes(moment.encode())}")
    for path in PATHS:
        yield ask(b"GET", path)
        yield ask(b"POST", path, b"Content-Length: 0")
    for target in TARGETS:
        yield ask(b"GET", target)
    for method, number in itertools.product(METHODS, range(4)):
        yield ask(method, ROUTES[(METHODS.index(method) + number * 4) % len(ROUTES)])
    for version in VERSIONS:
        yield ask(b"GET", ask.route, version=version)


def _bodies(ask: Asking) -> Iterator[bytes]:
    for (framing, body), number in itertools.product(FRAMINGS, range(3)):
        yield ask((b"POST", b"POST", b"GET")[number], ask.form, b"Content-Type: " + _FORM, framing, body=body)
    for (kind, body), form in itertools.product(BODIES, FORMS):
        yield ask(b"POST", form, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), body=body)
    for value, (header_name, route) in itertools.product(
        VALUES, ((b"Referer", "/sign-in"), (b"Referer", "/orders"), (b"Host", "/orders"))
    ):
        secure = (b"X-Forwarded-Proto: https", b"X-Forwarded-For: 192.0.2.1", b"Content-Length: 0")
        yield ask(b"POST", route, header_name + b": " + value, *secure)
    for value in VALUES:
        yield ask(b"GET", "/metrics", b"Authorization: Bearer " + METRICS_TOKEN, b"Accept: " + value)


def _cookies(ask: Asking) -> Iterator[bytes]:
    for cookie in COOKIES:
        yield ask(b"GET", ask.route, b"Cookie: " + cookie)
        yield ask(b"POST", ask.form, b"Cookie: " + cookie, b"Content-Length: 0")
