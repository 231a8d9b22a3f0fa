"""The conformance suite for payment channels: named checks that a channel passes together with the host's own core.

@pytest.mark.parametrize("check", CHECKS)
async def test_my_channel_conforms(bench: Bench, check: str) -> None:
    await CHECKS[check](bench)
"""

from yimen_host.testing.channels.bench import Bench, Notice, Outside, bench_of
from yimen_host.testing.channels.checks import CHECKS, INTERNAL_CHECKS
from yimen_host.testing.channels.expecting import NotConform

__all__ = ["CHECKS", "INTERNAL_CHECKS", "Bench", "NotConform", "Notice", "Outside", "bench_of"]
