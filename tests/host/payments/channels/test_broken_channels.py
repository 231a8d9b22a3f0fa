"""Negative controls: a channel with one fault fails the check that is there for it, and says which promise it broke."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.host.payments.channels.outsides import sandbox

from yimen_host.core.services import Services
from yimen_host.payments.channels.channel import (
    ChannelSilent,
    Notification,
    NotPaid,
    NotReturned,
    Paid,
    PaymentFact,
    RefundAsk,
    RefundFact,
    Returned,
    StatementLine,
)
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.channels.sandbox_bank.channel import SandboxBank
from yimen_host.payments.channels.signature import sign
from yimen_host.testing.channels import CHECKS, NotConform, bench_of
from yimen_host.testing.channels.bench import PRICE


class Broken(SandboxBank):
    """The pretend bank's channel, to be broken in one way by each class below."""


class BelievesAnything(Broken):
    """Signs what comes with its own key before it checks."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        stamp = dt.datetime.fromtimestamp(int(headers.get("webhook-timestamp", "0") or 0), dt.UTC)
        body = body.decode(errors="replace").encode()
        own = sign(self.bank.secret, headers.get("webhook-id", "x"), body, stamp)
        return super().parse_notification(own, body, now)


class ForgetsTheTime(Broken):
    """Takes each notice for a fresh one."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        sent = dt.datetime.fromtimestamp(int(headers["webhook-timestamp"]), dt.UTC)
        return super().parse_notification(headers, body, sent)


class OneNonce(Broken):
    """Takes the notice's id for the sending's."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        notice = super().parse_notification(headers, body, now)
        return replace(notice, nonce=notice.notice_id)


class NonceOfItsOwn(Broken):
    """Makes a nonce up each time it reads."""

    count = 0

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        self.count += 1
        return replace(super().parse_notification(headers, body, now), nonce=str(self.count))


class AssumesTheAmount(Broken):
    """Tells what was asked for, not what was paid."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        notice = super().parse_notification(headers, body, now)
        return replace(notice, fact=Paid(PRICE, "x")) if isinstance(notice.fact, Paid) else notice


class TakesSilenceForNo(Broken):
    """Says that nothing was paid when the bank does not answer."""

    async def query(self, attempt_id: str) -> PaymentFact:
        try:
            return await super().query(attempt_id)
        except ChannelSilent:
            return NotPaid("declined")

    async def close(self, attempt_id: str) -> PaymentFact:
        return await self.query(attempt_id)


class ClosesWithoutLooking(Broken):
    """Says closed, whatever had become of it."""

    async def close(self, attempt_id: str) -> PaymentFact:
        await super().close(attempt_id)
        return NotPaid("closed")


class RefundsAnew(Broken):
    """Gives a refund a new number each time."""

    count = 0

    async def refund(self, ask: RefundAsk) -> RefundFact:
        self.count += 1
        return await super().refund(replace(ask, refund_id=f"{ask.refund_id}.{self.count}"))

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        return Returned()


class RefundsTheWhole(Broken):
    """Gives all back, whatever was asked for."""

    async def refund(self, ask: RefundAsk) -> RefundFact:
        return await super().refund(replace(ask, amount=ask.paid))


class TakesRefundsForMade(Broken):
    """Says that every refund was made."""

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        return Returned()


class TakesSilentRefundsForFailed(Broken):
    """Says that a refund was refused when the bank does not answer."""

    async def refund(self, ask: RefundAsk) -> RefundFact:
        try:
            return await super().refund(ask)
        except ChannelSilent:
            return NotReturned("declined")


class LosesRefundLines(Broken):
    """Leaves refunds out of the bill."""

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        async for line in super().statement(day):
            if line.kind == "payment":
                yield line


class MixesPaymentsUp(Broken):
    """Hears every notice as one about the newest payment."""

    newest = ""

    async def prepare(self, ask: Any) -> Any:  # Any: as the base class
        self.newest = ask.attempt_id
        return await super().prepare(ask)

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        return replace(super().parse_notification(headers, body, now), attempt_id=self.newest)


class PaysByItself(Broken):
    """Takes the money while it prepares."""

    async def prepare(self, ask: Any) -> Any:  # Any: as the base class
        step = await super().prepare(ask)
        await self.bank.decide(step.channel_ref, BankState.PAID)
        return NotPaid("closed")


class NeverAnswers(Broken):
    """Keeps silent about payments for ever."""

    async def query(self, attempt_id: str) -> PaymentFact:
        raise ChannelSilent("never")


class ReadsNoOnly(Broken):
    """Reads every notice as a refusal."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        notice = super().parse_notification(headers, body, now)
        return replace(notice, fact=NotPaid("declined"))


class AnswersNotPaid(Broken):
    """Says of a paid payment that it is not."""

    async def query(self, attempt_id: str) -> PaymentFact:
        fact = await super().query(attempt_id)
        return NotPaid("closed") if isinstance(fact, Paid) else fact


class SwallowsLateMoney(Broken):
    """Tells nothing of money that came after it had said closed."""

    closed: frozenset[str] = frozenset()

    async def close(self, attempt_id: str) -> PaymentFact:
        self.closed = self.closed | {attempt_id}
        return await super().close(attempt_id)

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        notice = super().parse_notification(headers, body, now)
        return replace(notice, fact=NotPaid("closed")) if notice.attempt_id in self.closed else notice


class AsksNever(Broken):
    """Is silent about closing, for ever."""

    async def close(self, attempt_id: str) -> PaymentFact:
        raise ChannelSilent("never")


FAILING: dict[str, type[Broken]] = {
    "prepare_moves_no_money": PaysByItself,
    "a_notice_settles": ReadsNoOnly,
    "a_duplicate_notice_changes_nothing": OneNonce,
    "a_replayed_notice_changes_nothing": NonceOfItsOwn,
    "a_notice_before_the_answer_is_heard": AnswersNotPaid,
    "a_stale_notice_is_refused": ForgetsTheTime,
    "an_altered_notice_is_refused": BelievesAnything,
    "a_forged_notice_is_refused": BelievesAnything,
    "a_notice_about_nothing_we_know_is_refused": MixesPaymentsUp,
    "a_wrong_amount_does_not_pay": AssumesTheAmount,
    "a_refusal_leaves_the_order_open": NeverAnswers,
    "silence_is_not_a_no": TakesSilenceForNo,
    "a_silent_beginning_charges_nobody_twice": AsksNever,
    "closing_tells_of_money_that_was_taken": ClosesWithoutLooking,
    "late_money_goes_back": SwallowsLateMoney,
    "double_money_goes_back": MixesPaymentsUp,
    "a_refund_asked_for_twice_is_one": RefundsAnew,
    "refunds_in_parts_add_up": RefundsTheWhole,
    "a_silent_refund_is_asked_about": TakesSilentRefundsForFailed,
    "a_refund_never_asked_for_is_unknown": TakesRefundsForMade,
    "the_bill_has_every_line": LosesRefundLines,
}


def test_every_check_has_a_channel_that_fails_it() -> None:
    assert sorted(FAILING) == sorted(CHECKS)


@pytest.mark.parametrize("check", FAILING)
async def test_a_broken_channel_fails_its_check(services: Services, check: str) -> None:
    async with sandbox(services) as (right, outside):
        assert isinstance(right, SandboxBank)
        async with bench_of(services, FAILING[check](right.bank), outside) as bench:
            with pytest.raises(NotConform):
                await CHECKS[check](bench)
