"""What a publisher's programs send and are answered, as Pydantic models: their API's description is made from them."""

import datetime as dt
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from yimen_host.payments.webhooks.endpoints import MOST_LISTED
from yimen_host.payments.webhooks.models import EndpointRow
from yimen_host.payments.webhooks.states import EndpointState
from yimen_host.payments.webhooks.store import Letter

MAX_NUMBER = 2**63 - 1  # a delivery's id in the database


class DeadLettersQuery(BaseModel):
    """Which dead letters are listed."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=MAX_NUMBER)] = Field(
        default=0, description="the id of the last letter of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50


class EndpointAnswer(BaseModel):
    """An address that hears what happens."""

    id: str
    url: str
    types: list[str] = Field(description="the types of events it hears; empty: all of them")
    state: EndpointState
    failures: int = Field(description="failed tries since the last one that succeeded")

    @classmethod
    def of(cls, row: EndpointRow) -> Self:
        """An endpoint as it is told."""
        return cls(id=row.id, url=row.url, types=row.types, state=EndpointState(row.state), failures=row.failures)


class EndpointsAnswer(BaseModel):
    """A mini-app's endpoints."""

    endpoints: list[EndpointAnswer]


class DeadLetterAnswer(BaseModel):
    """An event that an endpoint did not take, and how it last answered."""

    id: int = Field(description="of the delivery; what replays it")
    event_id: str = Field(description="the webhook-id under which it is sent")
    type: str
    subject: str = Field(description="the order it is about")
    sequence: int = Field(description="its place among the events of its subject")
    attempts: int
    last_status: int | None = Field(description="the HTTP status; nothing when there was no answer")
    last_error: str | None
    last_at: dt.datetime | None
    created_at: dt.datetime

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """A dead letter as it is told."""
        delivery = letter.delivery
        assert delivery.id is not None, "what was read has its id"
        return cls(
            id=delivery.id,
            event_id=letter.event.id,
            type=letter.event.type,
            subject=delivery.subject,
            sequence=delivery.sequence,
            attempts=delivery.attempts,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            last_at=delivery.last_at,
            created_at=delivery.created_at,
        )


class DeadLettersAnswer(BaseModel):
    """A page of dead letters, oldest first."""

    dead_letters: list[DeadLetterAnswer]


class SentAgainAnswer(BaseModel):
    """How many deliveries are on their way again."""

    sent: int
