"""A host on the database of a province in its fifth year, with and without statistics, as just after a restore."""

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.host.volume.province import found

from tests.conftest import new_database
from yimen_host.core.clock import ManualClock

PAYMENTS = 20_000


@pytest.fixture(scope="session", params=[True, False], ids=["analysed", "restored"])
def province(owner: str, migrated: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a province's database, from which each test's own is copied."""
    for url in new_database(owner, template=migrated):
        end = ManualClock().now() - dt.timedelta(days=2)
        found(url.replace("+psycopg", ""), payments=PAYMENTS, end=end, with_statistics=request.param)
        yield url.split("@/")[1].split("?")[0]


@pytest.fixture
def migrated_url(owner: str, province: str) -> Iterator[str]:
    """The address of a province's database that this test alone uses."""
    yield from new_database(owner, template=province)
