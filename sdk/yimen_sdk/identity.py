"""Checks what the platform signed: the assertion of who is visiting, and the signature of an event.

Assertions are JWS compact, EdDSA (RFC 8037, January 2017), bound to one mini-app and at most 60 seconds old.
Events carry Standard Webhooks signatures of the asymmetric kind (``v1a``, Ed25519).
"""

import base64
import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from yimen_sdk.errors import SignInRequired
from yimen_sdk.resident import Actor, Resident

LEEWAY_SECONDS = 10  # clocks differ
EVENT_TOLERANCE_SECONDS = 300  # Standard Webhooks' own window
MAX_ASSERTION_BYTES = 8192
_SECONDS = re.compile(r"[0-9]{1,12}")  # not every digit of Unicode is one of int's, nor every length
_REGISTRY = JWSRegistry(algorithms=["Ed25519", "EdDSA"])


class Verifier:
    """The platform's public keys (a JWK Set, RFC 7517) and the one audience we are."""

    def __init__(self, keys: Mapping[str, Any], audience: str, *, now: Callable[[], float] = time.time) -> None:
        self._keys = KeySet.import_key_set({"keys": list(keys["keys"])})
        self._audience = audience
        self._now = now
        self._decode = lru_cache(maxsize=4096)(self._verify)  # one check per minute and resident, not per request

    def resident(self, assertion: str) -> Resident:
        """Tell who is visiting. Raises SignInRequired when the assertion is forged, stale or meant for another."""
        resident, expires = self._decode(assertion)
        if self._now() > expires + LEEWAY_SECONDS:
            raise SignInRequired("the assertion has expired")
        return resident

    def event(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Check an event's signature and age. Raises SignInRequired when it is not the platform's, or replayed."""
        identifier, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not _SECONDS.fullmatch(sent) or abs(self._now() - int(sent)) > EVENT_TOLERANCE_SECONDS:
            raise SignInRequired("the event is stale")
        signed = f"{identifier}.{sent}.".encode() + body
        signatures = [part[4:] for part in headers.get("webhook-signature", "").split(" ") if part.startswith("v1a,")]
        if not any(self._signed(signed, signature) for signature in signatures):
            raise SignInRequired("the event's signature is not the platform's")

    def _verify(self, assertion: str) -> tuple[Resident, float]:
        if len(assertion) > MAX_ASSERTION_BYTES:
            raise SignInRequired("the assertion is too long")
        try:
            claims = jwt.decode(assertion, self._keys, registry=_REGISTRY).claims
            if claims["aud"] != self._audience:
                raise SignInRequired("the assertion is meant for another mini-app")
            resident = Resident(
                sub=claims["sub"],
                assurance=claims["assurance"],
                scopes=frozenset(claims["scope"].split()),
                claims=claims["claims"],
                locale=claims["locale"],
                ui=claims["ui"],
                issuer=claims["iss"],
                assertion=assertion,
                acting=Actor(claims["act"]["sub"]) if "act" in claims else None,
            )
            return resident, float(claims["exp"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInRequired(f"the assertion is not the platform's: {error}") from None

    def _signed(self, signed: bytes, signature: str) -> bool:
        for key in self._keys.keys:
            public = key.public_key
            if not isinstance(public, Ed25519PublicKey):
                continue
            try:
                public.verify(base64.b64decode(signature, validate=True), signed)
            except (InvalidSignature, ValueError):
                continue
            return True
        return False
