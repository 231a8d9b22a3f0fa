"""What mandates refuse, each with the plain words a resident reads (messages of the catalogue)."""

from yimen_host.core.errors import NotFound, Refused


class NoSuchMandate(NotFound):
    """There is no such mandate, or it is not this person's."""

    code = "no_such_mandate"

    def __init__(self) -> None:
        super().__init__("没有这份代办授权")


class MandateStands(Refused):
    """There is one between these two people for this mini-app already."""

    code = "mandate_stands"


class TooManyMandates(Refused):
    """One of the two has as many as one person may have."""

    code = "too_many_mandates"


class MandateOver(Refused):
    """It was ended, or its time is over, or it was answered before."""

    code = "mandate_over"


class CapReached(Refused):
    """A payment is above the cap of one payment, or above what is left of the month's."""

    code = "mandate_cap"
