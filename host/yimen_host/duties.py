"""Who answers for what: admins by the role they were given, publishers by what the registry knows."""

from collections.abc import Collection
from dataclasses import dataclass

from yimen_host.core.services import Services
from yimen_host.identity import store
from yimen_registry import Registry


@dataclass(frozen=True)
class People:
    """The people behind the duties that alerts are for."""

    services: Services
    registry: Registry

    async def admins(self) -> Collection[str]:
        """The residents who run the platform."""
        async with self.services.database.transaction() as session:
            return await store.holders(session, "admin")

    async def publishers(self, app_id: str) -> Collection[str]:
        """The residents who publish a mini-app; none of one that is unknown."""
        return await self.registry.people_of(app_id)
