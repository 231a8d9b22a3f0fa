"""A platform's signing key for tests, and ways to sign wrongly with it."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

NOW = 1_780_000_000
_REGISTRY = JWSRegistry(algorithms=["Ed25519"])


def encoded(raw: bytes) -> str:
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Signer:
    """Signs assertions and events as a platform does."""

    kid: str = "k1"
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        x = encoded(self.private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x}

    @property
    def keys(self) -> dict[str, Any]:
        """The JWK Set with this key alone."""
        return {"keys": [self.jwk]}

    def assertion(self, **changes: Any) -> str:
        """An assertion about resident r1 for the mini-app tea, with some claims changed (None: left out)."""
        key = OKPKey.import_key({**self.jwk, "d": encoded(self.private.private_bytes_raw())})
        claims = {name: value for name, value in {**claims_of(), **changes}.items() if value is not None}
        return jwt.encode({"alg": "Ed25519", "kid": self.kid}, claims, key, registry=_REGISTRY)

    def event(self, body: bytes, *, id: str = "evt_1", sent: int = NOW) -> dict[str, str]:
        """The headers of a signed event."""
        signature = base64.b64encode(self.private.sign(f"{id}.{sent}.".encode() + body)).decode()
        return {"webhook-id": id, "webhook-timestamp": str(sent), "webhook-signature": f"v1a,{signature}"}


def claims_of() -> dict[str, Any]:
    """What the platform says of resident r1."""
    return {
        "iss": "http://portal.test", "aud": "tea", "sub": "r1", "exp": NOW + 60, "assurance": 1,
        "scope": "identity.name payments.order", "claims": {"name": "王秀英"}, "locale": "zh", "ui": "elder",
    }  # fmt: skip


def unsigned() -> str:
    """An assertion that says it needs no signature."""
    header, claims = ({"alg": "none", "typ": "JWT"}, claims_of())
    return ".".join([encoded(json.dumps(part).encode()) for part in (header, claims)] + [""])
