"""What a merchant and a provider know of each other: numbers, keys, secrets. Made once, kept in a directory."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from yimen_simulators.channels.keys import KeyPair


@dataclass(frozen=True)
class Papers:
    """Both sides' papers. A real provider would not have the merchants' private keys; this one hands them out."""

    wechat: KeyPair
    wechat_merchant: KeyPair
    alipay: KeyPair
    alipay_merchant: KeyPair
    apiv3_key: str
    mchid: str = "1900000109"
    wechat_appid: str = "wxd678efh567hg6787"
    merchant_serial: str = "444F4864EA9B34415DA2B9B3F3A7A2C1D5E6F708"
    public_key_id: str = "PUB_KEY_ID_0119000001092026112100"
    alipay_appid: str = "2021000000000001"
    seller_id: str = "2088000000000001"

    @classmethod
    def make(cls) -> "Papers":
        """New papers."""
        return cls(KeyPair.make(), KeyPair.make(), KeyPair.make(), KeyPair.make(), secrets.token_hex(16))

    @classmethod
    def kept(cls, directory: Path) -> "Papers":
        """The papers in a directory, made now when there are none."""
        names = ("wechat", "wechat_merchant", "alipay", "alipay_merchant")
        keys = [KeyPair.kept(directory / f"{name}.pem") for name in names]
        for name, key in zip(names, keys, strict=True):
            (directory / f"{name}.pub.pem").write_text(key.public_pem)
        secret = directory / "apiv3_key"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(secrets.token_hex(16))
        return cls(keys[0], keys[1], keys[2], keys[3], secret.read_text())
