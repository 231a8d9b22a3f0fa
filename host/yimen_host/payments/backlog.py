"""What payments wait for: channels that do not answer, persons who must act, servers that do not listen."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.store import breaks
from yimen_host.payments.refunds import RefundState
from yimen_host.payments.store import attempts, refunds
from yimen_host.payments.webhooks import store as webhooks
from yimen_host.payments.webhooks.states import DeliveryState


@dataclass(frozen=True)
class Backlog:
    """How much waits; every state and kind is there, also with none."""

    attempts: Mapping[AttemptState, int]
    """Unfinished."""
    refunds: Mapping[RefundState, int]
    """Under way."""
    stuck_refunds: int
    """They wait for a person."""
    breaks: Mapping[BreakKind, int]
    """Differences that nobody has explained."""
    webhooks: Mapping[DeliveryState, int]


async def backlog(session: AsyncSession) -> Backlog:
    """Count what waits."""
    return Backlog(
        attempts=await attempts.open_by_state(session),
        refunds=await refunds.open_by_state(session),
        stuck_refunds=await refunds.count_stuck(session),
        breaks=await breaks.waiting_by_kind(session),
        webhooks=await webhooks.waiting_by_state(session),
    )
