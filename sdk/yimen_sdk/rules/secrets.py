"""Bronze rule on secrets: a package that many people download is no place for them."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import bronze
from yimen_sdk.rules.subject import MAX_FILE, Subject
from yimen_sdk.saying import Kind


def _looks_like(code: str, zh: str, en: str) -> Kind:
    return Kind(code, Bilingual(zh=f"像是{zh}", en=f"this looks like {en}"))


SECRET_VALUE = _looks_like("secret-value", " {name} 的真实值", "a value of {name}")
_KNOWN = {
    _looks_like("private-key", "私钥", "a private key"): re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    _looks_like("yimen-token", "一门的 API 令牌", "a Yimen API token"): re.compile(r"\byimen-[A-Za-z0-9_-]{43}\b"),
    _looks_like("pypi-token", " PyPI 令牌", "a PyPI token"): re.compile(r"\bpypi-[A-Za-z0-9_-]{40,}"),
    _looks_like("cloud-key", "云服务的访问密钥", "a cloud access key"): re.compile(
        r"\b(AKIA[0-9A-Z]{16}|LTAI[0-9A-Za-z]{12,20}|AKID[0-9A-Za-z]{32})\b"
    ),
    _looks_like("github-token", " GitHub 令牌", "a GitHub token"): re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    _looks_like("json-web-token", " JSON Web Token", "a JSON web token"): re.compile(
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    ),
    _looks_like("database-password", "带密码的数据库地址", "a database address with a password"): re.compile(
        r"\b[a-z]+(\+[a-z]+)?://[^\s:/@'\"]+:[^\s@'\"{}]+@[^\s'\"]+"
    ),
}
_ASSIGNED = re.compile(
    r"(?i)\b[a-z0-9_]*(secret|password|passwd|api_?key|access_?key|private_?key|app_?secret|token)[a-z0-9_]*"
    r"[\"']?\s*[:=]\s*[\"']([^\"'\s]{12,})[\"']"
)
_RANDOM_ENOUGH = 3.2
"""Bits per character: words and placeholders stay below, generated keys come out above."""
_TEXT = (".py", ".toml", ".html", ".js", ".json", ".css", ".txt", ".md", ".yaml", ".yml", ".ini", ".cfg", ".env", ".po")


@bronze(
    title="包里没有密钥、令牌和密码",
    finds=(*_KNOWN, SECRET_VALUE),
    advice=Bilingual(
        zh="请删除它，并在来源处作废：包已经离开您的机器",
        en="Remove it, and make it invalid where it came from: the package has left your machine.",
    ),
)
def no_secrets(subject: Subject) -> Iterator[Finding]:
    """No key, token or password is in the package."""
    for path in subject.files:
        if path.suffix in _TEXT and path.stat().st_size <= MAX_FILE:
            yield from _in_text(subject.name(path), subject.text(path))


def _in_text(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        kind = next((kind for kind, form in _KNOWN.items() if form.search(line)), None)
        if kind is not None:
            yield Finding.of(kind, name, number)
        elif (match := _ASSIGNED.search(line)) and _entropy(match[2]) > _RANDOM_ENOUGH:
            yield Finding.of(SECRET_VALUE, name, number, name=match[1].lower())


def _entropy(text: str) -> float:
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
