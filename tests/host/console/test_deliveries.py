"""A publisher's programs send dead letters again, once for each key, and reach nobody else's."""

import base64
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text
from tests.host.village import Village

from yimen_host.core.outbox import Happening, publish
from yimen_host.payments.events import PAYMENT_SETTLED, TOLD
from yimen_host.payments.webhooks.telling import tell

API = "/v1/apps/tea/webhooks"


@dataclass
class Programs:
    """The tea house's endpoint with three dead letters, and the token of its publisher."""

    here: Village
    token: str
    endpoint: str
    client: httpx.AsyncClient

    async def get(self, path: str, token: str | None = None) -> httpx.Response:
        """Ask with a token, by default the publisher's."""
        return await self.client.get(f"{API}{path}", headers=bearer(token or self.token))

    async def post(self, path: str, *, key: str = "k", token: str | None = None) -> httpx.Response:
        """Do with a token and a key."""
        headers = {**bearer(token or self.token), "Idempotency-Key": key}
        return await self.client.post(f"{API}/{self.endpoint}{path}", headers=headers)

    async def dead(self, query: str = "") -> list[tuple[int, str]]:
        """Id and object of each dead letter."""
        answer = await self.get(f"/{self.endpoint}/dead-letters{query}")
        return [(letter["id"], letter["subject"]) for letter in answer.json()["dead_letters"]]

    async def queued(self) -> int:
        """How many deliveries were handed to the worker."""
        async with self.here.services.database.transaction() as session:
            return int(
                await session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'yimen.webhook'"))
                or 0
            )


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


async def publisher(here: Village, app_id: str, phone: str, who: int) -> str:
    """A publisher with a mini-app; the token of its programs."""
    owner, registry = await here.settle(phone, person=who), here.node.registry
    founded = await registry.create_publisher(name=f"{app_id}-co", title=app_id, owner=owner)
    await registry.reserve(app_id=app_id, distribution=f"yimen-{app_id}", publisher_id=founded.id, by=owner)
    return (await registry.issue_token(founded.id, by=owner, name="programs")).secret


@pytest.fixture
async def programs(here: Village) -> Programs:
    """Three events that the tea house's endpoint did not take."""
    token = await publisher(here, "tea", "13800000001", 100)
    made = await here.node.webhooks.add("tea", "https://shop.example/hooks", known=TOLD)
    async with here.services.database.transaction() as session:
        for number in range(3):
            happening = Happening(f"evt_{number}", PAYMENT_SETTLED, f"ord_{number}", {}, here.services.clock.now())
            await publish(session, happening, to=[])
            await tell(session, "tea", happening, told=TOLD)
        await session.execute(text("UPDATE webhook_delivery SET state = 'dead', attempts = 9, last_status = 503"))
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'yimen.webhook'"))
    client = here.browser()
    del client.headers["Origin"]  # a program, not a page
    return Programs(here, token, made.endpoint.id, client)


async def test_dead_letters_are_told_page_by_page(programs: Programs) -> None:
    (endpoint,) = (await programs.get("")).json()["endpoints"]
    first = await programs.dead("?limit=2")
    rest = await programs.dead(f"?limit=2&after={first[-1][0]}")
    letter = (await programs.get(f"/{programs.endpoint}/dead-letters")).json()["dead_letters"][0]

    assert (endpoint["id"], endpoint["url"]) == (programs.endpoint, "https://shop.example/hooks")
    assert [subject for _, subject in (*first, *rest)] == ["ord_0", "ord_1", "ord_2"]
    assert (letter["event_id"], letter["type"], letter["attempts"], letter["last_status"]) == (
        "evt_0", PAYMENT_SETTLED, 9, 503,
    )  # fmt: skip


async def test_a_dead_letter_is_sent_again_once_for_a_key(programs: Programs) -> None:
    letter = (await programs.dead())[0][0]

    answers = [await programs.post(f"/deliveries/{letter}/replay") for _ in range(2)]
    waits = await programs.post(f"/deliveries/{letter}/replay", key="another")

    assert [(answer.status_code, answer.json()) for answer in (*answers, waits)] == [
        (202, {"sent": 1}), (202, {"sent": 1}), (202, {"sent": 0}),
    ]  # fmt: skip
    assert [subject for _, subject in await programs.dead()] == ["ord_1", "ord_2"]
    assert await programs.queued() == 1


async def test_all_dead_letters_are_sent_again(programs: Programs) -> None:
    answer = await programs.post("/dead-letters/replay")
    again = await programs.post("/dead-letters/replay", key="another")

    assert (answer.json(), again.json(), await programs.dead()) == ({"sent": 3}, {"sent": 0}, [])
    assert await programs.queued() == 3


async def test_without_a_good_token_nothing_is_told_or_sent(programs: Programs) -> None:
    here = programs.here
    rival = await publisher(here, "coffee", "13800000002", 101)
    owner = await here.settle("13800000003", person=102)
    cookie, _ = await here.sign_in(owner)
    letter = (await programs.dead())[0][0]
    basic = base64.b64encode(f"__token__:{programs.token}".encode()).decode()

    refused = [
        await programs.get(f"/{programs.endpoint}/dead-letters", token="yimen-guessed"),
        await programs.post(f"/deliveries/{letter}/replay", token="yimen-guessed"),
        await here.browser(cookie).post(f"{API}/{programs.endpoint}/dead-letters/replay"),
        await programs.client.get(API),
    ]
    others = [
        await programs.get(f"/{programs.endpoint}/dead-letters", token=rival),
        await programs.post(f"/deliveries/{letter}/replay", token=rival),
        await programs.post("/deliveries/999999999999999999999999/replay"),
        await programs.client.get("/v1/apps/coffee/webhooks", headers=bearer(programs.token)),
    ]
    packaging = await programs.client.get(API, headers={"Authorization": f"Basic {basic}"})

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(401, "token_refused")] * 4
    assert [(answer.status_code, answer.json()["code"]) for answer in others] == [(404, "not_found")] * 4
    assert packaging.status_code == 200
    assert (len(await programs.dead()), await programs.queued()) == (3, 0)


async def test_a_replay_needs_a_key_and_a_list_a_limit(programs: Programs) -> None:
    keyless = await programs.client.post(
        f"{API}/{programs.endpoint}/dead-letters/replay", headers=bearer(programs.token)
    )
    limits = [await programs.get(f"/{programs.endpoint}/dead-letters?limit={limit}") for limit in ("0", "201", "x")]

    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_missing")
    assert [(answer.status_code, list(answer.json()["faults"])) for answer in limits] == [(422, ["limit"])] * 3
    assert keyless.headers["content-type"] == "application/problem+json"
