"""WeChat Pay as a payment channel: a code to scan at a desk (Native), WeChat itself on a phone (H5)."""

import datetime as dt
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from wechatpayv3 import WeChatPayType

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
    ShowCode,
    StatementLine,
    Step,
)
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.pages import CHINA
from yimen_wechatpay import bill, facts, notices
from yimen_wechatpay.merchant import Merchant
from yimen_wechatpay.provider import Provider

LONGEST_TITLE = 42  # characters of up to three bytes: the field holds 127 bytes
LONGEST_REASON = 26  # as above: 80 bytes
log = logging.getLogger(__name__)


class WeChatPayChannel:
    """Pays through WeChat Pay."""

    id = "wechatpay"
    capabilities = Capabilities()

    def __init__(self, merchant: Merchant, provider: Provider) -> None:
        pretend = merchant.simulated
        self.title = Bilingual(
            zh="微信支付（模拟）" if pretend else "微信支付", en="WeChat Pay (simulation)" if pretend else "WeChat Pay"
        )
        self._merchant = merchant
        self._provider = provider

    async def prepare(self, ask: Ask) -> Step:
        """Open the order at WeChat Pay: a code for a desk, an address for a phone."""
        if ask.amount.currency != "CNY":
            return NotPaid("currency")
        about: dict[str, Any] = {  # Any: the library's own arguments
            "description": ask.title[:LONGEST_TITLE],
            "out_trade_no": ask.attempt_id,
            "amount": {"total": ask.amount.fen, "currency": ask.amount.currency},
            "notify_url": ask.notify_url,
            "time_expire": ask.expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
        }
        if ask.visit.mobile:
            about["pay_type"] = WeChatPayType.H5
            about["scene_info"] = {"payer_client_ip": ask.visit.address, "h5_info": {"type": "Wap"}}
        answer = await self._provider.ask(lambda library: library.pay(**about))
        if not answer.done:
            log.error("WeChat Pay refuses the order of %s: %s", ask.attempt_id, answer.code)
            return NotPaid("refused")
        if ask.visit.mobile:
            address = f"{answer.content['h5_url']}&redirect_url={quote(ask.return_url, safe='')}"
            return GoTo(address, ask.attempt_id)
        return ShowCode(str(answer.content["code_url"]), ask.attempt_id)

    async def query(self, attempt_id: str) -> PaymentFact:
        """Ask what became of an order."""
        answer = await self._provider.ask(lambda library: library.query(out_trade_no=attempt_id))
        if answer.code == "ORDER_NOT_EXIST":
            return NotPaid("unknown")
        if not answer.done or answer.content.get("out_trade_no") != attempt_id:
            raise ChannelSilent(f"WeChat Pay does not tell of {attempt_id}: {answer.status} {answer.code}")
        return facts.payment(answer.content)

    async def close(self, attempt_id: str) -> PaymentFact:
        """Close the order, and hear what it had become until then."""
        await self._provider.ask(lambda library: library.close(attempt_id))
        return await self.query(attempt_id)

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """Ask for a refund; the number makes it one, however often it is asked for."""
        amount = {"refund": ask.amount.fen, "total": ask.paid.fen, "currency": ask.amount.currency}
        answer = await self._provider.ask(
            lambda library: library.refund(
                out_refund_no=ask.refund_id,
                out_trade_no=ask.attempt_id,
                amount=amount,
                reason=ask.reason[:LONGEST_REASON],
            )
        )
        if not answer.done:
            log.error("WeChat Pay refuses refund %s: %s", ask.refund_id, answer.code)
            return facts.refused_refund(answer.code, answer.status)
        return self._ours(answer.content, ask)

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """Ask what became of a refund."""
        answer = await self._provider.ask(lambda library: library.query_refund(ask.refund_id))
        if answer.code == "RESOURCE_NOT_EXISTS":
            return NotReturned("unknown")
        if not answer.done:
            raise ChannelSilent(f"WeChat Pay does not tell of {ask.refund_id}: {answer.status} {answer.code}")
        return self._ours(answer.content, ask)

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read a notice about a payment. Raises NoticeRefused."""
        try:
            return notices.read(self._merchant, self._provider, headers, body, now)
        except (ChannelSilent, KeyError, TypeError, ValueError) as error:
            raise NoticeRefused("the notice is signed and cannot be read") from error

    def reply(self, refused: str | None) -> Reply:
        """Nothing when it was heard; else a word for which WeChat Pay sends it again."""
        if refused is None:
            return Reply(204)
        return Reply(401, '{"code":"FAIL","message":"refused"}', "application/json")

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The bill of a day, ready the next morning at ten; its hash is checked before the first line is told."""
        packed = await bill.download(self._provider, day)
        await self._provider.calls.call(packed.check)
        async for line in self._provider.calls.stream(packed.lines(self.id)):
            yield line

    def _ours(self, told: Mapping[str, Any], ask: RefundAsk) -> RefundFact:
        if told.get("out_refund_no") != ask.refund_id:
            raise ChannelSilent(f"WeChat Pay tells of another refund than {ask.refund_id}")
        return facts.refund(told)
