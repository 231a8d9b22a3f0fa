"""The checks of a channel whose money is in our own ledger: there is nobody outside to ask or to hear."""

from yimen_host.testing.channels.bench import Bench, Notice
from yimen_host.testing.channels.expecting import PART, expect, refused


async def a_wallet_pays_at_once(bench: Bench) -> None:
    """Money of our own ledger needs nobody's answer."""
    order, _ = await bench.paid()

    expect(await bench.states(order), ("paid", ["settled"]), "the wallet pays at once")
    expect(await bench.money(), {"wallet:payer": 9200, "merchant:shop:payable": 800}, "from the resident's wallet")


async def nobody_speaks_for_the_ledger(bench: Bench) -> None:
    """A channel without an outside hears no notice."""
    await refused(bench, Notice({}, b"{}"), "any notice to a channel without an outside")


async def a_part_goes_back_to_the_wallet(bench: Bench) -> None:
    """A refund is posted, once."""
    order, _ = await bench.paid()

    await bench.give_back(order, PART, "k")
    await bench.give_back(order, PART, "k")

    expect(await bench.money(), {"wallet:payer": 9500, "merchant:shop:payable": 500}, "a part goes back once")
