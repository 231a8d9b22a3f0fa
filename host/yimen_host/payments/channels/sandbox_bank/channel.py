"""The pretend bank as a payment channel: translates its words into facts."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping

from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    GoTo,
    Notification,
    NotPaid,
    NotReturned,
    Paid,
    PaymentFact,
    RefundAsk,
    RefundFact,
    Reply,
    Returned,
    StatementLine,
    Waiting,
)
from yimen_host.payments.channels.sandbox_bank.bank import Bank, BankState
from yimen_host.payments.channels.signature import check
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

PAGE = "/sandbox-bank"


class SandboxBank:
    """Pays from an account at the pretend bank."""

    id = "sandbox-bank"
    title = Bilingual(zh="沙箱银行（模拟）", en="Sandbox Bank (pretend)")
    capabilities = Capabilities()

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    async def prepare(self, ask: Ask) -> GoTo:
        """Open the payment at the bank and send the resident to the bank's page."""
        number = await self.bank.expect(
            merchant_ref=ask.attempt_id,
            title=ask.title,
            payee=ask.payee,
            amount=ask.amount,
            return_url=ask.return_url,
        )
        return GoTo(f"{PAGE}/{number}", number)

    async def query(self, attempt_id: str) -> PaymentFact:
        """Ask the bank."""
        payment = await self.bank.look_up(attempt_id)
        if payment is None:
            return NotPaid("unknown")
        return _fact(payment.state, Money(payment.amount_fen, payment.currency), payment.id)

    async def close(self, attempt_id: str) -> PaymentFact:
        """Tell the bank to expect it no longer, and hear what it had become until then."""
        payment = await self.bank.look_up(attempt_id)
        if payment is None:
            return NotPaid("unknown")
        await self.bank.decide(payment.id, BankState.CLOSED)
        return await self.query(attempt_id)

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """Ask the bank to give money back."""
        given = await self.bank.give_back(refund_ref=ask.refund_id, merchant_ref=ask.attempt_id, amount=ask.amount)
        return Returned() if given else NotReturned("declined")

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """Ask the bank whether it gave money back."""
        return Returned() if await self.bank.gave_back(ask.refund_id) else NotReturned("unknown")

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read the bank's signed notice. Raises NoticeRefused."""
        notice_id = check(self.bank.secret, headers, body, now)
        try:
            told = json.loads(body)
            amount = Money(told["amount"]["fen"], told["amount"]["currency"])
            fact = _fact(told["state"], amount, told["payment"])
            return Notification(notice_id, f"{notice_id}.{headers['webhook-timestamp']}", told["merchant_ref"], fact)
        except (ValueError, KeyError, TypeError) as error:
            raise NoticeRefused("the notice is signed and cannot be read") from error

    def reply(self, refused: str | None) -> Reply:
        """Say whether the notice was heard."""
        return Reply(200, "success") if refused is None else Reply(401, refused)

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The bank's bill of one civil day in China."""
        begin = dt.datetime.combine(day, dt.time(), CHINA)
        for line in await self.bank.lines(begin, begin + dt.timedelta(days=1)):
            yield StatementLine(
                channel=self.id,
                channel_ref=line.number,
                our_ref=line.merchant_ref,
                kind="refund" if line.refund else "payment",
                amount=line.amount,
                fee=Money(0, line.amount.currency),
                at=line.at,
            )


def _fact(state: str, amount: Money, number: str) -> PaymentFact:
    match BankState(state):
        case BankState.PAID:
            return Paid(amount, number)
        case BankState.WAITING:
            return Waiting()
        case ended:
            return NotPaid(ended.value)
