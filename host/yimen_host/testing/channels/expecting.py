"""How a check says what it expects, and the stories that several checks begin or end with."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from yimen_host.payments.errors import NoticeRefused
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.testing.channels.bench import PRICE, Bench, Notice
from yimen_sdk.money import yuan

Check = Callable[[Bench], Awaitable[None]]
PART = yuan("3.00")


class NotConform(AssertionError):
    """The channel breaks a promise; the message says which."""


def expect(found: object, wanted: object, promise: str) -> None:
    """Compare whole values. Raises NotConform."""
    if found != wanted:
        raise NotConform(f"{promise}: expected {wanted!r}, found {found!r}")


async def begun(bench: Bench) -> tuple[OrderRow, AttemptRow]:
    order = await bench.order()
    return order, await bench.begin(order)


async def settled_once(bench: Bench, order: OrderRow) -> None:
    clearing = f"channel:{bench.channel.id}:clearing"
    expect(await bench.states(order), ("paid", ["settled"]), "the order is paid")
    wanted = {"wallet:payer": 10000, clearing: -PRICE.fen, "merchant:shop:payable": PRICE.fen}
    expect(await bench.money(), wanted, "it is paid once")


async def refused(bench: Bench, notice: Notice, what: str) -> None:
    with suppress(NoticeRefused):
        await bench.hear(notice)
        raise NotConform(f"{what} is refused: it was heard")
