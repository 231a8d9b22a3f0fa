"""The schedule of deliveries: longer each time, then an end."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.webhooks.schedule import LONGEST_QUIET, STEPS, next_try, quiet_after

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def test_tries_end_after_three_and_a_half_days() -> None:
    waits = [next_try(failed, now=NOW, chance=0) for failed in range(1, len(STEPS) + 2)]

    assert [None if at is None else int((at - NOW).total_seconds()) for at in waits] == [
        10, 60, 300, 1800, 7200, 28800, 86400, 172800, None,
    ]  # fmt: skip


@given(failed=st.integers(1, len(STEPS)), chance=st.floats(0, 1))
def test_jitter_only_ever_waits_longer_by_a_fifth(failed: int, chance: float) -> None:
    at = next_try(failed, now=NOW, chance=chance)

    assert at is not None
    assert STEPS[failed - 1] <= at - NOW <= STEPS[failed - 1] * 1.2


@given(failures=st.integers(1, 10_000))
def test_an_endpoint_rests_longer_each_time_and_never_for_ever(failures: int) -> None:
    assert dt.timedelta() < quiet_after(failures) <= quiet_after(failures + 1) <= LONGEST_QUIET
