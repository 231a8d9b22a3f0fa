"""Tables of mandates. That a cap is kept is a constraint: no month can hold more than its cap."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


def _fen(*, default: int | None = None) -> Any:  # Any: SQLModel types its Field so
    server = None if default is None else str(default)
    return Field(default=default, sa_column=Column(BigInteger, nullable=False, server_default=server))


class MandateRow(SQLModel, table=True):
    """A mandate. Its terms never change: who wants others ends it and makes a new one."""

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("representee_id <> delegate_id", "two_people"),
        CheckConstraint("0 < payment_cap_fen AND payment_cap_fen <= month_cap_fen", "caps"),
        CheckConstraint("starts_at < ends_at", "time"),
        Index(
            "uq_mandate_active",
            "representee_id",
            "delegate_id",
            "app_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'active')"),
        ),
    )

    id: str = Field(primary_key=True)
    representee_id: str = Field(index=True, foreign_key="resident.id")
    delegate_id: str = Field(index=True, foreign_key="resident.id")
    app_id: str
    scopes: str
    payment_cap_fen: int = _fen()
    month_cap_fen: int = _fen()
    state: str
    starts_at: dt.datetime = Field(sa_type=Moment)
    ends_at: dt.datetime = Field(sa_type=Moment)
    created_at: dt.datetime = Field(sa_type=Moment)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = None


class MandateMonthRow(SQLModel, table=True):
    """What was paid by a mandate in one month of China's calendar, with the cap beside it."""

    __tablename__ = "mandate_month"
    __table_args__ = (CheckConstraint("0 <= used_fen AND used_fen <= cap_fen", "within_cap"),)

    mandate_id: str = Field(primary_key=True, foreign_key="mandate.id")
    month: dt.date = Field(primary_key=True)
    cap_fen: int = _fen()
    used_fen: int = _fen()


class MandateUseRow(SQLModel, table=True):
    """One use of a mandate, which both people see: ``opened`` the mini-app, or ``paid`` with an attempt."""

    __tablename__ = "mandate_use"
    __table_args__ = (CheckConstraint("0 <= returned_fen AND returned_fen <= fen", "returned"),)

    id: str = Field(primary_key=True)
    mandate_id: str = Field(index=True, foreign_key="mandate.id")
    kind: str
    order_id: str | None = None
    attempt_id: str | None = Field(default=None, unique=True)
    month: dt.date
    fen: int = _fen(default=0)
    returned_fen: int = _fen(default=0)
    at: dt.datetime = Field(sa_type=Moment)
