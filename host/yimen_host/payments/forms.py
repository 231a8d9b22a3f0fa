"""The key in the cashier's form: made for one person, session and order, and good for one attempt."""

import hmac

from yimen_host.core.ids import new_secret
from yimen_host.core.keyring import Keyring
from yimen_host.payments.errors import StaleForm

MAX_KEY = 200


def new_key(keyring: Keyring, *, session_id: str, order_id: str) -> str:
    """Make a key that nobody can make who has not seen the form."""
    nonce = new_secret()
    return f"{nonce}.{_mark(keyring, session_id, order_id, nonce)}"


def checked(keyring: Keyring, key: str, *, session_id: str, order_id: str) -> str:
    """Give a key back after checking that it was made here for this. Raises StaleForm."""
    nonce, _, mark = key[:MAX_KEY].partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(keyring, session_id, order_id, nonce).encode()):
        raise StaleForm
    return key


def _mark(keyring: Keyring, session_id: str, order_id: str, nonce: str) -> str:
    return keyring.fingerprint("cashier-form", f"{session_id}|{order_id}|{nonce}")
