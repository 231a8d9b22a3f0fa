"""What coupons refuse, with the words that people read."""

from yimen_host.core.errors import Forbidden, NotFound, Refused


class NoSuchCampaign(NotFound):
    """There is no such campaign."""

    def __init__(self, campaign_id: str) -> None:
        super().__init__(f"there is no campaign {campaign_id}")


class CampaignMoved(Refused):
    """The campaign is not in a state that allows this."""

    code = "campaign_state"

    def __init__(self, campaign_id: str, state: str) -> None:
        super().__init__(f"campaign {campaign_id} is {state}", state=state)


class SamePerson(Forbidden):
    """The planner, or somebody who approved before, would approve."""

    code = "same_person"

    def __init__(self) -> None:
        super().__init__("策划人不能审批自己的活动，同一个人也不能审批两次")


class CouponsOut(Refused):
    """Coupons are still out, so the campaign cannot be settled."""

    code = "coupons_out"

    def __init__(self, campaign_id: str, count: int) -> None:
        super().__init__(f"campaign {campaign_id} has {count} coupons out", out=count)


class CouponRefused(Refused):
    """A coupon chosen at the cashier cannot be used for the order; ``reason`` says why."""

    code = "coupon_refused"

    def __init__(self, coupon_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"coupon {coupon_id} cannot be used: {reason}", reason=reason)


class CouponNotHeld(Refused):
    """There is no such coupon of the campaign in anybody's hand."""

    code = "coupon_not_held"

    def __init__(self, coupon_id: str) -> None:
        super().__init__(f"coupon {coupon_id} is in nobody's hand")
