"""Finds orders: a mini-app's or a resident's, page by page, each page beginning where the last one ended.

One way for the platform's API, the residents' list and the developer's console. What narrows a search is looked at
among the owner's orders only, which an index finds in their order.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar as Select

from yimen_host.payments.models import OrderRow, ReceiptRow

MAX_PAYEES = 50  # to choose from; who has paid more finds the others by words
PAYEES_OF = 100  # newest orders, likewise


@dataclass(frozen=True)
class OfApp:
    """A mini-app's orders."""

    app_id: str

    def has(self, order: OrderRow) -> bool:
        """Whether an order is one of these."""
        return order.app_id == self.app_id


@dataclass(frozen=True)
class OfResident:
    """The orders that a resident pays."""

    resident_id: str

    def has(self, order: OrderRow) -> bool:
        """Whether an order is one of these."""
        return order.resident_id == self.resident_id


Owner = OfApp | OfResident


@dataclass(frozen=True)
class Search:
    """Which orders are looked for. ``until`` is the first moment too late, ``after`` the last order of the page before.

    Each of ``words`` stands in the title, the payee or the publisher, or is a number of the order: its own, its
    reference, its receipt's.
    """

    reference: str | None = None
    states: tuple[str, ...] = ()
    created_from: dt.datetime | None = None
    until: dt.datetime | None = None
    words: tuple[str, ...] = ()
    payee: str | None = None
    after: OrderRow | None = None
    newest_first: bool = False


def searching(owner: Owner, search: Search, limit: int) -> Select[OrderRow]:
    """The orders of an owner that match, by the index in which they stand in their order."""
    query = select(OrderRow).where(_owned(owner), *_narrowed(search))
    keys: tuple[Any, ...] = (  # Any: a date and a text
        (col(OrderRow.created_at), col(OrderRow.id)) if isinstance(owner, OfApp) else (col(OrderRow.id),)
    )
    if search.after is not None:
        last = tuple_(*(literal(getattr(search.after, key.key)) for key in keys))
        here = tuple_(*keys)
        query = query.where(here < last if search.newest_first else here > last)
    return query.order_by(*(key.desc() if search.newest_first else key for key in keys)).limit(limit)


async def found(session: AsyncSession, owner: Owner, search: Search, limit: int) -> Sequence[OrderRow]:
    """One page of orders."""
    return (await session.scalars(searching(owner, search, limit))).all()


async def payees(session: AsyncSession, resident_id: str) -> Sequence[tuple[str, str]]:
    """The mini-apps that a resident lately had orders of, with a title noted at the time."""
    mine = select(OrderRow.app_id, OrderRow.payee_title).where(OrderRow.resident_id == resident_id)
    lately = mine.order_by(col(OrderRow.id).desc()).limit(PAYEES_OF).subquery()
    query = (
        select(lately.c.app_id, func.max(lately.c.payee_title))
        .where(lately.c.app_id.is_not(None))
        .group_by(lately.c.app_id)
        .order_by(lately.c.app_id)
        .limit(MAX_PAYEES)
    )
    return [(app_id or "", title) for app_id, title in await session.execute(query)]


def _owned(owner: Owner) -> ColumnElement[bool]:
    if isinstance(owner, OfApp):
        return col(OrderRow.app_id) == owner.app_id
    return col(OrderRow.resident_id) == owner.resident_id


def _narrowed(search: Search) -> list[ColumnElement[bool]]:
    narrow = [_says(word) for word in search.words]
    if search.reference is not None:
        narrow.append(col(OrderRow.reference) == search.reference)
    if search.states:
        narrow.append(col(OrderRow.state).in_(search.states))
    if search.created_from is not None:
        narrow.append(col(OrderRow.created_at) >= search.created_from)
    if search.until is not None:
        narrow.append(col(OrderRow.created_at) < search.until)
    if search.payee is not None:
        narrow.append(col(OrderRow.app_id) == search.payee)
    return narrow


def _says(word: str) -> ColumnElement[bool]:
    texts = (OrderRow.title, OrderRow.payee_title, OrderRow.payee_publisher)
    numbered = select(ReceiptRow.order_id).where(ReceiptRow.number == word)
    return or_(
        *(col(text).icontains(word, autoescape=True) for text in texts),
        col(OrderRow.id) == word,
        col(OrderRow.reference) == word,
        col(OrderRow.id).in_(numbered),
    )
