"""The policy for what a browser sends: what is refused, what is taken away, what is forwarded. Values only."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from yimen_host.runtime.gateway.ports import Reason

SESSION_COOKIE = b"__Host-yimen"
MOST_HEADERS = 100
LONGEST_HEAD = 32 * 1024
LONGEST_BODY = 20 * 1024 * 1024
"""A photograph of a document fits; a mini-app that needs more sends it in parts."""
PLATFORM_PATH = "/.yimen"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = frozenset({*_SAFE_METHODS, "POST", "PUT", "PATCH", "DELETE"})
_UNUSUAL_PATH = re.compile(rb"//|/\.|\\|%2[ef]|%5c|%00|[\x00-\x20\x7f]", re.IGNORECASE)
_HIDDEN_IN_PATH = re.compile(rb"\\|%2[ef]|%5c|%00|[\x00-\x20\x7f]|/\.\.?(?:/|;|$)", re.IGNORECASE)
_TRACE_PARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class _Header(Enum):
    PASS = 1
    DROP = 2
    HOST = 3
    COOKIE = 4
    LENGTH = 5
    ENCODING = 6
    ORIGIN = 7
    FETCH_SITE = 8
    FETCH_DESTINATION = 9
    TRACE = 10
    SERVICE_WORKER = 11


_HOP_BY_HOP = (
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"upgrade", b"expect", b"http2-settings",
)  # fmt: skip
_SPOOFABLE = (b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"via", b"x-user", b"x-remote-user")
_KNOWN = {
    **dict.fromkeys((*_HOP_BY_HOP, *_SPOOFABLE), _Header.DROP),
    b"host": _Header.HOST,
    b"cookie": _Header.COOKIE,
    b"content-length": _Header.LENGTH,
    b"transfer-encoding": _Header.ENCODING,
    b"origin": _Header.ORIGIN,
    b"sec-fetch-site": _Header.FETCH_SITE,
    b"sec-fetch-dest": _Header.FETCH_DESTINATION,
    b"traceparent": _Header.TRACE,
    b"service-worker": _Header.SERVICE_WORKER,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway answers itself."""

    status: int
    reason: Reason


@dataclass(slots=True)
class Reading:
    """What one pass over the headers found."""

    lines: list[bytes]
    """Header lines to forward, without those the gateway adds."""
    host: bytes = b""
    session: str | None = None
    length: int | None = None
    chunked: bool = False
    origin: bytes = b""
    fetch_site: bytes = b""
    fetch_destination: bytes = b""
    service_worker: bool = False
    trace: bytes = b""

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.chunked or bool(self.length)


def host_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the one Host header, or None when there is none or more than one."""
    found = [value for name, value in headers if name == b"host"]
    return found[0] if len(found) == 1 else None


def read(headers: list[tuple[bytes, bytes]]) -> Reading | Refused:
    """Sort the headers in one pass: forward, drop, or refuse what is ambiguous."""
    if len(headers) > MOST_HEADERS:
        return Refused(431, Reason.TOO_LARGE)
    reading = Reading([])
    lines = reading.lines
    sessions = size = 0
    for name, value in headers:
        size += len(name) + len(value)
        kind = _KNOWN.get(name) or _kind_of(name)
        if kind is _Header.PASS:
            lines += (name, b": ", value, b"\r\n")
        elif kind is _Header.DROP:
            continue
        elif kind is _Header.COOKIE:
            kept, session = _cookies(value)
            if session is not None:
                sessions += 1
                reading.session = session
            if kept:
                lines += (b"cookie", b": ", kept, b"\r\n")
        elif kind is _Header.LENGTH:
            if reading.length is not None or not value.isdigit():
                return Refused(400, Reason.MALFORMED)
            reading.length = int(value)
        elif kind is _Header.ENCODING:
            if reading.chunked or value.lower() != b"chunked":
                return Refused(400, Reason.MALFORMED)
            reading.chunked = True
        elif kind is _Header.TRACE:
            reading.trace = value
        elif kind is _Header.SERVICE_WORKER:
            reading.service_worker = True
        else:
            if kind is _Header.HOST:
                if reading.host:
                    return Refused(400, Reason.MALFORMED)
                reading.host = value
            elif kind is _Header.ORIGIN:
                if reading.origin:
                    return Refused(400, Reason.MALFORMED)
                reading.origin = value
            elif kind is _Header.FETCH_SITE:
                reading.fetch_site = value
            else:
                reading.fetch_destination = value
            lines += (name, b": ", value, b"\r\n")
    if size > LONGEST_HEAD:
        return Refused(431, Reason.TOO_LARGE)
    if sessions > 1 or (reading.chunked and reading.length is not None):
        return Refused(400, Reason.MALFORMED)
    if reading.length is not None and reading.length > LONGEST_BODY:
        return Refused(413, Reason.TOO_LARGE)
    return reading


def refuse_target(method: str, raw_path: bytes) -> Refused | None:
    """Refuse a method we do not know and a path that two readers could understand in two ways."""
    if method not in _METHODS:
        return Refused(405, Reason.MALFORMED)
    if not raw_path.startswith(b"/"):
        return Refused(400, Reason.MALFORMED)
    if _UNUSUAL_PATH.search(raw_path) and _is_ambiguous(raw_path):
        return Refused(400, Reason.MALFORMED)
    return None


def is_platform_path(path: str) -> bool:
    """Whether a path belongs to the platform and is never forwarded."""
    return path.startswith(PLATFORM_PATH) and path[len(PLATFORM_PATH) : len(PLATFORM_PATH) + 1] in ("", "/", ";")


def refuse_cross_site(method: str, reading: Reading, origin: bytes) -> Refused | None:
    """Refuse an unsafe request that carries a session but was made by another site.

    The cookie has to be SameSite=None, so that it is there in the portal's frame; a sibling's frame sends it too.
    """
    if method in _SAFE_METHODS:
        return None
    if reading.origin == origin or (reading.origin in (b"", b"null") and reading.fetch_site == b"same-origin"):
        return None
    return Refused(403, Reason.CROSS_SITE)


def head(
    method: str, raw_path: bytes, query: bytes, reading: Reading, *, assertion: str | None, request_id: bytes
) -> bytes | Refused:
    """Write the request line and headers for the worker."""
    target = b"%b?%b" % (raw_path, query) if query else raw_path
    parts = [b"%b %b HTTP/1.1\r\n" % (method.encode(), target), *reading.lines]
    if reading.chunked:
        parts.append(b"transfer-encoding: chunked\r\n")
    elif reading.length is not None:
        parts.append(b"content-length: %d\r\n" % reading.length)
    if assertion is not None:
        parts += (b"yimen-resident: ", assertion.encode(), b"\r\n")
    trace = reading.trace if _TRACE_PARENT.fullmatch(reading.trace) else _new_trace()
    parts.append(b"yimen-request-id: %b\r\ntraceparent: %b\r\n\r\n" % (request_id, trace))
    written = b"".join(parts)
    lines = len(reading.lines) // 4 + 4 + (assertion is not None) + (reading.chunked or reading.length is not None)
    if written.count(b"\n") != lines or written.count(b"\r") != lines or b"\0" in written:
        return Refused(400, Reason.MALFORMED)
    return written


def new_request_id() -> bytes:
    """Return an identifier for logs: not a secret, different at every call."""
    return b"%024x" % random.getrandbits(96)


def _new_trace() -> bytes:
    digits = b"%048x" % (random.getrandbits(192) | 1 << 64 | 1)  # neither identifier may be zero
    return b"00-%b-%b-01" % (digits[:32], digits[32:])


@lru_cache(maxsize=1024)
def _kind_of(name: bytes) -> _Header:
    """The platform's names are never a browser's to say; an underscore reads as a hyphen in many servers."""
    ours = name.startswith((b"yimen-", b"x-forwarded-", b"x-original-", b"x-rewrite-"))
    return _Header.DROP if ours or b"_" in name else _Header.PASS


def _is_ambiguous(raw_path: bytes) -> bool:
    """A dot segment, an encoded slash or dot, a backslash, or an empty first segment before the platform's path."""
    return bool(_HIDDEN_IN_PATH.search(raw_path)) or raw_path.startswith(b"//")


def _cookies(value: bytes) -> tuple[bytes, str | None]:
    """Return the cookies a mini-app may see, and the platform's session among them."""
    kept, session = [], None
    for pair in value.split(b";"):
        name, _, content = pair.strip().partition(b"=")
        if name == SESSION_COOKIE:
            if session is not None:
                return b"", ""  # two of one name: neither is believed
            session = content.decode("latin-1")
        elif name.startswith(b"__Host-"):
            kept.append(pair.strip())
    return b"; ".join(kept), session
