"""Writes the state machines down as the tables of ``docs/reference/payments.md``: the code is the only source."""

from enum import StrEnum
from typing import Any

from yimen_host.payments.attempts import ATTEMPT
from yimen_host.payments.coupons.campaigns import CAMPAIGN
from yimen_host.payments.coupons.coupon import COUPON
from yimen_host.payments.machine import Machine
from yimen_host.payments.merchants.states import MERCHANT
from yimen_host.payments.orders import ORDER
from yimen_host.payments.reconciliation.breaks import BREAK
from yimen_host.payments.refunds import REFUND
from yimen_host.payments.settlement.batches import BATCH

MACHINES: tuple[Machine[Any, Any], ...] = (
    ORDER,
    ATTEMPT,
    REFUND,
    CAMPAIGN,
    COUPON,
    BREAK,
    MERCHANT,
    BATCH,
)  # Any: each has its own states and events


def markdown(machine: Machine[Any, Any]) -> str:
    """A machine's moves as a table, one line each."""
    lines = [f"### {machine.name}", "", f"Begins as `{machine.start}`. Ends: {_ends(machine)}.", ""]
    lines += ["| from | event | to |", "|---|---|---|"]
    lines += [f"| {source} | {event} | {target} |" for (source, event), target in machine.moves.items()]
    return "\n".join(lines)


def _ends(machine: Machine[Any, Any]) -> str:
    states: type[StrEnum] = type(machine.start)
    return ", ".join(f"`{state}`" for state in states if state in machine.ends())


if __name__ == "__main__":
    print("\n\n".join(markdown(machine) for machine in MACHINES))
