"""One effect per Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header-07, October 2025).

Missing is 400, still running is 409, another body is 422. The answer is kept in the transaction of the effect, so a
crash in between leaves neither. Of the body a keyed hash is kept: it may hold a bank account, which could be guessed
back from a plain one. A refusal is not kept: nothing was done, and asking again may succeed.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core import keeping
from yimen_host.core.services import Services
from yimen_host.payments.errors import KeyMissing, KeyReused, StillRunning
from yimen_host.payments.models import IdempotencyRow
from yimen_host.payments.store import answers

_KEY = re.compile(r"[A-Za-z0-9_.:\-]{1,100}")


class KeyHeader(BaseModel):
    """The header as descriptions of calls tell it; ``once`` reads it."""

    key: str = Field(
        alias="Idempotency-Key",
        pattern=f"^{_KEY.pattern}$",
        description=f"the same key is the same act: the first answer is given again, for {keeping.ANSWERS.days} days",
    )


Effect = Callable[[AsyncSession], Awaitable[dict[str, Any]]]  # Any: the JSON of the answer


async def once(
    services: Services, *, scope: str, headers: Mapping[str, str], body: bytes, effect: Effect
) -> dict[str, Any]:  # Any: JSON
    """Do ``effect`` in a transaction and keep its answer, or give the answer that is kept under this key.

    Raises KeyMissing, StillRunning, KeyReused, and what ``effect`` raises.
    """
    key = key_of(headers)
    fingerprint = services.keyring.fingerprint("idempotency", sha256(body).hexdigest())
    async with services.database.transaction() as session:
        if not await answers.claim(session, scope, key):
            raise StillRunning(key)
        known = await answers.find(session, scope, key)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise KeyReused(key)
            return known.answer
        answer = await effect(session)
        row = IdempotencyRow(
            scope=scope, key=key, fingerprint=fingerprint, answer=answer, created_at=services.clock.now()
        )
        await answers.keep(session, row)
    return answer


def key_of(headers: Mapping[str, str]) -> str:
    """The key of a request: a string in quotes as the draft has it, or bare as most send it. Raises KeyMissing."""
    key = headers.get("idempotency-key", "").strip('"')
    if not _KEY.fullmatch(key):
        raise KeyMissing
    return key
