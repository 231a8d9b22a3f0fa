"""Where the bars of a chart stand: numbers in, rectangles out. The template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 120
GAP = 0.2  # of a bar's width


@dataclass(frozen=True)
class Bar:
    """One bar, in the chart's own units."""

    x: float
    y: float
    width: float
    height: float
    value: int
    ago: int


@dataclass(frozen=True)
class Chart:
    """A row of bars; ``most`` is what the highest stands for."""

    bars: tuple[Bar, ...]
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def chart(values: Sequence[int]) -> Chart:
    """Draw values side by side, the latest at the right; nothing is a bar of no height."""
    most = max(values, default=0)
    step = WIDTH / max(1, len(values))
    bars = []
    for place, value in enumerate(values):
        height = round(HEIGHT * value / most, 1) if most else 0.0
        bars.append(
            Bar(
                round(place * step, 1),
                round(HEIGHT - height, 1),
                round(step * (1 - GAP), 1),
                height,
                value,
                len(values) - 1 - place,
            )
        )
    return Chart(tuple(bars), most)
