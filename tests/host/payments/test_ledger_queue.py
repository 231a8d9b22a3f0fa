"""How the ledger's queue makes batches: no account in two, nobody overtaken, small queues undivided."""

import asyncio

import pytest

from yimen_host.core.errors import TryLater
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.ledger.queue import LEAST_BESIDE, LEAST_SHARE, MAX_BATCH, MAX_QUEUE, Queue, Waiting
from yimen_host.payments.ledger.rule import Outcome
from yimen_sdk.money import Money


def waiting(number: int, debit: str, credit: str) -> Waiting:
    draft = transfer(f"k{number}", "test", debit=debit, credit=credit, amount=Money(1))
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    return Waiting(draft, "", None, (debit, credit), answer)


def keys(batch: list[Waiting]) -> list[str]:
    return [one.draft.key for one in batch]


def fill(queue: Queue, first: int, count: int, *, credit: str | None = None) -> list[str]:
    """Queue requests of accounts of their own, or with one account in common."""
    for number in range(first, first + count):
        queue.put(waiting(number, f"wallet:d{number}", credit or f"wallet:c{number}"))
    return [f"k{number}" for number in range(first, first + count)]


async def test_two_takers_share_what_touches_nothing_in_common() -> None:
    queue = Queue(2)
    sent = fill(queue, 0, 4 * LEAST_SHARE)

    first, second = await queue.take(), await queue.take()

    assert (keys(first), keys(second)) == (sent[: 2 * LEAST_SHARE], sent[2 * LEAST_SHARE :])


async def test_a_small_queue_is_not_divided() -> None:
    queue = Queue(2)
    sent = fill(queue, 0, LEAST_SHARE)

    assert keys(await queue.take()) == sent


async def test_a_busy_account_fills_one_batch_and_is_in_no_second() -> None:
    queue = Queue(2)
    sent = fill(queue, 0, 4 * LEAST_SHARE, credit="merchant:busy:payable")
    first = await queue.take()
    more = fill(queue, 1000, LEAST_SHARE, credit="merchant:busy:payable")
    second = asyncio.create_task(queue.take())
    await asyncio.sleep(0.01)

    waited = not second.done()
    queue.done(first)

    assert (keys(first), waited, keys(await second)) == (sent, True, more)


async def test_nobody_overtakes_a_waiting_request_at_its_accounts() -> None:
    queue = Queue(2)
    queue.put(waiting(0, "wallet:a", "wallet:b"))
    first = await queue.take()
    queue.put(waiting(1, "wallet:b", "wallet:c"))
    queue.put(waiting(2, "wallet:c", "wallet:d"))
    free = fill(queue, 10, LEAST_BESIDE)

    beside = await queue.take()
    queue.done(beside)
    queue.done(first)

    assert keys(beside) == free
    assert keys(await queue.take()) == ["k1", "k2"]


async def test_few_requests_wait_for_the_batch_under_way() -> None:
    queue = Queue(2)
    fill(queue, 0, 1)
    first = await queue.take()
    sent = fill(queue, 1, LEAST_BESIDE - 1)
    second = asyncio.create_task(queue.take())
    await asyncio.sleep(0.01)

    waited = not second.done()
    queue.done(first)

    assert (waited, keys(await second)) == (True, sent)


async def test_a_batch_and_the_queue_have_their_limits() -> None:
    queue = Queue(1)
    fill(queue, 0, MAX_QUEUE)

    with pytest.raises(TryLater):
        fill(queue, MAX_QUEUE, 1)
    assert len(await queue.take()) == MAX_BATCH


async def test_join_waits_for_what_is_queued_and_under_way() -> None:
    queue = Queue(1)
    fill(queue, 0, 1)
    joined = asyncio.create_task(queue.join())
    batch = await queue.take()
    await asyncio.sleep(0.01)

    before = joined.done()
    queue.done(batch)
    await joined

    assert not before
