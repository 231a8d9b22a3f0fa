"""Every secret of the host, derived from one master key: encryption, look-up by hash, pairwise names, signatures.

Keys rotate by adding a master key: the newest encrypts and signs, the older ones still open and verify.
"""

import base64
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from joserfc.jws import JWSRegistry

KEY_BYTES = 32
NONCE_BYTES = 12
_REGISTRY = JWSRegistry(algorithms=["Ed25519"])


@dataclass(frozen=True)
class MasterKey:
    """One generation of the root secret."""

    id: str
    secret: bytes

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
        return HKDF(hashes.SHA256(), KEY_BYTES, None, f"yimen:{purpose}".encode()).derive(self.secret)


class Keyring:
    """The master keys, oldest first. The first one also keys the hashes, which cannot rotate."""

    def __init__(self, masters: tuple[MasterKey, ...]) -> None:
        self._masters = {master.id: master for master in masters}
        self._oldest, self._newest = masters[0], masters[-1]
        self._signers = {master.id: _signer(master) for master in masters}

    @classmethod
    def load(cls, directory: Path) -> "Keyring":
        """Read ``master.json`` of a directory, making it on the first start (mode 0600)."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / "master.json"
        if not path.exists():
            fresh = {"k1": base64.b64encode(os.urandom(KEY_BYTES)).decode()}
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(fresh, file)
        stored = json.loads(path.read_text())
        return cls(tuple(MasterKey(name, base64.b64decode(secret)) for name, secret in stored.items()))

    def encrypt(self, text: str, *, bound_to: str) -> str:
        """Seal a text (AES-256-GCM); it opens only where ``bound_to`` is the same again."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._newest.derive("seal")).encrypt(nonce, text.encode(), bound_to.encode())
        return f"{self._newest.id}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, sealed: str, *, bound_to: str) -> str:
        """Open a sealed text. Raises cryptography's InvalidTag when it was altered or moved."""
        key_id, _, body = sealed.partition(".")
        raw = base64.b64decode(body)
        key = AESGCM(self._masters[key_id].derive("seal"))
        return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to.encode()).decode()

    def fingerprint(self, kind: str, value: str) -> str:
        """A keyed hash by which an encrypted value can be found, and which tells nothing without the key."""
        return hmac.new(self._oldest.derive(f"find:{kind}"), value.encode(), sha256).hexdigest()

    def pairwise(self, sector: str, resident_id: str) -> str:
        """The name of a resident for one mini-app (OpenID Connect Core 1.0, section 8.1)."""
        digest = hmac.new(self._oldest.derive("pairwise"), f"{sector}|{resident_id}".encode(), sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def password(self, purpose: str) -> str:
        """A password of our own for something inside the platform, such as a mini-app's database role."""
        return hmac.new(self._oldest.derive("password"), purpose.encode(), sha256).hexdigest()

    def sign_token(self, claims: Mapping[str, Any]) -> str:  # Any: JWT claims
        """A JWS with these claims, signed by the newest key (Ed25519, RFC 8037)."""
        key = self._signers[self._newest.id]
        return jwt.encode({"alg": "Ed25519", "kid": self._newest.id}, dict(claims), key, registry=_REGISTRY)

    def sign(self, message: bytes) -> str:
        """A base64 Ed25519 signature by the newest key."""
        private = self._signers[self._newest.id].private_key
        assert isinstance(private, Ed25519PrivateKey)
        return base64.b64encode(private.sign(message)).decode()

    def key_set(self) -> KeySet:
        """The keys as joserfc verifies with them."""
        return KeySet(list(self._signers.values()))

    def public_keys(self) -> dict[str, Any]:  # Any: a JWK Set
        """The public keys as a JWK Set (RFC 7517)."""
        return {
            "keys": [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self._signers.items()]
        }


def _signer(master: MasterKey) -> OKPKey:
    private = Ed25519PrivateKey.from_private_bytes(master.derive("sign"))
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _b64(raw), "x": _b64(public), "kid": master.id})


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
