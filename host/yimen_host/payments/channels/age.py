"""How old a channel's notice may be. Past it the notice is a replay, or so late that asking tells more."""

import datetime as dt

from yimen_host.payments.errors import NoticeRefused

WINDOW = dt.timedelta(minutes=5)
"""What Standard Webhooks and WeChat Pay both recommend; before and after, for clocks differ."""


def check_age(sent: dt.datetime, now: dt.datetime) -> None:
    """Refuse a notice from outside the window. Raises NoticeRefused."""
    if abs(now - sent) > WINDOW:
        raise NoticeRefused(f"the notice is of {sent:%Y-%m-%d %H:%M:%S %z}: too far from now")
