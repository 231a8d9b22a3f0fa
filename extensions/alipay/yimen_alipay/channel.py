"""Alipay as a payment channel: its page at a desk, its wap page on a phone."""

import datetime as dt
import logging
from collections.abc import AsyncIterator, Mapping

from yimen_alipay import bill, facts, notices
from yimen_alipay.merchant import Merchant
from yimen_alipay.provider import Provider
from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    ChannelSilent,
    GoTo,
    Notification,
    NotPaid,
    NotReturned,
    PaymentFact,
    RefundAsk,
    RefundFact,
    Reply,
    Returned,
    StatementLine,
    Step,
    Waiting,
)
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.pages import CHINA

LONGEST_TITLE = 256
UNWANTED = str.maketrans("/=&", "   ")  # characters that a subject may not have
NOT_THERE = "ACQ.TRADE_NOT_EXIST"
log = logging.getLogger(__name__)


class AlipayChannel:
    """Pays through Alipay."""

    id = "alipay"
    capabilities = Capabilities()

    def __init__(self, merchant: Merchant, provider: Provider) -> None:
        pretend = merchant.simulated
        self.title = Bilingual(
            zh="支付宝（模拟）" if pretend else "支付宝", en="Alipay (simulation)" if pretend else "Alipay"
        )
        self._merchant = merchant
        self._provider = provider

    async def prepare(self, ask: Ask) -> Step:
        """Sign the address at which the resident pays. Alipay hears of it when they open it."""
        if ask.amount.currency != "CNY":
            return NotPaid("currency")
        kind, product = ("wap", "QUICK_WAP_WAY") if ask.visit.mobile else ("page", "FAST_INSTANT_TRADE_PAY")
        content = {
            "subject": ask.title.translate(UNWANTED)[:LONGEST_TITLE],
            "out_trade_no": ask.attempt_id,
            "total_amount": ask.amount.plain,
            "product_code": product,
            "time_expire": ask.expires_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        }
        address = self._provider.address(
            f"alipay.trade.{kind}.pay", content, return_url=ask.return_url, notify_url=ask.notify_url
        )
        return GoTo(address, ask.attempt_id)

    async def query(self, attempt_id: str) -> PaymentFact:
        """Ask what became of a payment. One that Alipay does not know may still be opened by its payer."""
        why, told = await self._provider.ask("alipay.trade.query", {"out_trade_no": attempt_id})
        if why == NOT_THERE:
            return Waiting()
        return facts.payment(self._ours(why, told, attempt_id))

    async def close(self, attempt_id: str) -> PaymentFact:
        """Close the payment, and hear what it had become until then.

        One that was never opened cannot be closed; should its payer open and pay it all the same, it comes late.
        """
        why, _ = await self._provider.ask("alipay.trade.close", {"out_trade_no": attempt_id})
        if why == NOT_THERE:
            return NotPaid("closed")
        return await self.query(attempt_id)

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """Ask for a refund; the number makes it one, however often it is asked for."""
        content = {
            "out_trade_no": ask.attempt_id,
            "out_request_no": ask.refund_id,
            "refund_amount": ask.amount.plain,
            "refund_reason": ask.reason,
        }
        why, told = await self._provider.ask("alipay.trade.refund", content)
        if why:
            log.error("Alipay refuses refund %s: %s", ask.refund_id, why)
            return facts.refused_refund(why)
        if self._ours(why, told, ask.attempt_id).get("fund_change") == "Y":
            return Returned()
        return await self.query_refund(ask)  # "N": this answer moved nothing, and perhaps an earlier one did

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """Ask what became of a refund; without a status it was not made."""
        content = {"out_trade_no": ask.attempt_id, "out_request_no": ask.refund_id}
        why, told = await self._provider.ask("alipay.trade.fastpay.refund.query", content)
        if why == NOT_THERE or (not why and "refund_status" not in told):
            return NotReturned("unknown")
        self._ours(why, told, ask.attempt_id)
        if told.get("refund_status") == "REFUND_SUCCESS" and told.get("out_request_no") == ask.refund_id:
            return Returned()
        raise ChannelSilent(f"Alipay tells of a refund status {told.get('refund_status')!r}")

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read a notice about a payment. Raises NoticeRefused."""
        try:
            return notices.read(self._merchant, self._provider, body, now)
        except (ChannelSilent, KeyError, ValueError) as error:
            raise NoticeRefused("the notice is signed and cannot be read") from error

    def reply(self, refused: str | None) -> Reply:
        """The seven characters that Alipay waits for; anything else makes it send the notice again."""
        return Reply(200, "success" if refused is None else "fail")

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The bill of a day, ready the next morning."""
        async with bill.download(self._provider, day) as file:
            async for line in self._provider.calls.stream(bill.lines(file, self.id)):
                yield line

    def _ours(self, why: str, told: Mapping[str, object], attempt_id: str) -> Mapping[str, object]:
        if why or told.get("out_trade_no") != attempt_id:
            raise ChannelSilent(f"Alipay does not tell of {attempt_id}: {why}")
        return told
