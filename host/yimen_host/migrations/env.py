"""Alembic's entry: runs the history on the engine that ``core.schema`` hands over."""

from alembic import context

import yimen_host.tables  # noqa: F401 - fills the metadata
from yimen_host.core.database import metadata

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata(),
        include_name=lambda name, kind, parents: not (kind == "table" and (name or "").startswith("procrastinate_")),
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
