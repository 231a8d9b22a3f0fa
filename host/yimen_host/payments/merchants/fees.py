"""What merchants pay for the service: agreed for all channels or one, from a day on; the past is never agreed anew."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.merchants import store
from yimen_host.payments.merchants.errors import NoSuchMerchant, NotForYouToReview
from yimen_host.payments.merchants.models import MerchantFeeRow
from yimen_host.payments.merchants.terms import LIMITS
from yimen_host.payments.typed import Typed, within
from yimen_sdk.money import Money, yuan
from yimen_sdk.pages import CHINA

ANY = ""
"""Stands for every channel that has no fee of its own."""
BEGINNING = dt.date(2000, 1, 1)
"""From when a merchant's first fee counts: before the review there may be lines already."""
MOST_DAYS_AHEAD = 366
MOST_LEAST = Money(100_00)  # of a payment of any size: more is a typing error


@dataclass(frozen=True)
class MerchantFees:
    """Everything that agreeing on fees needs."""

    services: Services

    async def all(self, merchant_id: str) -> Sequence[MerchantFeeRow]:
        """A merchant's fees, those of every channel first, the newest first."""
        async with self.services.database.transaction() as session:
            return await store.fees(session, merchant_id)

    async def agree(
        self,
        merchant_id: str,
        typed: Mapping[str, str],
        *,
        by: str,
        publishers: Collection[str],
        channels: Collection[str],
    ) -> MerchantFeeRow:
        """Agree on a fee from today or a later day on.

        Raises Invalid with every fault at once, NoSuchMerchant, and NotForYouToReview for one of ``publishers``.
        """
        row = self._read(merchant_id, typed, by, channels)
        async with self.services.database.transaction() as session:
            if await store.find(session, merchant_id) is None:
                raise NoSuchMerchant(merchant_id)
            if by in publishers:
                raise NotForYouToReview(merchant_id)
            await store.add_fee(session, row)
        return row

    def _read(self, merchant_id: str, typed: Mapping[str, str], by: str, channels: Collection[str]) -> MerchantFeeRow:
        form, today = Typed(typed), self.services.clock.now().astimezone(CHINA).date()
        channel = form.read("channel", lambda text: _one_of(text, channels), "请选择支付渠道")
        bp = form.read("rate", within(*LIMITS["fee_bp"]), "请填写允许范围内的整数")
        least = form.read("least", lambda text: yuan(text or "0"), "请输入金额，例如 0.10，或留空")
        most = form.read("most", lambda text: yuan(text) if text else None, "请输入金额，例如 25.00，或留空")
        from_day = form.read("from_day", dt.date.fromisoformat, "请选择今天或以后的日期")
        if least is not None and not Money(0) <= least <= MOST_LEAST:
            form.faults["least"] = "每笔最低不超过100元"
        if most is not None and (most.fen <= 0 or (least is not None and most < least)):
            form.faults["most"] = "每笔最高不能低于最低"
        if from_day is not None and not today <= from_day <= today + dt.timedelta(days=MOST_DAYS_AHEAD):
            form.faults["from_day"] = "请选择今天或以后的日期"
        if form.faults:
            raise Invalid("the fee has faults", form.faults)
        assert channel is not None
        assert bp is not None
        assert least is not None
        assert from_day is not None
        return MerchantFeeRow(
            merchant_id=merchant_id, channel=channel, from_day=from_day, fee_bp=bp, least_fen=least.fen,
            most_fen=None if most is None else most.fen, agreed_by=by, agreed_at=self.services.clock.now(),
        )  # fmt: skip


def _one_of(text: str, channels: Collection[str]) -> str:
    if text != ANY and text not in channels:
        raise ValueError(text)
    return text
