"""Signed notices in the form of Standard Webhooks 1.0: id, timestamp and body under one HMAC, and an age limit.

The ``standardwebhooks`` library signs; checking is ours, because the library reads the machine's clock.
"""

import datetime as dt
import hmac
from collections.abc import Mapping

from standardwebhooks.webhooks import Webhook

from yimen_host.payments.channels.age import check_age
from yimen_host.payments.errors import NoticeRefused


def sign(secret: str, notice_id: str, body: bytes, now: dt.datetime) -> dict[str, str]:
    """Make the three headers of a notice."""
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signature(secret, notice_id, body, now),
    }


def check(secret: str, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> str:
    """Tell a notice's id after checking its signature and age. Raises NoticeRefused."""
    notice_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not notice_id or not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 11:
        raise NoticeRefused("the notice lacks its id or its timestamp")
    sent = dt.datetime.fromtimestamp(int(stamp), dt.UTC)
    check_age(sent, now)
    try:
        right = _signature(secret, notice_id, body, sent)
    except UnicodeDecodeError:
        raise NoticeRefused("the notice is not text") from None
    offered = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(right.encode(), one.encode()) for one in offered):
        raise NoticeRefused("the notice's signature is wrong")
    return notice_id


def _signature(secret: str, notice_id: str, body: bytes, at: dt.datetime) -> str:
    signed: str = Webhook(secret.encode()).sign(notice_id, at, body.decode())
    return signed
