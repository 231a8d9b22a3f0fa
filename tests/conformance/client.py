"""A ledger as the conformance checks see it, over HTTP."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import uuid4

import httpx

Entry = dict[str, Any]  # Any: JSON
Leg = tuple[str, str, int, str]
"""Account, DEBIT or CREDIT, subunits, currency."""


class Ledger(Protocol):
    """What the checks need."""

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str: ...

    async def balance(self, account: str) -> int: ...

    async def journal(self) -> list[Entry]: ...


class HttpLedger:
    """A ledger behind the kit's four endpoints."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def reset(self) -> None:
        """Begin anew."""
        (await self._http.post("/_lck/reset", json={})).raise_for_status()

    async def post(self, key: str, legs: Sequence[Leg], *, overdraft: bool = False) -> str:
        """Post a transaction; tell its status."""
        asked = {
            "idempotencyKey": key,
            "transactionId": str(uuid4()),
            "allowOverdraft": overdraft,
            "legs": [
                {"accountId": account, "type": kind, "amountSubunits": amount, "currency": currency}
                for account, kind, amount, currency in legs
            ],
        }
        answer = await self._http.post("/_lck/post", json=asked)
        return str(answer.raise_for_status().json()["status"])

    async def balance(self, account: str) -> int:
        """A balance in USD."""
        answer = await self._http.get("/_lck/balance", params={"account": account, "currency": "USD"})
        return int(answer.raise_for_status().json()["subunits"])

    async def journal(self) -> list[Entry]:
        """All entries in commit order."""
        found: list[Entry] = (await self._http.get("/_lck/journal")).raise_for_status().json()
        return found


async def transfer(ledger: Ledger, debit: str, credit: str, amount: int, key: str, *, overdraft: bool = False) -> str:
    """Move money between two accounts; tell the status."""
    legs = [(debit, "DEBIT", amount, "USD"), (credit, "CREDIT", amount, "USD")]
    return await ledger.post(key, legs, overdraft=overdraft)


async def seed(ledger: Ledger, account: str, amount: int) -> None:
    """Bring money in from outside."""
    await transfer(ledger, "external:funding", account, amount, f"seed:{account}:{uuid4()}", overdraft=True)
