"""How Alipay's open gateway signs: the sorted parameters under RSA2, and the bare text of an answer's object.

https://opendocs.alipay.com/common/02mse7 (requests), …/02mse3 (notices).
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from yimen_simulators.channels.keys import KeyPair
from yimen_simulators.channels.papers import Papers


def sorted_text(values: Mapping[str, str], *left_out: str) -> bytes:
    """What is signed of some parameters."""
    return "&".join(f"{key}={values[key]}" for key in sorted(values) if key not in left_out).encode()


def authorized(papers: Papers, values: Mapping[str, str]) -> bool:
    """Whether our merchant signed these parameters."""
    right = values.get("app_id") == papers.alipay_appid and values.get("sign_type") == "RSA2"
    return right and papers.alipay_merchant.signed(sorted_text(values, "sign"), values.get("sign", ""))


def answer(key: KeyPair, method: str, content: Mapping[str, Any]) -> bytes:
    """The signed answer to a method."""
    name = method.replace(".", "_") + "_response"
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f'{{"{name}":{text},"sign":"{key.sign(text.encode())}"}}'.encode()


def form(key: KeyPair, values: Mapping[str, str]) -> bytes:
    """A signed notice as a form."""
    signed = {**values, "sign_type": "RSA2", "sign": key.sign(sorted_text(values))}
    return urlencode(signed).encode()
