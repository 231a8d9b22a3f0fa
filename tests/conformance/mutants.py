"""Ledgers with one defect each, that one invariant must find: our ledger, spoilt on the way to the checks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

from tests.conformance.client import Entry, Ledger, Leg


class Mutant:
    """A sound ledger, until a subclass spoils it."""

    def __init__(self, sound: Ledger) -> None:
        self.sound = sound

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        return await self.sound.post(key, legs, overdraft=overdraft)

    async def balance(self, account: str) -> int:
        return await self.sound.balance(account)

    async def journal(self) -> list[Entry]:
        return await self.sound.journal()


class OneLegOff(Mutant):
    """The last leg is written a subunit too large."""

    async def journal(self) -> list[Entry]:
        *rest, last = await self.sound.journal()
        return [*rest, last | {"amountSubunits": last["amountSubunits"] + 1}]


class SortedByAccount(Mutant):
    """The journal is shown by account instead of by commit."""

    async def journal(self) -> list[Entry]:
        return sorted(await self.sound.journal(), key=lambda entry: str(entry["accountId"]))


class Edited(Mutant):
    """An entry was edited, and nothing after it."""

    async def journal(self) -> list[Entry]:
        entries = await self.sound.journal()
        return [entry | ({"amountSubunits": 1} if entry["sequence"] == 3 else {}) for entry in entries]


class NoIdempotency(Mutant):
    """Keys are ignored."""

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        return await self.sound.post(str(uuid4()), legs, overdraft=overdraft)


class CheckThenAct(Mutant):
    """A key is looked up, and written down later."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._seen: set[str] = set()

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        if key in self._seen:
            return "DUPLICATE"
        await asyncio.sleep(0)
        self._seen.add(key)
        return await self.sound.post(str(uuid4()), legs, overdraft=overdraft)


class Unlocked(Mutant):
    """A balance is read, and written after a pause."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._kept: Counter[str] = Counter()

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        for account, kind, amount, _ in legs:
            read = self._kept[account]
            await asyncio.sleep(0)
            self._kept[account] = read + (amount if kind == "CREDIT" else -amount)
        return await self.sound.post(key, legs, overdraft=overdraft)

    async def balance(self, account: str) -> int:
        return self._kept[account]


class Leaking(Mutant):
    """Every fiftieth transfer pays its receiver a subunit more, from outside."""

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        if key.startswith("mv-") and int(key[3:]) % 50 == 0:
            (debit, _, amount, currency), (credit, *_) = legs
            legs = [
                (debit, "DEBIT", amount, currency),
                ("external:leak", "DEBIT", 1, currency),
                (credit, "CREDIT", amount + 1, currency),
            ]
        return await self.sound.post(key, legs, overdraft=overdraft)


class CreditsCachedOnly(Mutant):
    """The balance shown is a cache that forgets debits."""

    async def balance(self, account: str) -> int:
        entries = await self.sound.journal()
        return sum(e["amountSubunits"] for e in entries if (e["accountId"], e["type"]) == (account, "CREDIT"))


class GuardBeforeTheLock(Mutant):
    """The balance is checked, and the money taken later whatever it is then."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._taken = 0
        self._checked = asyncio.Barrier(20)  # the drain's twenty all look before one takes

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        if not key.startswith("drain-"):
            return await self.sound.post(key, legs, overdraft=overdraft)
        (account, _, amount, currency), credit = legs
        if await self.balance(account) < amount:
            return "REJECTED"
        await self._checked.wait()
        self._taken += amount
        return await self.sound.post(key, [("external:drain", "DEBIT", amount, currency), credit], overdraft=True)

    async def balance(self, account: str) -> int:
        return await self.sound.balance(account) - (self._taken if account == "acct:a" else 0)


class FloatingPoint(Mutant):
    """Balances go through a float of four digits after the point, and lose what is after it."""

    async def balance(self, account: str) -> int:
        return int((await self.sound.balance(account)) / 100 * 0.99999999 * 100)


class CurrencyIgnored(Mutant):
    """Every leg is taken to be in USD."""

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        return await self.sound.post(key, [(a, k, amount, "USD") for a, k, amount, _ in legs], overdraft=overdraft)


class ReversalDeletes(Mutant):
    """A compensation takes the original away instead of adding to it."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._reversed = False

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        self._reversed |= key.startswith("comp-")
        return await self.sound.post(key, legs, overdraft=overdraft)

    async def journal(self) -> list[Entry]:
        entries = await self.sound.journal()
        return entries[:-4] if self._reversed else entries


class HolesInTheLog(Mutant):
    """Every hundredth entry never reached the log."""

    async def journal(self) -> list[Entry]:
        return [entry for entry in await self.sound.journal() if entry["sequence"] % 100]


class NumbersRepeat(Mutant):
    """Two entries of an account can have the same number."""

    async def journal(self) -> list[Entry]:
        return [e | {"accountSequence": e["accountSequence"] // 2} for e in await self.sound.journal()]


class WithdrawnClaim(Mutant):
    """A key is claimed before the outcome is known, and whoever sees the claim is told DUPLICATE."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._claimed: set[str] = set()

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        if key in self._claimed:
            return "DUPLICATE"
        self._claimed.add(key)
        status = await self.sound.post(key, legs, overdraft=overdraft)
        if status == "REJECTED":
            self._claimed.remove(key)
        return status


class BurnedKey(Mutant):
    """A refused key is refused for ever."""

    def __init__(self, sound: Ledger) -> None:
        super().__init__(sound)
        self._burned: set[str] = set()

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        status = "REJECTED" if key in self._burned else await self.sound.post(key, legs, overdraft=overdraft)
        if status == "REJECTED":
            self._burned.add(key)
        return status


MUTANTS: dict[str, type[Mutant]] = {
    "01": OneLegOff,
    "02": SortedByAccount,
    "03": Edited,
    "04": NoIdempotency,
    "05": CheckThenAct,
    "06": Unlocked,
    "07": Leaking,
    "08": CreditsCachedOnly,
    "09": GuardBeforeTheLock,
    "10": FloatingPoint,
    "11": CurrencyIgnored,
    "12": ReversalDeletes,
    "13": HolesInTheLog,
    "14": NumbersRepeat,
    "15": WithdrawnClaim,
    "16": BurnedKey,
}
