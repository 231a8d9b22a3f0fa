"""Has the ledger's journal checked by whoever asks, beside a host that goes on posting."""

from yimen_host.app import services_of
from yimen_host.payments.ledger import books
from yimen_host.settings import Settings


async def audit_ledger(settings: Settings) -> list[str]:
    """Every fault of the journal, as it stood at one moment."""
    services = services_of(settings)
    try:
        async with services.database.transaction() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            return await books.audit(session)
    finally:
        await services.database.close()
