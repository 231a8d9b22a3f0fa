"""The policy for what a mini-app answers: which headers are taken away, which are imposed. Values only."""

import re
from functools import lru_cache

from yimen_host.runtime.gateway.requests import SESSION_COOKIE

MOST_HEADERS = 100
MOST_COOKIES = 20
LONGEST_COOKIE = 4096

Headers = list[tuple[bytes, bytes]]

_DROPPED = frozenset(
    {
        b"alt-svc", b"clear-site-data", b"connection", b"content-security-policy",
        b"content-security-policy-report-only", b"cross-origin-embedder-policy", b"cross-origin-opener-policy",
        b"cross-origin-resource-policy", b"date", b"keep-alive", b"nel", b"origin-agent-cluster",
        b"permissions-policy", b"proxy-authenticate", b"proxy-connection", b"public-key-pins",
        b"public-key-pins-report-only", b"referrer-policy", b"refresh", b"report-to", b"reporting-endpoints", b"server",
        b"service-worker-allowed", b"speculation-rules", b"sourcemap", b"strict-transport-security",
        b"supports-loading-mode", b"te", b"timing-allow-origin", b"trailer", b"transfer-encoding", b"upgrade", b"via",
        b"x-content-type-options", b"x-frame-options", b"x-powered-by", b"x-robots-tag", b"x-sendfile",
        b"x-sourcemap", b"access-control-allow-credentials", b"access-control-allow-origin", b"link",
    }
)  # fmt: skip
_DROPPED_PREFIXES = (b"x-accel-", b"yimen-", b"access-control-", b"cf-", b"surrogate-", b"x-litespeed-")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PRIVATE = (b"cache-control", b"private, no-store")


@lru_cache(maxsize=1024)
def imposed(csp: str, permissions: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that every answer of a mini-app carries."""
    return (
        (b"content-security-policy", csp.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),  # not no-referrer: with it browsers say `Origin: null` on forms
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"origin-agent-cluster", b"?1"),
        (b"permissions-policy", permissions.encode()),
    )


def filtered(headers: Headers, *, csp: str, permissions: str, personal: bool) -> Headers:
    """Return the headers a browser gets. `personal` is whether a session asked: then nothing may be cached."""
    kept: Headers = []
    cookies = 0
    caching: bytes | None = None
    vary = b""
    for given, value in headers:
        name = given.lower()
        if name in _DROPPED:
            continue
        if name == b"cache-control":
            caching = value if caching is None else b"no-store"
        elif name == b"vary":
            vary = b"%b, %b" % (vary, value) if vary else value
        elif name == b"set-cookie":
            cookies += 1
            if cookies <= MOST_COOKIES and _is_harmless(value):
                kept.append((name, value))
        elif not name.startswith(_DROPPED_PREFIXES):
            kept.append((name, value))
    if personal or cookies or not _is_public(caching):
        kept.append(_PRIVATE)
    else:
        kept.append((b"cache-control", caching or b""))
        vary = b"%b, Cookie" % vary if vary else b"Cookie"
    if vary:
        kept.append((b"vary", vary))
    kept.extend(imposed(csp, permissions))
    return kept


@lru_cache(maxsize=2048)
def head(
    headers: tuple[tuple[bytes, bytes], ...], *, csp: str, permissions: str, personal: bool, length: int | None
) -> bytes | None:
    """Write the header lines of a whole answer, or return None when a value could break them.

    `length` is that of the body, for an answer that may have one. Most answers of a mini-app have headers that were
    seen before, so they are remembered.
    """
    kept = filtered(list(headers), csp=csp, permissions=permissions, personal=personal)
    if length is not None and not any(name == b"content-length" for name, _ in kept):
        kept.append((b"content-length", b"%d" % length))
    lines = b"".join([part for name, value in kept for part in (name, b": ", value, b"\r\n")])
    if lines.count(b"\n") != len(kept) or lines.count(b"\r") != len(kept) or _CONTROL.search(lines):
        return None
    return lines


def _is_public(caching: bytes | None) -> bool:
    return caching is not None and b"public" in {part.strip().lower() for part in caching.split(b",")}


def _is_harmless(cookie: bytes) -> bool:
    """A cookie of this origin alone, by its own name's promise, and not the platform's."""
    name, _, rest = cookie.partition(b"=")
    if len(cookie) > LONGEST_COOKIE or not name.startswith(b"__Host-") or name == SESSION_COOKIE:
        return False
    attributes = {part.partition(b"=")[0].strip().lower() for part in rest.split(b";")[1:]}
    return b"domain" not in attributes and b"secure" in attributes
