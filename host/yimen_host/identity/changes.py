"""That something about a resident changed, told to every process of the host and to nobody else.

Mini-apps' roles share the database, and PostgreSQL lets everyone listen and speak on every channel. So what is told is
sealed: who overhears it learns no name and cannot tell two of one resident from two of two; what was not sealed here is
not believed.
"""

from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.keyring import Keyring
from yimen_host.identity import store

CHANNEL = "yimen_sessions"


async def tell(session: AsyncSession, keyring: Keyring, resident_id: str) -> None:
    """Tell it when this transaction commits."""
    await store.notify(session, CHANNEL, keyring.encrypt(resident_id, bound_to=CHANNEL))


def heard(keyring: Keyring, payload: str) -> str | None:
    """Return whom a payload is about; None when a host never said it."""
    try:
        return keyring.decrypt(payload, bound_to=CHANNEL)
    except (InvalidTag, KeyError, ValueError):
        return None
