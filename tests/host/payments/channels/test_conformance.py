"""Every channel there is keeps every promise of the conformance suite."""

from collections.abc import AsyncIterator

import pytest
from tests.host.payments.channels.outsides import sandbox, simulated

from yimen_host.core.services import Services
from yimen_host.payments.channels.wallet import Wallet
from yimen_host.testing.channels import CHECKS, INTERNAL_CHECKS, Bench, bench_of


@pytest.fixture(params=["wechat", "alipay", "sandbox"])
async def bench(request: pytest.FixtureRequest, services: Services) -> AsyncIterator[Bench]:
    """Each channel in turn, with its far side."""
    world = sandbox(services) if request.param == "sandbox" else simulated(services, request.param)
    async with world as (channel, outside), bench_of(services, channel, outside) as made:
        yield made


@pytest.mark.parametrize("check", CHECKS)
async def test_a_channel_conforms(bench: Bench, check: str) -> None:
    await CHECKS[check](bench)


@pytest.mark.parametrize("check", INTERNAL_CHECKS)
async def test_the_wallet_conforms(services: Services, check: str) -> None:
    async with sandbox(services) as (_, outside), bench_of(services, Wallet(), outside) as made:
        await INTERNAL_CHECKS[check](made)
