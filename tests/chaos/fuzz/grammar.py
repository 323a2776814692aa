"""What is sent: kinds of requests, each with its share and with the answers that are right."""

import random
from collections.abc import Callable
from itertools import accumulate

from receiver.web.body import LARGEST
from tests.chaos.fuzz import bodies
from tests.chaos.fuzz.shots import JSON, PATH, Headers, Shot, flipped, request, signed

OTHER_KEY = b"another key, just as long"
POOL = 10
"""Ids of messages that odd bodies of one lane share, so that the quarantine stays small."""
ANY = frozenset({200, 202, 400, 401, 404, 405, 408, 413, 415, 422, 431})
TAKEN_OR_NOT = frozenset({200, 202, 400, 422})
REMEMBERED = 200
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n\r\n",
    b"POST /webhooks/nectar HTTP/9.9\r\n\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\nno colon\r\n\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\nx: a\x00b\r\n\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
    b"POST /webhooks/nectar HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /webhooks/nectar HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n\r\n",
    b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"\x00" * 100,
)


class Grammar:
    """The requests of one lane, the same for the same seed, as far as the answers are."""

    def __init__(self, seed: int, lane: int) -> None:
        self._chance = random.Random(f"{seed} {lane}")
        self._name = f"msg_{seed}_{lane}"
        self._number = 0
        self._accepted: list[str] = []
        self.corpus = bodies.examples()
        makers: list[tuple[float, Callable[[], Shot]]] = [
            (1.5, self._new),
            (15, self._again),
            (8, self._foreign),
            (6, self._misfit),
            (20, self._mutated),
            (7, self._malformed),
            (0.5, self._deep),
            (0.1, self._padded),
            (0.5, self._too_large),
            (2, self._chunked),
            (14, self._forged),
            (4, self._stale),
            (6, self._incomplete),
            (5, self._wrong_type),
            (4, self._odd_headers),
            (0.02, self._many_headers),
            (0.2, self._upgrade),
            (0.5, self._expecting),
            (0.8, self._parting),
            (2, self._elsewhere),
            (2, self._method),
            (1.5, self._page),
            (1, self._garbage),
            (2, self._mutated_http),
        ]
        self._makers = [make for _, make in makers]
        self._shares = list(accumulate(share for share, _ in makers))

    def shot(self) -> Shot:
        """The next request."""
        return self._chance.choices(self._makers, cum_weights=self._shares)[0]()

    def learn(self, body: bytes) -> None:
        """This one was answered as none before: mutate it further."""
        self.corpus.append(body)
        if len(self.corpus) > REMEMBERED:
            del self.corpus[self._chance.randrange(REMEMBERED)]

    def accepted(self, message: str) -> None:
        """This id is known from now on."""
        self._accepted.append(message)
        if len(self._accepted) > REMEMBERED:
            del self._accepted[self._chance.randrange(REMEMBERED)]

    def _pooled(self) -> str:
        return f"{self._name}_odd_{self._chance.randrange(POOL)}"

    def _authentic(self, kind: str, body: bytes, message: str, *expected: int, **how: bool) -> Shot:
        family = b"svix" if self._chance.random() < 0.8 else b"webhook"
        headers = [JSON, *signed(body, message, family=family)]
        return Shot(kind, request(headers, body), frozenset(expected), body, message, **how)

    def _refused(self, kind: str, headers: Headers, body: bytes, *expected: int) -> Shot:
        return Shot(kind, request(headers, body), frozenset(expected))

    def _new(self) -> Shot:
        self._number += 1
        return self._authentic("new", bodies.event(self._chance), f"{self._name}_{self._number}", 202)

    def _again(self) -> Shot:
        """The same message again, mostly with another body."""
        if not self._accepted:
            return self._new()
        message = self._chance.choice(self._accepted)
        return self._authentic("known id", bodies.event(self._chance), message, 200)

    def _foreign(self) -> Shot:
        return self._authentic("foreign", bodies.foreign(self._chance), self._pooled(), 200)

    def _misfit(self) -> Shot:
        return self._authentic("misfit", bodies.misfit(self._chance), self._pooled(), 422)

    def _mutated(self) -> Shot:
        body = bodies.mutated(self._chance, self.corpus)
        return self._authentic("mutated body", body, self._pooled(), *TAKEN_OR_NOT)

    def _malformed(self) -> Shot:
        return self._authentic("malformed", bodies.malformed(self._chance), self._pooled(), 400)

    def _deep(self) -> Shot:
        return self._authentic("deep", bodies.deep(self._chance), self._pooled(), 400)

    def _padded(self) -> Shot:
        body = bodies.padded(bodies.event(self._chance), LARGEST - self._chance.choice((0, 1, 900_000)))
        return self._authentic("as large as may be", body, f"{self._name}_large", 200, 202)

    def _too_large(self) -> Shot:
        if self._chance.random() < 0.9:
            declared = b"%d" % (LARGEST + self._chance.choice((1, 2**31, 2**63)))
            head = request([JSON, (b"content-length", declared)]).replace(b"content-length: 0\r\n", b"")
            return Shot("declared too large", head, frozenset({413}), last=True)
        # The end is never said, and nothing is left unread that would reset the connection.
        whole = request([JSON], b"x" * (LARGEST + 1), chunks=[70_000] * 15)
        return Shot("chunked too large", whole.removesuffix(b"0\r\n\r\n"), frozenset({413}), last=True)

    def _chunked(self) -> Shot:
        body = bodies.event(self._chance)
        sizes = [self._chance.randrange(1, 90) for _ in range(self._chance.randrange(1, 8))]
        headers = [JSON, *signed(body, message := self._pooled())]
        return Shot("in chunks", request(headers, body, chunks=sizes), frozenset({200, 202}), body, message)

    def _forged(self) -> Shot:
        body = bodies.mutated(self._chance, self.corpus)
        how = self._chance.random()
        headers = signed(body, "forged", key=OTHER_KEY if how < 0.4 else bodies.OWNER.encode())
        if how > 0.7:
            headers = signed(body, "forged")
            body = flipped(self._chance, body) if body else b"x"
        return self._refused("forged", [JSON, *headers], body, 401)

    def _stale(self) -> Shot:
        body, age = bodies.event(self._chance), self._chance.choice((301, 3600, 1e9, -3600, -86400))
        return self._refused("not of this time", [JSON, *signed(body, "stale", age=age)], body, 401)

    def _incomplete(self) -> Shot:
        """One of the three headers is wanting, or no more than noise."""
        body = bodies.event(self._chance)
        headers = signed(body, "incomplete")
        place = self._chance.randrange(3)
        noise = self._chance.randbytes(self._chance.randrange(40)).translate(None, bytes(range(32)) + b"\x7f")
        headers[place] = (headers[place][0], noise)
        return self._refused(
            "signature incomplete", [JSON, *headers][self._chance.randrange(2) :], body, 401, 415
        )

    def _wrong_type(self) -> Shot:
        body = bodies.event(self._chance)
        wrong = self._chance.choice(
            [
                (b"content-type", b"text/plain"),
                (b"content-type", b""),
                (b"content-type", b"application/json; charset=utf-16"),
                (b"content-type", b'application/json;charset="iso-8859-1"'),
                (b"content-type", b"application/json5;\xe9"),
            ]
        )
        encoding = self._chance.choice((b"gzip", b"br", b"identity, gzip", b"\xff"))
        headers = [wrong] if self._chance.random() < 0.7 else [JSON, (b"content-encoding", encoding)]
        return self._refused("not plain JSON", [*headers, *signed(body, self._pooled())], body, 415)

    def _odd_headers(self) -> Shot:
        body = bodies.event(self._chance)
        odd = [(self._word(), self._noise()) for _ in range(self._chance.randrange(1, 12))]
        good = [JSON, *signed(body, message := self._pooled())]
        # Of a header that comes twice the first one counts.
        twice = (self._chance.choice(good)[0], self._noise())
        headers = [*odd, *good, twice]
        return Shot("odd headers", request(headers, body), frozenset({200, 202}), b"", message)

    def _many_headers(self) -> Shot:
        body = bodies.event(self._chance)
        many = [(b"x-%d" % number, b"x" * 50) for number in range(5000)]
        headers = [JSON, *many, *signed(body, message := self._pooled())]
        return Shot("thousands of headers", request(headers, body), frozenset({200, 202}), b"", message)

    def _upgrade(self) -> Shot:
        body = bodies.event(self._chance)
        to = self._chance.choice((b"websocket", b"h2c", b"x"))
        headers = [JSON, *signed(body, "upgraded"), (b"connection", b"upgrade"), (b"upgrade", to)]
        return Shot("upgrade", request(headers, body), frozenset({401}), last=True)

    def _expecting(self) -> Shot:
        body = bodies.event(self._chance)
        headers = [JSON, (b"expect", b"100-continue"), *signed(body, message := self._pooled())]
        return Shot("100-continue", request(headers, body), frozenset({200, 202}), b"", message)

    def _parting(self) -> Shot:
        """The last one by its connection."""
        body = bodies.event(self._chance)
        headers = [JSON, *signed(body, message := self._pooled())]
        old = self._chance.random() < 0.5
        sent = (
            request(headers, body, version=b"HTTP/1.0")
            if old
            else request([*headers, (b"connection", b"close")], body)
        )
        return Shot("last by its connection", sent, frozenset({200, 202}), b"", message, last=True)

    def _elsewhere(self) -> Shot:
        path = self._chance.choice(
            (b"/", PATH + b"/", PATH + b"%00", b"/" * 500, b"/%ff%fe", b"/a?b=" + self._word(), PATH + b"/..")
        )
        return Shot("elsewhere", request([JSON], b"{}", path=path), frozenset({404}))

    def _method(self) -> Shot:
        method = self._chance.choice((b"GET", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"HEAD", b"PROPFIND"))
        sent = request([], path=PATH, method=method)
        return Shot("another method", sent, frozenset({405}), to_head=method == b"HEAD")

    def _page(self) -> Shot:
        paths = (b"/healthz", b"/readyz", b"/metrics")
        [path] = self._chance.choices(paths, (30, 1, 1))
        method = self._chance.choice((b"GET", b"HEAD"))
        return Shot(
            "page", request([], path=path, method=method), frozenset({200}), to_head=method == b"HEAD"
        )

    def _garbage(self) -> Shot:
        data = self._chance.choice(GARBAGE) if self._chance.random() < 0.8 else self._chance.randbytes(200)
        return Shot("not HTTP", data, ANY, last=True, garbage=True)

    def _mutated_http(self) -> Shot:
        """A whole message with some bytes changed, in its head as likely as in its body."""
        body = bodies.event(self._chance)
        data = request([JSON, *signed(body, message := self._pooled())], body)
        for _ in range(self._chance.choice((1, 1, 2, 5))):
            data = flipped(self._chance, data)
        return Shot("bits flipped", data, ANY, b"", message, last=True, garbage=True)

    def _word(self) -> bytes:
        return b"x" + self._chance.randbytes(8).hex().encode()

    def _noise(self) -> bytes:
        # All that a header may hold: no control characters but the tab.
        noise = self._chance.randbytes(self._chance.choice((5, 30, 300)))
        return noise.translate(None, bytes(range(9)) + bytes(range(10, 32)) + b"\x7f")
