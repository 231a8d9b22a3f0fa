"""Differences that nobody explains are told to an admin, once for each bill, and only when they are old."""

import datetime as dt

from tests.host.payments.reconciliation.conftest import BANK, FRIDAY, Scene
from tests.host.raised import raised

from yimen_host.payments.reconciliation.ageing import alert_missing, alert_old
from yimen_host.payments.reconciliation.breaks import OLD


async def missing(scene: Scene, *amounts: str) -> None:
    """Payments that the bank's bill leaves out."""
    for amount in amounts:
        scene.bank.instead[(await scene.pay(amount)).id] = []


async def test_a_bill_with_old_differences_is_told_once(scene: Scene) -> None:
    await missing(scene, "1.00", "2.00")
    scene.clock.advance(days=1)
    await missing(scene, "3.00")
    scene.clock.advance(days=1)
    for day in (FRIDAY, FRIDAY + dt.timedelta(days=1)):
        await scene.payments.reconciling.run(BANK, day)

    told = []
    for _ in range(4):
        told.append(await alert_old(scene.payments.reconciling))
        scene.clock.advance(days=1)

    assert told == [0, 0, 1, 1]
    assert await raised(scene.payments.services.database) == [
        ("breaks_old", f"{BANK}:2026-11-20"), ("breaks_old", f"{BANK}:2026-11-21"),
    ]  # fmt: skip


async def test_an_explained_difference_is_told_to_nobody(scene: Scene) -> None:
    await missing(scene, "1.00")
    scene.clock.advance(days=1)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    scene.bank.instead = {}
    await scene.payments.reconciling.run(BANK, FRIDAY)
    scene.clock.advance(days=OLD.days + 1)

    assert await alert_old(scene.payments.reconciling) == 0
    assert await raised(scene.payments.services.database) == []


async def test_a_bill_that_has_not_come_is_told_once_it_is_late(scene: Scene) -> None:
    scene.bank.silent = True
    await scene.pay("1.00")
    scene.clock.advance(days=1)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    early = await alert_missing(scene.payments.reconciling)
    scene.clock.advance(days=1)
    told = [await alert_missing(scene.payments.reconciling) for _ in range(2)]
    for quiet_or_come in (1, 2):
        if quiet_or_come == 2:
            await scene.pay("1.00")
        scene.clock.advance(days=1)
        await scene.payments.reconciling.run(BANK, FRIDAY + dt.timedelta(days=quiet_or_come))
    scene.bank.silent = False
    await scene.payments.reconciling.run(BANK, FRIDAY + dt.timedelta(days=2))
    scene.clock.advance(days=1)

    assert (early, told, await alert_missing(scene.payments.reconciling)) == (0, [1, 0], 0)
    assert await raised(scene.payments.services.database) == [("bill_missing", f"{BANK}:2026-11-20")]
