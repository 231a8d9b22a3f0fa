"""Limits from the operator's file, the bucket they are counted with, and what who is over them gets to see."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.host.village import Village, village

from yimen_host.core.services import Services
from yimen_host.portal.frame import error_pages
from yimen_host.runtime import quotawatch, roles
from yimen_host.runtime.bucket import Bucket, Rate
from yimen_host.runtime.gateway.ports import Reason
from yimen_host.runtime.health.looking import examine
from yimen_host.runtime.health.machine import QuotasFaulty
from yimen_host.runtime.health.processes import AppOverQuota
from yimen_host.runtime.metrics.neighbours import told
from yimen_host.runtime.quotas import Quota, Quotas, QuotasUnreadable
from yimen_host.runtime.sandbox.confinement import MIB, Limits
from yimen_host.runtime.supervision import SupervisorUnavailable
from yimen_sdk.pages import Pages


def taken(bucket: Bucket, now: float) -> int:
    """How many can be taken at once."""
    count = 0
    while bucket.take(now):
        count += 1
    return count


def test_a_bucket_fills_again_and_never_beyond_its_brim() -> None:
    bucket = Bucket(Rate(10, 20), 0.0)

    assert [taken(bucket, moment) for moment in (0.0, 0.0, 0.5, 1.0, 100.0)] == [20, 0, 5, 5, 20]


def test_what_was_used_already_is_paid_back_before_more_is_given() -> None:
    bucket = Bucket(Rate(10, 20), 0.0)

    bucket.spend(0.0, 40)

    assert [taken(bucket, moment) for moment in (0.0, 2.0, 3.0)] == [0, 0, 10]


def test_a_table_of_its_own_stands_on_the_default(tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text("[default]\nrequests = 20\nmemory_mib = 128\n[tax]\nrequests = 5000\nfiles = 9\n")

    quotas = Quotas.read(file)

    assert quotas.of("tea") == Quota(requests=20, memory_mib=128)
    assert quotas.of("tax") == Quota(requests=5000, memory_mib=128, files=9)
    assert quotas.of("tax").limits() == Limits(memory=128 * MIB, files=9)
    assert Quotas.read(None).of("tea").limits() == Limits()


@pytest.mark.parametrize(
    "text", ["[tax]\nrequest = 5", "[tax]\nrequests = 0", "tax = 5", "[tax", "[default]\nfiles = 'many'"]
)
def test_a_faulty_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text(text)

    with pytest.raises(QuotasUnreadable, match=r"quotas\.toml: "):
        Quotas.read(file)


def test_host_processes_share_a_machines_rate() -> None:
    now = [0.0]
    quotas = Quotas(Quota(requests=100), {}, processes=4, clock=lambda: now[0])

    def passed() -> int:
        return sum(quotas.requests.admit("tea") for _ in range(1000))

    told = [passed()]
    now[0] = 1.0
    told.append(passed())

    assert told == [50, 25]
    assert quotas.requests.refused == {"tea": 950 + 975}


def test_a_rate_that_changes_gives_nothing_back() -> None:
    now = [0.0]
    quotas = Quotas(Quota(requests=10), {}, clock=lambda: now[0])

    def passed() -> int:
        return sum(quotas.requests.admit("tea") for _ in range(100))

    told = [passed()]
    quotas.take_over(Quotas(Quota(requests=30), {"tax": Quota(requests=7)}))
    told.append(passed())
    now[0] = 1.0
    told.append(passed())
    now[0] = 9.0
    told.append(passed())

    assert (told, quotas.of("tax").requests) == ([20, 0, 30, 60], 7)


async def test_a_changed_file_holds_without_a_restart(here: Village, tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text("")
    watch = quotawatch.QuotaWatch(file, here.node.quotas, here.node.directory.limit, kept=tmp_path / "kept")

    file.write_text("[tea]\nrequests = 5\nnotices = 2\nconnections = 3\nprocesses = 9\n")
    await watch.look(file)
    while_it_may_be_half_there = here.node.quotas.of("tea")
    await watch.look(file)

    assert while_it_may_be_half_there == Quota()
    assert here.node.quotas.of("tea") == Quota(requests=5, notices=2, connections=3, processes=9)
    assert [spec.limits.processes for spec in here.supervision.armed] == [64, 9]
    assert await most_connections(here, "tea") == 3


async def test_a_file_that_is_broken_changes_nothing_and_says_so(here: Village, tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text("[tea]\nrequests = 5\n")
    watch, quotas = (
        quotawatch.QuotaWatch(file, here.node.quotas, here.node.directory.limit, kept=tmp_path / "kept"),
        here.node.quotas,
    )
    quotas.take_over(Quotas.read(file))

    file.write_text("[tea]\nrequests = 'as many as it likes'\n")
    await watch.look(file)
    await watch.look(file)
    broken = (quotas.of("tea").requests, quotas.fault.startswith(f"{file}: "))
    [process] = (await told(here.node.directory.run_dir)).counts
    file.write_text("[tea]\nrequests = 6\n")
    await watch.look(file)
    await watch.look(file)

    assert (broken, process.has_unread_quotas) == ((5, True), True)
    assert (quotas.of("tea").requests, quotas.fault) == (6, "")


def test_a_host_that_begins_with_a_broken_file_goes_on_with_the_last(tmp_path: Path) -> None:
    file, kept = tmp_path / "quotas.toml", tmp_path / "kept"
    file.write_text("[tea]\nrequests = 5\n")
    whole = quotawatch.begin(file, kept)
    file.write_text("[tea")

    broken = quotawatch.begin(file, kept)

    assert (whole.of("tea").requests, whole.fault) == (5, "")
    assert (broken.of("tea").requests, broken.fault.startswith(f"{file}: ")) == (5, True)
    quotawatch.begin(None, kept)
    with pytest.raises(QuotasUnreadable):
        quotawatch.begin(file, kept)


async def test_limits_that_could_not_be_told_are_told_again(here: Village, tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text("")
    asked = []

    async def away_at_first() -> None:
        asked.append(1)
        if len(asked) == 1:
            raise SupervisorUnavailable("it is away")

    watch = quotawatch.QuotaWatch(file, here.node.quotas, away_at_first, kept=tmp_path / "kept")
    file.write_text("[tea]\nrequests = 5\n")
    for _ in range(5):
        await watch.look(file)

    assert len(asked) == 2


async def most_connections(here: Village, app_id: str) -> int:
    """What the database says a mini-app's role may have."""
    async with here.services.database.transaction() as session:
        asked = text("SELECT rolconnlimit FROM pg_roles WHERE rolname = :role")
        role = roles.name(here.services.database.url, app_id)
        return int((await session.execute(asked, {"role": role})).scalar_one())


async def test_a_mini_app_that_calls_too_often_is_told_to_wait(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text("[tea]\ncalls = 1\nfiles = 77\n")

    async with village(services, tmp_path, quotas=file, processes=64) as there:  # a share of one a minute
        transport = httpx.AsyncHTTPTransport(uds=str(there.platform_socket()))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            answers = [await client.get("/v1/notices") for _ in range(2)]
        armed = [spec.limits.files for spec in there.supervision.armed]

    assert [answer.status_code for answer in answers] == [405, 429]
    assert answers[1].headers["retry-after"] == "1"
    assert answers[1].json() == {
        "type": "about:blank", "title": "too_many", "status": 429, "code": "too_many",
        "detail": "tea calls the platform too often: wait a second",
    }  # fmt: skip
    assert armed == [77]


async def test_the_page_about_the_host_tells_who_was_over_and_what_is_wrong(here: Village, tmp_path: Path) -> None:
    services, node = here.services, here.node
    node.quotas.requests.refused["tea"] = 3
    node.inbox.refused["tea"] = 1
    file = tmp_path / "quotas.toml"
    file.write_text("[tea")
    faulty = services.settings.model_copy(update={"quotas": file})

    found = await examine(replace(services, settings=faulty), here.supervision, node.extensions)

    [fault] = [finding for finding in found.findings if isinstance(finding, QuotasFaulty)]
    assert AppOverQuota("tea", "notices 1, requests 3") in found.findings
    assert fault.reason.startswith(f"{file}: ")


def test_the_page_for_too_many_says_so_in_both_languages() -> None:
    page = bytes(error_pages(Pages("yimen_host"), "http://localhost")(429, Reason.TOO_MANY).body).decode()

    assert "访问太频繁，请过一两秒再试。" in page
    assert "Too many requests; please try again in a second or two." in page
