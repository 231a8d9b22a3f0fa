"""How WeChat Pay v3 signs: five or three lines under RSA-SHA256, and notices sealed with AES-256-GCM.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (requests), …/4013053249 (answers), …/4012071382 (notices).
"""

import base64
import datetime as dt
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yimen_simulators.channels.keys import KeyPair
from yimen_simulators.channels.papers import Papers

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PAIR = re.compile(r'(\w+)="([^"]*)"')


def authorized(papers: Papers, authorization: str, *, method: str, target: str, body: bytes) -> bool:
    """Whether our merchant signed this request."""
    scheme, _, rest = authorization.partition(" ")
    told = dict(_PAIR.findall(rest))
    if scheme != SCHEME or (told.get("mchid"), told.get("serial_no")) != (papers.mchid, papers.merchant_serial):
        return False
    lines = (method, target, told.get("timestamp", ""), told.get("nonce_str", ""), body.decode())
    message = "".join(f"{line}\n" for line in lines).encode()
    return papers.wechat_merchant.signed(message, told.get("signature", ""))


def headers(key: KeyPair, key_id: str, body: bytes, at: dt.datetime) -> dict[str, str]:
    """The headers of an answer or a notice, signed by a key."""
    stamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Signature": key.sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n"),
    }


def sealed(papers: Papers, notice_id: str, at: dt.datetime, content: Mapping[str, Any]) -> bytes:
    """The body of a notice about a payment."""
    nonce, bound = secrets.token_hex(6), "transaction"
    secret = AESGCM(papers.apiv3_key.encode()).encrypt(nonce.encode(), json.dumps(content).encode(), bound.encode())
    body = {
        "id": notice_id,
        "create_time": at.isoformat(timespec="seconds"),
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(secret).decode(),
            "associated_data": bound,
            "nonce": nonce,
        },
    }
    return json.dumps(body, ensure_ascii=False).encode()
