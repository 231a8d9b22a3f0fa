"""Mobile phone numbers of mainland China: eleven digits beginning 13 to 19 (MIIT numbering plan)."""

import re

from yimen_host.identity.errors import FieldError

_MOBILE = re.compile(r"1[3-9]\d{9}")


def phone_number(typed: str) -> str:
    """Read a phone number as people type it: spaces, dashes and +86 are fine. Raises FieldError."""
    digits = re.sub(r"[\s\-]", "", typed).removeprefix("+86")
    if not _MOBILE.fullmatch(digits):
        raise FieldError("phone", "请输入11位手机号码")
    return digits


def masked(phone: str) -> str:
    """The number with its middle hidden, for pages and messages."""
    return f"{phone[:3]}****{phone[-4:]}"
