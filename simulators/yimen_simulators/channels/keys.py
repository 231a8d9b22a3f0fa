"""The keys of both sides: the provider's own and the merchant's, made once and kept in a directory."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BITS = 2048


@dataclass(frozen=True)
class KeyPair:
    """An RSA key that signs with PKCS #1 v1.5 and SHA-256, as both providers do."""

    private: rsa.RSAPrivateKey

    @classmethod
    def make(cls) -> "KeyPair":
        """A new key."""
        return cls(rsa.generate_private_key(65537, BITS))

    @classmethod
    def kept(cls, file: Path) -> "KeyPair":
        """The key in a file, made now when there is none."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(cls.make().private_pem)
        private = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        return cls(private)

    def sign(self, message: bytes) -> str:
        """A base64 signature."""
        return base64.b64encode(self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether this key made a signature."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self.private.public_key().verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True

    @property
    def private_pem(self) -> str:
        """The private key, as a merchant keeps it."""
        kind = serialization.PrivateFormat.PKCS8
        raw = self.private.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
        return raw.decode()

    @property
    def public_pem(self) -> str:
        """The public key, as the other side gets it."""
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()
