"""Findings on what waits for a person; what only takes its time is told by the metrics."""

from collections.abc import Iterator
from dataclasses import dataclass

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.webhooks.states import DeliveryState
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.metrics.view import Waiting
from yimen_sdk.bilingual import Bilingual

_BY_PUBLISHERS = Bilingual(zh="它们的开发者看得到原因", en="their publishers see why")


@dataclass(frozen=True)
class _Counted(Finding):
    verdict, told = Verdict.WARNING, Bilingual(zh="{count}", en="{count}")
    count: int


@dataclass(frozen=True)
class PaymentsInDoubt(_Counted):
    """A channel did not say what became of them."""

    of = Bilingual(zh="结果未明的付款", en="Payments in doubt")
    advice = Bilingual(zh="请问渠道为何没有回答", en="ask the channel whether it answers")


@dataclass(frozen=True)
class RefundsStuck(_Counted):
    """A channel cannot give the money back by itself."""

    of = Bilingual(zh="待人工处理的退款", en="Refunds that wait for a person")
    advice = Bilingual(zh="/console/refunds", en="/console/refunds")


@dataclass(frozen=True)
class BreaksOpen(_Counted):
    """Bills and books differ."""

    of = Bilingual(zh="未解释差额", en="Unexplained differences")
    advice = Bilingual(zh="/console/reconciliation", en="/console/reconciliation")


@dataclass(frozen=True)
class WebhooksDead(_Counted):
    """Publishers' servers did not take them."""

    of, advice = Bilingual(zh="已放弃的 Webhook 通知", en="Webhooks given up"), _BY_PUBLISHERS


@dataclass(frozen=True)
class EventsDead(_Counted):
    """Mini-apps did not take them."""

    of, advice = Bilingual(zh="已放弃的事件", en="Events given up"), _BY_PUBLISHERS


def waiting(found: Waiting) -> Iterator[Finding]:
    """Name what there is any of."""
    payments = found.payments
    counted = (
        PaymentsInDoubt(payments.attempts[AttemptState.UNCERTAIN]),
        RefundsStuck(payments.stuck_refunds),
        BreaksOpen(sum(payments.breaks.values())),
        WebhooksDead(payments.webhooks[DeliveryState.DEAD]),
        EventsDead(found.outbox.dead),
    )
    yield from (one for one in counted if one.count)
