"""What the register of merchants refuses."""

from yimen_host.core.errors import NotFound, Refused


class NoSuchMerchant(NotFound):
    """No merchant was written down for the mini-app."""

    code = "no_such_merchant"

    def __init__(self, app_id: str) -> None:
        super().__init__(f"{app_id} has no merchant")


class NotForYouToReview(Refused):
    """It does not wait for a review, or the reviewer is of the publisher."""

    code = "not_for_you_to_review"

    def __init__(self, app_id: str) -> None:
        super().__init__(f"the merchant of {app_id} does not wait for your review", app_id=app_id)


class ChangedMeanwhile(Refused):
    """The details are not those that the reviewer saw: they were changed after the page was opened."""

    code = "changed_meanwhile"

    def __init__(self, app_id: str) -> None:
        super().__init__(f"the merchant of {app_id} was changed meanwhile: look at it again", app_id=app_id)
