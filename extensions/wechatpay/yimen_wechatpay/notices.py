"""Reads WeChat Pay's notices: whose key, how old, signed and sealed, and about this merchant's payment.

https://pay.weixin.qq.com/doc/v3/merchant/4012791861. The library checks no age and remembers nothing, and for a
key that it does not know it would ask the provider for certificates: so both are checked before it sees a notice.
"""

import datetime as dt
from collections.abc import Mapping

from yimen_host.payments.channels.age import check_age
from yimen_host.payments.channels.channel import Notification
from yimen_host.payments.errors import NoticeRefused
from yimen_wechatpay import facts
from yimen_wechatpay.merchant import Merchant
from yimen_wechatpay.provider import Provider

SCHEME = "WECHATPAY2-SHA256-RSA2048"
NAMES = ("signature", "timestamp", "nonce", "serial", "signature-type")


def read(
    merchant: Merchant, provider: Provider, headers: Mapping[str, str], body: bytes, now: dt.datetime
) -> Notification:
    """A notice about a payment. Raises NoticeRefused; KeyError and the like when what is signed is malformed."""
    mark = {name: headers.get(f"wechatpay-{name}") or headers.get(f"Wechatpay-{name.title()}", "") for name in NAMES}
    if mark["serial"] != merchant.public_key_id or mark["signature-type"] != SCHEME:
        raise NoticeRefused("the notice names another key or another way to sign")
    check_age(_sent(mark["timestamp"]), now)
    opened = provider.open_notice({f"wechatpay-{name}": value for name, value in mark.items()}, body)
    if opened is None:
        raise NoticeRefused("the notice's signature is wrong")
    if not str(opened["event_type"]).startswith("TRANSACTION."):
        raise NoticeRefused(f"the notice is about {opened['event_type']}")
    told = opened["resource"]
    if (told["mchid"], told["appid"]) != (merchant.mchid, merchant.appid):
        raise NoticeRefused("the notice is for another merchant")
    nonce = f"{mark['timestamp']}.{mark['nonce']}"
    return Notification(str(opened["id"]), nonce, str(told["out_trade_no"]), facts.payment(told))


def _sent(stamp: str) -> dt.datetime:
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 11:
        raise NoticeRefused("the notice lacks its time")
    return dt.datetime.fromtimestamp(int(stamp), dt.UTC)
