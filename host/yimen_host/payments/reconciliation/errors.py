"""What reconciliation refuses."""

from yimen_host.core.errors import NotFound, Refused


class NoSuchBreak(NotFound):
    """There is no such break."""

    code = "no_such_break"

    def __init__(self, break_id: str) -> None:
        super().__init__(f"there is no break {break_id}")


class BreakMoved(Refused):
    """The break has ended, or what was asked does not fit it."""

    code = "break_moved"

    def __init__(self, break_id: str) -> None:
        super().__init__(f"the break {break_id} cannot be ended so, or has ended", break_id=break_id)


class SecondPersonNeeded(Refused):
    """Whoever proposed to write a break off cannot also agree to it."""

    code = "second_person_needed"

    def __init__(self, break_id: str) -> None:
        super().__init__(f"another person must agree to write off {break_id}", break_id=break_id)


class NoBill(Refused):
    """The channel has no bill of that day, or the day is not over."""

    code = "no_bill"

    def __init__(self, source: str, day: str) -> None:
        super().__init__(f"{source} has no bill of {day}", source=source)
