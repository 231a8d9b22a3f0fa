"""What the register of merchants refuses."""

from yimen_host.core.errors import NotFound, Refused


class NoSuchMerchant(NotFound):
    """No such merchant was written down."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(f"there is no merchant {merchant_id}")


class NotForYouToReview(Refused):
    """It does not wait for a review, or the reviewer is of the publisher."""

    code = "not_for_you_to_review"

    def __init__(self, merchant_id: str) -> None:
        super().__init__(f"the merchant {merchant_id} does not wait for your review", merchant_id=merchant_id)


class MerchantTaken(Refused):
    """The code belongs to a merchant with other details, which are changed by a person."""

    code = "merchant_taken"

    def __init__(self, merchant_id: str) -> None:
        super().__init__(f"the merchant {merchant_id} has other details: change them in the console")


class TooManyWait(Refused):
    """So many merchants of one mini-app wait for a review that nobody could look at more."""

    code = "too_many_wait"

    def __init__(self, app_id: str, most: int) -> None:
        super().__init__(f"{app_id} has {most} merchants that wait for a review: come back after it")


class ChangedMeanwhile(Refused):
    """The details are not those that the reviewer saw: they were changed after the page was opened."""

    code = "changed_meanwhile"

    def __init__(self, merchant_id: str) -> None:
        super().__init__(f"the merchant {merchant_id} was changed meanwhile: look at it again", merchant_id=merchant_id)
