"""The code printed on a receipt: who holds the paper can have it checked, and nobody else can make one.

A keyed hash over the receipt's facts that never change. 80 bits are enough: a wrong one can only be tried at our page.
"""

import hmac
import re

from yimen_host.core.keyring import Keyring
from yimen_host.payments.papers.receipt import Paper

LENGTH = 20  # hexadecimal digits
_BREAKS = re.compile(r"[\s\-]+")


def seal(keyring: Keyring, paper: Paper) -> str:
    """The code of a receipt, in groups of four for those who type it."""
    facts = (
        paper.number, paper.about, str(paper.amount.fen), paper.amount.currency, paper.issued_at.isoformat()
    )  # fmt: skip
    digits = keyring.fingerprint("receipt", "|".join(facts))[:LENGTH].upper()
    return "-".join(digits[place : place + 4] for place in range(0, LENGTH, 4))


def fits(keyring: Keyring, paper: Paper, typed: str) -> bool:
    """Whether a typed code is this receipt's; takes the same time for every wrong one."""
    plain = _BREAKS.sub("", typed).upper()
    return hmac.compare_digest(plain.encode(), seal(keyring, paper).replace("-", "").encode())
