"""Consent 授权: what a resident grants a mini-app. Effective = manifest ∩ approved ∩ consented (PIPL 14, 15)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services
from yimen_host.identity import changes, store
from yimen_host.identity.models import ConsentRow, DataAccessRow
from yimen_sdk.scopes import SCOPES


@dataclass(frozen=True)
class Decision:
    """What was decided about the scopes of one mini-app."""

    granted: frozenset[str]
    refused: frozenset[str]

    def undecided(self, declared: Iterable[str]) -> tuple[str, ...]:
        """The declared scopes that were never asked about: widening asks again, narrowing is silent."""
        return tuple(scope for scope in declared if scope not in self.granted | self.refused)

    def effective(self, declared: Iterable[str]) -> frozenset[str]:
        """The scopes that count: those granted that the approved manifest still declares."""
        return self.granted & frozenset(declared)


class Consents:
    """Reads and writes decisions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def decision(self, resident_id: str, app_id: str) -> Decision:
        """What a resident decided about a mini-app."""
        async with self._services.database.transaction() as session:
            return await self.read(session, resident_id, app_id)

    async def read(self, session: AsyncSession, resident_id: str, app_id: str) -> Decision:
        """The same, inside a transaction."""
        rows = await store.consents(session, resident_id, app_id)
        return Decision(
            frozenset(row.scope for row in rows if row.granted), frozenset(row.scope for row in rows if not row.granted)
        )

    async def decide(self, resident_id: str, app_id: str, *, asked: Mapping[str, str], granted: frozenset[str]) -> None:
        """Write a decision: ``asked`` maps each scope that was shown to the reason that was shown with it."""
        async with self._services.database.transaction() as session:
            await self.write(session, resident_id, app_id, asked=asked, granted=granted)

    async def write(
        self,
        session: AsyncSession,
        resident_id: str,
        app_id: str,
        *,
        asked: Mapping[str, str],
        granted: frozenset[str],
    ) -> None:
        """The same, inside a transaction."""
        now = self._services.clock.now()
        before = await self.read(session, resident_id, app_id)
        await store.decide(
            session,
            (
                ConsentRow(
                    resident_id=resident_id,
                    app_id=app_id,
                    scope=scope,
                    granted=scope in granted,
                    reason=reason,
                    decided_at=now,
                )
                for scope, reason in asked.items()
            ),
        )
        withdrawn = sorted((before.granted & frozenset(asked)) - granted)
        if withdrawn:
            await self._tell_app(session, resident_id, app_id, withdrawn)
        await changes.tell(session, self._services.keyring, resident_id)

    async def all(self, resident_id: str) -> dict[str, Decision]:
        """Every decision of a resident, by mini-app."""
        async with self._services.database.transaction() as session:
            rows = await store.consents(session, resident_id)
        return {
            app_id: Decision(
                frozenset(row.scope for row in rows if row.app_id == app_id and row.granted),
                frozenset(row.scope for row in rows if row.app_id == app_id and not row.granted),
            )
            for app_id in dict.fromkeys(row.app_id for row in rows)
        }

    async def record_access(
        self, session: AsyncSession, resident_id: str, app_id: str, fields: Iterable[str], purpose: str
    ) -> None:
        """Write the row by which the resident sees that their data was read."""
        row = DataAccessRow(
            id=self._services.ids.new("acc"),
            resident_id=resident_id,
            app_id=app_id,
            fields=" ".join(sorted(fields)),
            purpose=purpose,
            at=self._services.clock.now(),
        )
        await store.add_access(session, row)

    async def _tell_app(self, session: AsyncSession, resident_id: str, app_id: str, scopes: list[str]) -> None:
        sub = self._services.keyring.pairwise(app_id, resident_id)
        happening = Happening(
            id=self._services.ids.new("evt"),
            type="yimen.consent.withdrawn",
            subject=sub,
            data={"resident": sub, "scopes": scopes},
            at=self._services.clock.now(),
        )
        await publish(session, happening, to=[f"app:{app_id}"])


def usable(scopes: frozenset[str], assurance: int) -> frozenset[str]:
    """The scopes that mean something at an assurance level."""
    return frozenset(name for name in scopes if name in SCOPES and SCOPES[name].level <= assurance)
