"""The one way a state column changes: an UPDATE that names the states it may leave, so that it is its own guard."""

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from yimen_host.payments.machine import E, Machine, S
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow


async def move(
    session: AsyncSession,
    table: type[OrderRow] | type[AttemptRow] | type[RefundRow],
    machine: Machine[S, E],
    row_id: str,
    event: E,
    *guards: ColumnElement[bool],
    **values: Any,  # Any: columns of the table
) -> bool:
    """Move one row along its machine, if it is in a state that allows it and ``guards`` hold; say whether it moved."""
    result = await session.execute(
        update(table)
        .where(col(table.id) == row_id, col(table.state).in_(machine.sources(event)), *guards)
        .values(state=machine.target(event), **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
