"""Finds orders: a mini-app's or a resident's, page by page, each page beginning where the last one ended.

One way for the platform's API, the residents' list and the developer's console. What narrows a search is looked at
among the owner's orders only, which an index finds in their order.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, literal, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar as Select

from yimen_host.payments.models import OrderRow, ReceiptRow

MAX_PAYEES = 50  # to choose from; who has paid more finds the others by words
PAYEES_OF = 100  # newest orders, likewise
LOOKED_AT = 5_000  # orders for one page: what is rarer than that among many is looked for in several steps
Row = TypeVar("Row")


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


@dataclass(frozen=True)
class Page:
    """Orders that match, and the order after which the next page begins; none where there is no next page."""

    orders: Sequence[OrderRow]
    more: str | None


def searching(owner: Owner, search: Search, limit: int) -> Select[OrderRow]:
    """The orders of an owner that match, by the index in which they stand in their order."""
    return _in_order(
        select(OrderRow).where(_owned(owner), *_narrowed(OrderRow, search)), OrderRow, owner, search, limit
    )


async def found(session: AsyncSession, owner: Owner, search: Search, limit: int) -> Sequence[OrderRow]:
    """The first orders that match, however many must be looked at."""
    return (await session.scalars(searching(owner, search, limit))).all()


async def page(session: AsyncSession, owner: Owner, search: Search, size: int) -> Page:
    """One page for people: of what matches among the next so many orders, perhaps nothing, with more to look at.

    Whoever typed a number of an order is shown that order, wherever it stands.
    """
    if search.words and search.after is None and (numbered := await _numbered(session, owner, search, size)):
        return Page(numbered, None)
    stretch = searching(owner, replace(search, words=(), states=(), payee=None), LOOKED_AT).subquery()
    looked = aliased(OrderRow, stretch)
    query = select(looked).where(*_narrowed(looked, replace(search, after=None)))
    rows = (await session.scalars(_in_order(query, looked, owner, replace(search, after=None), size + 1))).all()
    if len(rows) > size:
        return Page(rows[:size], rows[size - 1].id)
    last = _in_order(select(looked.id), looked, owner, replace(search, after=None), 1).offset(LOOKED_AT - 1)
    return Page(rows, await session.scalar(last))


async def _numbered(session: AsyncSession, owner: Owner, search: Search, size: int) -> Sequence[OrderRow]:
    named = or_(*(number for word in search.words for number in _numbers(OrderRow, word)))
    query = select(OrderRow).where(_owned(owner), *_narrowed(OrderRow, search), named)
    return (await session.scalars(query.order_by(col(OrderRow.id).desc()).limit(size))).all()


def _in_order(query: Select[Row], row: type[OrderRow], owner: Owner, search: Search, limit: int) -> Select[Row]:
    keys: tuple[Any, ...] = (  # Any: a date and a text
        (col(row.created_at), col(row.id)) if isinstance(owner, OfApp) else (col(row.id),)
    )
    if search.after is not None:
        last = tuple_(*(literal(getattr(search.after, key.key)) for key in keys))
        here = tuple_(*keys)
        query = query.where(here < last if search.newest_first else here > last)
    return query.order_by(*(key.desc() if search.newest_first else key for key in keys)).limit(limit)


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


def _narrowed(row: type[OrderRow], search: Search) -> list[ColumnElement[bool]]:
    narrow = [_says(row, word) for word in search.words]
    if search.reference is not None:
        narrow.append(col(row.reference) == search.reference)
    if search.states:
        narrow.append(col(row.state).in_(search.states))
    if search.created_from is not None:
        narrow.append(col(row.created_at) >= search.created_from)
    if search.until is not None:
        narrow.append(col(row.created_at) < search.until)
    if search.payee is not None:
        narrow.append(col(row.app_id) == search.payee)
    return narrow


def _says(row: type[OrderRow], word: str) -> ColumnElement[bool]:
    texts = (row.title, row.payee_title, row.payee_publisher)
    return or_(*(col(text).icontains(word, autoescape=True) for text in texts), *_numbers(row, word))


def _numbers(row: type[OrderRow], word: str) -> tuple[ColumnElement[bool], ...]:
    receipt = select(ReceiptRow.order_id).where(ReceiptRow.number == word).scalar_subquery()
    return col(row.id) == word, col(row.reference) == word, col(row.id) == receipt
