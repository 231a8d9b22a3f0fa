"""Who holds a coupon: a natural person, known by a keyed hash of the ID number, through whichever account."""

from dataclasses import dataclass
from uuid import UUID

from yimen_host.core.keyring import Keyring
from yimen_host.identity.accounts import Account

NOWHERE = "000000"
"""The region of somebody whose registration is not known."""


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person as coupons know them. ``key`` is empty while the account is bound to nobody."""

    resident_id: str
    key: str
    region: str

    @property
    def verified(self) -> bool:
        """Whether somebody knows who it is."""
        return bool(self.key)


def person_of(keyring: Keyring, account: Account) -> Person:
    """The person behind an account; 128 bits of the hash are enough to keep a whole people apart."""
    if account.id_number is None:
        return Person(account.id, "", NOWHERE)
    key = UUID(hex=keyring.fingerprint("coupon-person", account.id_number)[:32])
    return Person(account.id, str(key), account.region or NOWHERE)
