"""How many wrong codes one address may try: enough for slips of the finger, too few for guessing.

Each host process counts by itself.
"""

import datetime as dt
from collections import OrderedDict

MOST_WRONG = 10
SPAN = dt.timedelta(minutes=10)
MOST_KEPT = 10_000  # addresses; past that the one that was wrong longest ago is forgotten


class Patience:
    """Counts wrong tries by address, each span anew."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[dt.datetime, int]] = OrderedDict()

    def has(self, address: str, now: dt.datetime) -> bool:
        """Whether this address may try."""
        since, wrong = self._wrong.get(address, (now, 0))
        return wrong < MOST_WRONG or now - since >= SPAN

    def lose(self, address: str, now: dt.datetime) -> None:
        """Count a wrong try."""
        since, wrong = self._wrong.pop(address, (now, 0))
        self._wrong[address] = (now, 1) if now - since >= SPAN else (since, wrong + 1)
        if len(self._wrong) > MOST_KEPT:
            self._wrong.popitem(last=False)
