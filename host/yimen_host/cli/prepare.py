"""Prepares a database: every schema, and the first admin."""

from functools import partial

import yimen_registry
from yimen_host.app import services_of
from yimen_host.core import schema
from yimen_host.core.database import host_role
from yimen_host.identity import store
from yimen_host.identity.phones import phone_number
from yimen_host.settings import Settings

DUTIES = ("admin", "reviewer")


def migrate_all(settings: Settings) -> None:
    """Migrate the host's schema and the registry's."""
    assert settings.database_url is not None
    role = host_role(settings.database_url)
    schema.migrate(settings.database_url, others=(partial(yimen_registry.migrate, role=role),))


async def make_admin(settings: Settings, phone: str) -> bool:
    """Give an account every duty; False when there is no such account."""
    services = services_of(settings)
    async with services.database.transaction() as session:
        resident = await store.resident_by_phone(session, services.keyring.fingerprint("phone", phone_number(phone)))
        if resident is not None:
            for duty in DUTIES:
                await store.add_role(session, resident.id, duty)
    await services.database.close()
    return resident is not None
