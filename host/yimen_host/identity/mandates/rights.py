"""Whose affairs a request is about, and which scopes count: with a mandate, those of both people."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.identity.accounts import Account, Accounts
from yimen_host.identity.consent import Consents, usable
from yimen_host.identity.mandates import store
from yimen_host.identity.mandates.mandate import SCOPE, Acting


@dataclass(frozen=True)
class Standing:
    """Who is visited: ``subject`` is whose affairs it is, ``acting`` who does it for them."""

    subject: Account
    acting: Acting | None
    scopes: frozenset[str]


@dataclass(frozen=True)
class Rights:
    """Reads what counts at this moment."""

    accounts: Accounts
    consents: Consents

    async def standing(
        self,
        session: AsyncSession,
        resident_id: str,
        mandate_id: str | None,
        *,
        app_id: str,
        declared: Iterable[str],
        now: dt.datetime,
    ) -> Standing | None:
        """What counts for a signed-in resident at a mini-app; None when they, or the mandate, are no longer there."""
        own = await self._own(session, resident_id, app_id, frozenset(declared))
        if own is None or mandate_id is None:
            return own
        mandate = await store.counting(session, mandate_id, delegate_id=resident_id, app_id=app_id, now=now)
        if mandate is None or SCOPE not in own.scopes:
            return None
        theirs = await self._own(session, mandate.representee_id, app_id, frozenset(declared))
        if theirs is None:
            return None
        scopes = frozenset(mandate.scopes.split()) & own.scopes & theirs.scopes
        return Standing(theirs.subject, Acting(resident_id, mandate.id), scopes)

    async def _own(
        self, session: AsyncSession, resident_id: str, app_id: str, declared: frozenset[str]
    ) -> Standing | None:
        account = await self.accounts.open(session, resident_id)
        if account is None:
            return None
        decision = await self.consents.read(session, resident_id, app_id)
        return Standing(account, None, usable(decision.effective(declared), account.assurance))
