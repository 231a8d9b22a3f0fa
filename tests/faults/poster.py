"""A process that posts transfers as fast as it can and says on its output which ones were acknowledged.

    python -m tests.faults.poster ADDRESS NAME

It is made to be killed at any moment. A posting that failed is posted again under its key, as a careful caller would.
"""

import asyncio
import sys
from itertools import count

from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.core.errors import HostError
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import Money

IN_FLIGHT = 32
WALLETS = 50
PAUSE_SECONDS = 0.05


async def main(address: str, name: str) -> None:
    """Post for ever."""
    writer = Writer(Database(address), SystemClock())
    await writer.start()
    numbers = count()

    async def client() -> None:
        for number in numbers:
            await _until_acknowledged(writer, f"{name}:{number}", number)
            sys.stdout.write(f"{name}:{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))


async def _until_acknowledged(writer: Writer, key: str, number: int) -> None:
    credit = "merchant:busy:payable" if number % 2 else f"merchant:m{number % 7}:payable"
    draft = transfer(key, "faults", debit=f"wallet:w{number % WALLETS}", credit=credit, amount=Money(1))
    while True:
        try:
            assert isinstance(await writer.post(draft), Posted)
        except HostError:
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
