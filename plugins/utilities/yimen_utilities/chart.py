"""The last twelve bills as a small bar chart: numbers in, shapes out; the template draws them."""

from dataclasses import dataclass

WIDTH, HEIGHT, TOP, FOOT = 360, 150, 18, 22


@dataclass(frozen=True)
class Bar:
    """One month: where its bar stands, in the units of the chart's view box."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    last: bool


def bars(months: list[tuple[str, int]]) -> list[Bar]:
    """Place one bar for each month, the oldest first; the highest fills the chart."""
    if not months:
        return []
    slot = WIDTH / len(months)
    highest = max(value for _, value in months) or 1
    room = HEIGHT - TOP - FOOT
    return [
        Bar(
            label=str(int(period[5:])),
            value=value,
            x=round(index * slot + slot * 0.18, 1),
            y=round(TOP + room * (1 - value / highest), 1),
            width=round(slot * 0.64, 1),
            height=round(room * value / highest, 1),
            last=index == len(months) - 1,
        )
        for index, (period, value) in enumerate(months)
    ]
