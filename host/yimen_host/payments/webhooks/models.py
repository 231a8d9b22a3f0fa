"""The tables of webhooks."""

import datetime as dt

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class EndpointRow(SQLModel, table=True):
    """An address that hears of one mini-app's payments. ``types`` empty means every type."""

    __tablename__ = "webhook_endpoint"

    id: str = Field(primary_key=True)
    app_id: str = Field(index=True)
    url: str
    types: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    state: str
    failures: int = 0
    """Failed tries since the last one that succeeded."""
    quiet_until: dt.datetime | None = Field(default=None, sa_type=Moment)
    """Nothing is tried before: the address failed, and what waits for it must not hold up the others."""
    created_at: dt.datetime = Field(sa_type=Moment)


class SecretRow(SQLModel, table=True):
    """A signing secret of an endpoint, sealed. Several are in use while one replaces another."""

    __tablename__ = "webhook_secret"

    id: str = Field(primary_key=True)
    endpoint_id: str = Field(
        sa_column=Column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    sealed: str
    created_at: dt.datetime = Field(sa_type=Moment)
    ends_at: dt.datetime | None = Field(default=None, sa_type=Moment, index=True)


class DeliveryRow(SQLModel, table=True):
    """One event on its way to one endpoint. ``sequence`` counts the events about one subject."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_subject", "endpoint_id", "subject", "sequence"),
        Index("ix_webhook_delivery_newest", "endpoint_id", "id"),
        Index("ix_webhook_delivery_taken", "last_at", postgresql_where=text("state = 'delivered'")),
        Index("ix_webhook_delivery_pending", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_webhook_delivery_dead", "endpoint_id", "id", postgresql_where=text("state = 'dead'")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    endpoint_id: str = Field(sa_column=Column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False))
    event_id: str = Field(sa_column=Column(ForeignKey("outbox_event.id"), nullable=False, index=True))
    subject: str
    sequence: int
    state: str
    attempts: int = 0
    last_status: int | None = None
    last_error: str | None = None
    last_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    created_at: dt.datetime = Field(sa_type=Moment)
