"""The unified social credit code 统一社会信用代码 of an organisation (GB 32100-2015): the last character checks."""

import re

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, table 2: no I, O, S, V, Z."""
_FORM = re.compile(rf"[{_ALPHABET}]{{2}}\d{{6}}[{_ALPHABET}]{{10}}")


def is_credit_code(text: str) -> bool:
    """Whether this is a code whose check character is right."""
    return _FORM.fullmatch(text) is not None and text[-1] == check_character(text[:17])


def check_character(body: str) -> str:
    """The check character of 17 others: weights are the powers of 3 modulo 31 (GB 32100-2015, 5.6)."""
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _ALPHABET[-total % 31]
