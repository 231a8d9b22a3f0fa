"""The connection of one writer of batches, made when it is needed, and again after it broke."""

from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from yimen_host.core.database import Database
from yimen_host.payments.ledger import store


class Wire:
    """A connection for writing batches alone: it does not go back to the pool. It is closed when the block ends.

    ``prepare`` holds the PREPAREs of the statements that go beside them.
    """

    def __init__(self, database: Database, *, prepare: str = "") -> None:
        self._database, self._prepare = database, prepare
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def sound(self) -> bool:
        """Whether there is a connection and the server is still there.

        SQLAlchemy does not see that it has gone, because the posting path goes past it.
        """
        connection = self._connection
        return connection is not None and not (connection.closed or connection.invalidated or raw_of(connection).closed)

    async def connection(self) -> AsyncConnection:
        """The connection, ready for batches."""
        if self._connection is None:
            self._connection = await self._database.engine.connect()
            try:
                await store.prepare(raw_of(self._connection), also=self._prepare)
            except BaseException:
                await self.close()
                raise
        return self._connection

    async def close(self) -> None:
        """Close the connection for good; the next is another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()


def raw_of(connection: AsyncConnection) -> store.Raw:
    """The driver's own connection."""
    assert connection.sync_connection is not None
    raw: store.Raw | None = connection.sync_connection.connection.driver_connection
    assert raw is not None
    return raw
