"""The chart of accounts: how each kind of account is named, and how low it may go. Knows no balances."""

_FLOORS = {"wallet": 0, "campaign": 0}
"""Kinds of account that never hold less than nothing. The others are what somebody owes us or we owe them."""


def wallet(resident_id: str) -> str:
    """The stored value of a resident 居民; never below zero."""
    return f"wallet:{resident_id}"


def merchant_payable(merchant_id: str) -> str:
    """What is owed to a merchant 商户; refunds may take it below zero, which is carried forward."""
    return f"merchant:{merchant_id}:payable"


def merchant_reserve(merchant_id: str) -> str:
    """What is kept back of a merchant's money for refunds to come, until its days are over."""
    return f"merchant:{merchant_id}:reserve"


FEES = "fee:platform"
"""What merchants have paid for the service."""


def bank(payout_id: str) -> str:
    """What a bank has paid out for us: above zero, as an asset that shrinks is."""
    return f"bank:{payout_id}"


def clearing(channel_id: str) -> str:
    """What a payment channel 支付渠道 has taken in for us and not yet paid out: below zero, as an asset is."""
    return f"channel:{channel_id}:clearing"


def channel_fees(channel_id: str) -> str:
    """What a channel has kept for its service: below zero, as a cost is."""
    return f"expense:{channel_id}"


def suspense(channel_id: str) -> str:
    """Money that came and belongs to no open order, until it is given back or attached again."""
    return f"suspense:{channel_id}"


def loss(channel_id: str) -> str:
    """What two people agreed to bear of a channel's differences; above zero, what they agreed to keep."""
    return f"loss:{channel_id}"


def grants(source: str) -> str:
    """Where given money comes from, such as the demo's starting balances."""
    return f"grants:{source}"


def budget(campaign_id: str) -> str:
    """What a campaign 活动 may still promise; never below zero, like the next two."""
    return f"campaign:{campaign_id}:budget"


def committed(campaign_id: str) -> str:
    """What a campaign has promised to those who hold its coupons."""
    return f"campaign:{campaign_id}:committed"


def spent(campaign_id: str) -> str:
    """What a campaign has paid to merchants, less what refunds gave back: the report's figure, ``cost`` against it."""
    return f"campaign:{campaign_id}:spent"


def cost(campaign_id: str) -> str:
    """The other side of ``spent``: what the campaign has cost the department that ordered it."""
    return f"cost:{campaign_id}"


def treasury(campaign_id: str) -> str:
    """What the treasury 财政 has paid in for a campaign: below zero, as money that we hold is."""
    return f"treasury:{campaign_id}"


def floor_of(code: str) -> int | None:
    """How low an account may go, in fen; None is no limit."""
    return _FLOORS.get(code.partition(":")[0])
