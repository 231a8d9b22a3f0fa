"""The bank that pays merchants, beyond the same bad network: once for each number, however often it hears of it."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.simulation.distance import far_away, luck
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_host.payments.settlement.payouts import NotPaidOut, PaidOut, PayingOut, Payout, PayoutFact


@dataclass
class Payer:
    """The bank. What it refused it refused for good: only another number is paid."""

    id: str
    chance: random.Random
    travel: Callable[[], Awaitable[None]]
    faulty: bool = True
    payouts: dict[str, int] = field(default_factory=dict)
    """What it was asked to pay, in fen, by number."""
    facts: dict[str, PayoutFact] = field(default_factory=dict)
    _late: list[Payout] = field(default_factory=list)

    @far_away
    async def send(self, payout: Payout) -> PayoutFact:
        """Pay, or be too far away to hear of it, or hear of it later."""
        match luck(self):
            case "lost":
                raise ChannelSilent("lost on the way")
            case "late":
                self._late.append(payout)
                raise ChannelSilent("still on the way")
            case how:
                fact = self._hear(payout)
        if how == "unanswered":
            raise ChannelSilent("the answer was lost")
        return fact

    @far_away
    async def query(self, payout_id: str) -> PayoutFact:
        """Tell what became of a payout; one that was under way is done by now."""
        if luck(self) != "well":
            raise ChannelSilent("no answer")
        if self.facts.get(payout_id) == PayingOut():
            self.facts[payout_id] = PaidOut()
        return self.facts.get(payout_id, NotPaidOut("unknown"))

    def arrive_late(self) -> None:
        """What was still on the way arrives."""
        for payout in self._late:
            self._hear(payout)
        self._late.clear()

    def paid(self) -> dict[str, int]:
        """What has left, in fen, by number."""
        return {number: fen for number, fen in self.payouts.items() if not self._refused(number)}

    def refused(self) -> list[str]:
        """The numbers that it will not pay."""
        return [number for number in self.payouts if self._refused(number)]

    def _refused(self, number: str) -> bool:
        return isinstance(self.facts[number], NotPaidOut)

    def _hear(self, payout: Payout) -> PayoutFact:
        if payout.id not in self.facts:
            self.payouts[payout.id] = payout.amount.fen
            drawn = self.chance.random() if self.faulty else 1.0
            self.facts[payout.id] = (
                NotPaidOut("no_such_account") if drawn < 0.2 else PayingOut() if drawn < 0.4 else PaidOut()
            )
        return self.facts[payout.id]
