"""Real-name verification 实名认证: the number's own form first, then the authority that keeps the register."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from yimen_host.identity.errors import FieldError
from yimen_host.identity.idnumber import IdNumber

LONGEST_NAME = 50


class Answer(StrEnum):
    """What the authority says about a name and a number."""

    MATCH = "match"
    """The register holds this number with this name."""
    NAME_DIFFERS = "name_differs"
    """The register holds this number with another name."""
    UNKNOWN_NUMBER = "unknown_number"
    """The register does not hold this number."""
    UNAVAILABLE = "unavailable"
    """No answer came."""


@dataclass(frozen=True)
class Claim:
    """What a resident says of themselves."""

    name: str
    number: IdNumber


@runtime_checkable
class RealNameAuthority(Protocol):
    """The register of persons: an extension of the operator (hook ``yimen_realname_authorities``)."""

    name: str
    sandbox: bool

    async def check(self, claim: Claim) -> Answer:
        """Compare a name and a number with the register. Never raises for a mismatch."""
        ...


def person_name(typed: str) -> str:
    """Read a name: one kind of middle dot, no spaces at the ends. Raises FieldError when it cannot be a name."""
    name = unicodedata.normalize("NFKC", typed).strip()
    for dot in "•‧∙・.．":
        name = name.replace(dot, "·")
    if not 2 <= len(name) <= LONGEST_NAME or not all(c.isalpha() or c in "· " for c in name):
        raise FieldError("name", "请输入身份证上的姓名")
    return name


def refusal(answer: Answer) -> FieldError | None:
    """The plain words for an answer that is not a match."""
    return {
        Answer.MATCH: None,
        Answer.NAME_DIFFERS: FieldError("name", "姓名与身份证号不一致，请核对姓名"),
        Answer.UNKNOWN_NUMBER: FieldError("id_number", "查无此身份证号，请核对号码"),
        Answer.UNAVAILABLE: FieldError("", "实名核验服务暂时没有回应，您的资料没有保存，请稍后再试"),
    }[answer]
