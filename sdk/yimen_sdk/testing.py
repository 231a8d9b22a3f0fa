"""The kit for a mini-app's own tests: a platform that remembers what it was asked, and a visitor.

    async with visit(app, resident=Resident("r1", scopes={"identity.name"}, claims={"name": "王秀英"})) as visitor:
        page = await visitor.get("/")
        assert visitor.host.orders == {}

``FakeHost`` passes the same contract tests as the platform itself.
"""

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from yimen_sdk.conversation import Closed, Conversation, converse
from yimen_sdk.events import Event
from yimen_sdk.fake import FakeHost, SentCall, SentNotice
from yimen_sdk.fake_payments import PORTAL
from yimen_sdk.identity import Verifier
from yimen_sdk.manifest import Manifest, parse_manifest
from yimen_sdk.miniapp import MiniApp
from yimen_sdk.resident import Resident
from yimen_sdk.surroundings import Surroundings

__all__ = ["PORTAL", "Closed", "Conversation", "FakeHost", "SentCall", "SentNotice", "Visitor", "visit"]

_REGISTRY = JWSRegistry(algorithms=["Ed25519"])


class Visitor(httpx.AsyncClient):
    """A browser at the mini-app's origin, signed in as ``resident``; redirects are not followed."""

    def __init__(self, app: MiniApp, resident: Resident | None, host: FakeHost, app_id: str) -> None:
        self.host = host
        self._key = _Key()
        surroundings = Surroundings(
            app_id=app_id,
            version="0.0.0",
            public_url="http://app.test",
            portal_url=PORTAL,
            verifier=Verifier(self._key.public, app_id),
            connect=lambda assertion: host if assertion else host.accompanied_by(None),
        )
        headers = {"Accept": "text/html"}
        if resident is not None:
            headers["Yimen-Resident"] = self._key.assertion(resident, app_id)
        self._application = app.asgi(surroundings)
        transport = httpx.ASGITransport(self._application)
        super().__init__(transport=transport, base_url="http://app.test", headers=headers)

    def talk(self, path: str) -> AbstractAsyncContextManager[Conversation]:
        """Open a WebSocket: `async with visitor.talk("/live") as talk: await talk.send("…")`. Raises Closed."""
        return converse(self._application, path, dict(self.headers))

    async def deliver(self, event: Event) -> httpx.Response:
        """Hand an event over, signed as the platform signs it."""
        envelope = {"id": event.id, "type": event.type, "time": event.time.isoformat(), "data": event.to_data()}
        body = json.dumps({"specversion": "1.0", "source": "/yimen", **envelope}).encode()
        return await self.post("/.yimen/events", content=body, headers=self._key.signature(event.id, body))


@asynccontextmanager
async def visit(
    app: MiniApp, *, resident: Resident | None = None, host: FakeHost | None = None, app_id: str | None = None
) -> AsyncIterator[Visitor]:
    """Visit a mini-app as a resident, or as nobody. Its own manifest, if it has one, tells the fake what to refuse."""
    host = host or FakeHost()
    host.manifest = host.manifest or _manifest(app.package)
    host.resident = None
    if resident is not None:
        host.welcome(resident)
    known = app_id or (host.manifest.id if host.manifest else "app")
    async with Visitor(app, resident, host, known) as visitor:
        yield visitor


def _manifest(package: str) -> Manifest | None:
    file = files(package).joinpath("miniapp.toml")
    return parse_manifest(file.read_text("utf-8")) if file.is_file() else None


class _Key:
    """A signing key that stands in for the platform's."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        raw = {"kty": "OKP", "crv": "Ed25519", "kid": "test", "x": _b64(self._private.public_key().public_bytes_raw())}
        self._jwk = OKPKey.import_key({**raw, "d": _b64(self._private.private_bytes_raw())})
        self.public = {"keys": [raw]}

    def assertion(self, resident: Resident, audience: str) -> str:
        claims = {
            "iss": PORTAL,
            "aud": audience,
            "sub": resident.sub,
            "exp": int(time.time()) + 60,
            "assurance": resident.assurance,
            "scope": " ".join(sorted(resident.scopes)),
            "claims": dict(resident.claims),
            "locale": resident.locale,
            "ui": resident.ui,
            **({"act": {"sub": resident.acting.sub}} if resident.acting else {}),
        }
        return jwt.encode({"alg": "Ed25519", "kid": "test"}, claims, self._jwk, registry=_REGISTRY)

    def signature(self, event_id: str, body: bytes) -> dict[str, str]:
        sent = str(int(time.time()))
        signed = base64.b64encode(self._private.sign(f"{event_id}.{sent}.".encode() + body)).decode()
        return {"webhook-id": event_id, "webhook-timestamp": sent, "webhook-signature": f"v1a,{signed}"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
