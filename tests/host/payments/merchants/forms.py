"""What a publisher types to be paid, what an admin types to agree, and a merchant that is through with both."""

from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants.models import MerchantRow
from yimen_host.payments.merchants.register import mark
from yimen_sdk.split import SELF

WHO = {
    "legal_name": "茶叶合作社",
    "credit_code": "91350100M000100Y43",
    "bank": "沙箱银行",
    "account": "6222 0202 0011 2233",
}
TERMS = {
    "kind": "life",
    "regions": "520100",
    "fee_bp": "60",
    "reserve_bp": "1000",
    "reserve_days": "7",
    "settle_days": "1",
}


async def approved(
    payments: Payments, app_id: str, code: str = SELF, *, account: str = WHO["account"], **terms: str
) -> MerchantRow:
    """An approved merchant of a mini-app."""
    row = await payments.merchants.apply(app_id, {**WHO, "account": account}, by="publisher", code=code)
    return await payments.merchants.approve(
        row.id, {**TERMS, **terms}, by="admin", publishers={"publisher"}, seen=mark(row)
    )
