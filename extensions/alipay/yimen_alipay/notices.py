"""Reads Alipay's notices: signed, how old, and about this merchant's payment.

https://opendocs.alipay.com/open/203/105286. The library checks no age and remembers nothing.
"""

import datetime as dt
from urllib.parse import parse_qsl

from yimen_alipay import facts
from yimen_alipay.merchant import Merchant
from yimen_alipay.provider import Provider
from yimen_host.payments.channels.age import check_age
from yimen_host.payments.channels.channel import Notification
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.pages import CHINA

MAX_FIELDS = 100  # Alipay's own have about thirty
ABOUT_PAYMENT = "trade_status_sync"


def read(merchant: Merchant, provider: Provider, body: bytes, now: dt.datetime) -> Notification:
    """A notice about a payment. Raises NoticeRefused; KeyError and ValueError when what is signed is malformed."""
    pairs = parse_qsl(body.decode("utf-8"), strict_parsing=True, max_num_fields=MAX_FIELDS)
    told = dict(pairs)
    if len(told) != len(pairs):
        raise NoticeRefused("the notice names a field twice")
    if told.get("sign_type") != "RSA2" or not provider.signed(
        {name: value for name, value in told.items() if name != "sign"}, told.get("sign", "")
    ):
        raise NoticeRefused("the notice's signature is wrong")
    sent = dt.datetime.strptime(told["notify_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    check_age(sent, now)
    if told.get("notify_type") != ABOUT_PAYMENT:
        raise NoticeRefused(f"the notice is about {told.get('notify_type')}")
    if (told["app_id"], told["seller_id"]) != (merchant.appid, merchant.seller_id):
        raise NoticeRefused("the notice is for another merchant")
    nonce = f"{told['notify_time']}.{told['notify_id']}"
    return Notification(told["notify_id"], nonce, told["out_trade_no"], facts.payment(told))
