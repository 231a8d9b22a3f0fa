"""The fifteen invariants of the ledger-conformance-kit and its draft sixteenth, in our own words.

Each returns what is wrong, with a number in it, or None.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from hashlib import sha256

from tests.conformance.client import Entry, Ledger, seed, transfer

Check = Callable[[Ledger], Awaitable[str | None]]


async def balanced(ledger: Ledger) -> str | None:
    """INV-01: every transaction is balanced per currency."""
    await seed(ledger, "acct:a", 10_000)
    await transfer(ledger, "acct:a", "acct:b", 4_000, "t1")
    sums: Counter[tuple[str, str]] = Counter()
    for entry in await ledger.journal():
        sums[entry["transactionId"], entry["currency"]] += _signed(entry)
    off = {key: value for key, value in sums.items() if value}
    return f"transactions out of balance: {off}" if off or len(sums) != 2 else None


async def append_only(ledger: Ledger) -> str | None:
    """INV-02: what the journal says stays as it is, in its order."""
    await seed(ledger, "acct:a", 10_000)
    await transfer(ledger, "acct:a", "acct:b", 1_000, "t1")
    before = await ledger.journal()
    await transfer(ledger, "acct:b", "acct:a", 300, "t2")
    await transfer(ledger, "acct:a", "acct:b", 100, "t3")
    after = await ledger.journal()
    if len(after) != len(before) + 4:
        return f"{len(after) - len(before)} entries more, not 4"
    return None if _told(after)[: len(before)] == _told(before) else "earlier entries changed or moved"


async def chained(ledger: Ledger) -> str | None:
    """INV-03: the hash chain is intact."""
    await seed(ledger, "acct:a", 10_000)
    for number in range(5):
        await transfer(ledger, "acct:a", "acct:b", 100, f"t{number}")
    previous = "GENESIS"
    for entry in await ledger.journal():
        parts = (previous, *(str(entry[field]) for field in _HASHED))
        if (entry["prevHash"], entry["entryHash"]) != (previous, sha256("|".join(parts).encode()).hexdigest()):
            return f"the chain breaks at entry {entry['sequence']}"
        previous = entry["entryHash"]
    return None


async def replay_is_nothing(ledger: Ledger) -> str | None:
    """INV-04: a duplicate changes nothing and is called one."""
    await seed(ledger, "acct:a", 10_000)
    await transfer(ledger, "acct:a", "acct:b", 2_500, "dup-key")
    before = len(await ledger.journal())
    status = await transfer(ledger, "acct:a", "acct:b", 2_500, "dup-key")
    found = (status, len(await ledger.journal()) - before, await ledger.balance("acct:b"))
    return None if found == ("DUPLICATE", 0, 2_500) else f"status, entries more and balance are {found}"


async def duplicates_collapse(ledger: Ledger) -> str | None:
    """INV-05: of 64 duplicates at once, one is applied."""
    await seed(ledger, "acct:a", 100_000)
    told = await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 2_500, "race-key") for _ in range(64)))
    found = (told.count("APPLIED"), await ledger.balance("acct:b"))
    return None if found == (1, 2_500) else f"applied and balance are {found}"


async def hot_account(ledger: Ledger) -> str | None:
    """INV-06: 500 credits of one account at once lose nothing."""
    await asyncio.gather(
        *(transfer(ledger, "external:funding", "acct:hot", 100, f"hot-{n}", overdraft=True) for n in range(500))
    )
    lost = 50_000 - await ledger.balance("acct:hot")
    return f"{lost} subunits are lost" if lost else None


async def conserved(ledger: Ledger) -> str | None:
    """INV-07: 400 transfers at once between eight accounts keep the sum."""
    accounts = [f"acct:{n}" for n in range(8)]
    for account in accounts:
        await seed(ledger, account, 10_000)
    await asyncio.gather(
        *(transfer(ledger, accounts[n % 8], accounts[(n + 3) % 8], 100, f"mv-{n}", overdraft=True) for n in range(400))
    )
    drift = sum([await ledger.balance(account) for account in accounts]) - 80_000
    return f"the sum drifted by {drift}" if drift else None


async def balance_is_the_journal(ledger: Ledger) -> str | None:
    """INV-08: what is read as balance is what the journal adds up to."""
    await seed(ledger, "acct:a", 50_000)
    await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 50, f"proj-{n}", overdraft=True) for n in range(200)))
    return await _differences(ledger, ["acct:a", "acct:b"])


async def overdraft_guard(ledger: Ledger) -> str | None:
    """INV-09: of 20 withdrawals at once, the ten that are covered succeed."""
    await seed(ledger, "acct:a", 10_000)
    told = await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 1_000, f"drain-{n}") for n in range(20)))
    found = (told.count("APPLIED"), await ledger.balance("acct:a"))
    return None if found == (10, 0) else f"applied and balance are {found}"


async def no_drift(ledger: Ledger) -> str | None:
    """INV-10: a thousand movements of one subunit are exact."""
    await seed(ledger, "acct:a", 100_000)
    for begin in range(0, 1_000, 50):
        await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 1, f"penny-{n}") for n in range(begin, begin + 50)))
    found = (await ledger.balance("acct:a"), await ledger.balance("acct:b"))
    return None if found == (99_000, 1_000) else f"the balances are {found}"


async def currencies_apart(ledger: Ledger) -> str | None:
    """INV-11: one currency cannot close another."""
    await seed(ledger, "acct:a", 10_000)
    legs = [("acct:a", "DEBIT", 1_000, "USD"), ("acct:b", "CREDIT", 1_000, "EUR")]
    status = await ledger.post("fx-bad", legs, overdraft=True)
    return None if status == "REJECTED" else f"it was {status}"


async def reversal_compensates(ledger: Ledger) -> str | None:
    """INV-12: a reversal adds entries and takes none away."""
    await seed(ledger, "acct:a", 10_000)
    await transfer(ledger, "acct:a", "acct:b", 3_000, "orig")
    before = _told(await ledger.journal())
    await transfer(ledger, "acct:b", "acct:a", 3_000, "comp-of-orig")
    after = _told(await ledger.journal())
    found = (after[: len(before)] == before, len(after) - len(before), await ledger.balance("acct:b"))
    return None if found == (True, 2, 0) else f"kept, entries more and net are {found}"


async def rebuilt_from_the_journal(ledger: Ledger) -> str | None:
    """INV-13: after 300 transfers at once, six accounts rebuild from the journal."""
    accounts = [f"acct:{n}" for n in range(6)]
    for account in accounts:
        await seed(ledger, account, 20_000)
    await asyncio.gather(
        *(transfer(ledger, accounts[n % 6], accounts[(n + 2) % 6], 300, f"rb-{n}", overdraft=True) for n in range(300))
    )
    return await _differences(ledger, accounts)


async def account_order(ledger: Ledger) -> str | None:
    """INV-14: an account's entries are numbered upwards in the journal's order."""
    await seed(ledger, "acct:a", 50_000)
    await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 100, f"seq-{n}", overdraft=True) for n in range(150)))
    numbers: dict[str, list[int]] = defaultdict(list)
    for entry in await ledger.journal():
        numbers[entry["accountId"]].append(entry["accountSequence"])
    wrong = [account for account, seen in numbers.items() if seen != sorted(set(seen))]
    return f"out of order: {wrong}" if wrong else None


async def refused_is_not_applied(ledger: Ledger) -> str | None:
    """INV-15: a duplicate of a refused transaction is never called applied."""
    await seed(ledger, "acct:a", 5_000)
    told = await asyncio.gather(*(transfer(ledger, "acct:a", "acct:b", 6_000, "too-much") for _ in range(32)))
    found = (Counter(told), await ledger.balance("acct:b"))
    return None if found == (Counter(REJECTED=32), 0) else f"answers and balance are {found}"


async def refused_can_still_pay(ledger: Ledger) -> str | None:
    """Draft INV-16: a refused transaction leaves the caller a way to pay. Our recovery window is zero."""
    await seed(ledger, "acct:a", 5_000)
    first = await transfer(ledger, "acct:a", "acct:b", 6_000, "stranded")
    await seed(ledger, "acct:a", 5_000)
    found = (first, await transfer(ledger, "acct:a", "acct:b", 7_000, "stranded"), await ledger.balance("acct:b"))
    return None if found == ("REJECTED", "APPLIED", 7_000) else f"first, second and balance are {found}"


INVARIANTS: dict[str, Check] = {
    "01": balanced,
    "02": append_only,
    "03": chained,
    "04": replay_is_nothing,
    "05": duplicates_collapse,
    "06": hot_account,
    "07": conserved,
    "08": balance_is_the_journal,
    "09": overdraft_guard,
    "10": no_drift,
    "11": currencies_apart,
    "12": reversal_compensates,
    "13": rebuilt_from_the_journal,
    "14": account_order,
    "15": refused_is_not_applied,
    "16": refused_can_still_pay,
}
_HASHED = ("transactionId", "accountId", "type", "amountSubunits", "currency", "sequence")


async def _differences(ledger: Ledger, accounts: list[str]) -> str | None:
    sums: Counter[str] = Counter()
    for entry in await ledger.journal():
        sums[entry["accountId"]] += _signed(entry)
    off = {a: (await ledger.balance(a), sums[a]) for a in accounts if await ledger.balance(a) != sums[a]}
    return f"balance and journal differ: {off}" if off else None


def _signed(entry: Entry) -> int:
    return int(entry["amountSubunits"]) * (1 if entry["type"] == "CREDIT" else -1)


def _told(journal: list[Entry]) -> list[tuple[object, ...]]:
    return [
        tuple(entry[field] for field in ("transactionId", "accountId", "type", "amountSubunits")) for entry in journal
    ]
