"""A mini-app as a browser and the platform meet it."""

import datetime as dt

import httpx
import pytest
from tests.sdk.packages import Write
from tests.sdk.packages import package as package

from yimen_sdk import (
    ConsentWithdrawn,
    Event,
    Host,
    MiniApp,
    OrderEnded,
    Refused,
    Request,
    Resident,
    Response,
    TryLater,
    yuan,
)
from yimen_sdk.testing import FakeHost, visit

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
WANG = Resident("r1", scopes=frozenset({"identity.name", "payments.order"}), claims={"name": "王秀英"})
ENDED = OrderEnded(id="evt_1", time=NOON, order_id="ord_1", reference=None, resident="r1", outcome="expired")
GONE = ConsentWithdrawn(id="evt_2", time=NOON, resident="r1", scopes=("identity.name",))
TEMPLATE = "{% extends 'yimen/page.html' %}{% block main %}<h1>{{ word }}</h1>{% endblock %}"


@pytest.fixture
def app(package: Write) -> MiniApp:
    """A mini-app with a page of each kind."""
    app = MiniApp(package("", {"templates/page.html": TEMPLATE, "static/tea.css": "p{}"}))

    @app.get("/")
    async def home(request: Request) -> Response:
        return request.page("page.html", word=request.resident.name)

    @app.get("/about", public=True)
    async def about(request: Request) -> Response:
        return request.page("page.html", word=request.visitor.sub if request.visitor else "nobody")

    @app.post("/tea")
    async def buy(request: Request) -> Response:
        order = await request.host.payments.open_order("茶", yuan("8.00"))
        return request.redirect(order.cashier_url)

    @app.get("/name-needed", public=True)
    async def needed(request: Request) -> Response:
        return request.page("page.html", word=request.resident.name)

    @app.get("/refused")
    async def refused(request: Request) -> Response:
        raise Refused("the tea is sold out")

    @app.get("/broken")
    async def broken(request: Request) -> Response:
        raise KeyError("tea")

    @app.get("/silent")
    async def silent(request: Request) -> Response:
        raise TryLater("the tea house does not answer")

    return app


async def test_a_page_is_in_the_sdks_frame(app: MiniApp) -> None:
    async with visit(app, resident=Resident("r1", WANG.assurance, WANG.scopes, WANG.claims, "en", "elder")) as visitor:
        page = await visitor.get("/")

    assert page.status_code == 200
    assert "<h1>王秀英</h1>" in page.text
    assert '<html lang="en">' in page.text
    assert 'data-ui="elder"' in page.text
    assert 'href="http://portal.test/"' in page.text


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "http://portal.test/apps/app?to=%2F"),
        ("/refused?n=1&m=2", "http://portal.test/apps/app?to=%2Frefused%3Fn%3D1%26m%3D2"),
        ("/name-needed", "http://portal.test/apps/app?to=%2Fname-needed"),
    ],
)
async def test_nobody_is_led_to_sign_in_and_back(app: MiniApp, path: str, location: str) -> None:
    async with visit(app) as visitor:
        page = await visitor.get(path)

    assert (page.status_code, page.headers["location"]) == (303, location)


async def test_a_public_page_greets_nobody_and_somebody(app: MiniApp) -> None:
    async with visit(app) as nobody:
        without = await nobody.get("/about")
    async with visit(app, resident=WANG) as somebody:
        with_ = await somebody.get("/about")

    assert ("<h1>nobody</h1>" in without.text, "<h1>r1</h1>" in with_.text) == (True, True)


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/?n=1", "http://portal.test/consent/app?scope=identity.name&to=%2F%3Fn%3D1"),
        ("POST", "/tea", "http://portal.test/consent/app?scope=payments.order&to=%2F"),
    ],
)
async def test_a_scope_not_granted_is_asked_for(app: MiniApp, method: str, path: str, location: str) -> None:
    async with visit(app, resident=Resident("r1")) as visitor:
        answer = await visitor.request(method, path)

    assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_a_form_leads_on_to_the_cashier(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as visitor:
        answer = await visitor.post("/tea")

    assert (answer.status_code, answer.headers["location"]) == (303, "http://portal.test/cashier/ord_1")


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/refused", 409, "refused", "这一步没有办成"),
        ("/silent", 503, "try_later", "服务暂时没有回应"),
        ("/nowhere", 404, "not_found", "没有找到这个页面"),
        ("/tea", 405, "error", "这一步没有办成"),
    ],
)
async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(
    app: MiniApp, path: str, status: int, code: str, words: str
) -> None:
    async with visit(app, resident=WANG) as visitor:
        page = await visitor.get(path)
        problem = await visitor.get(path, headers={"Accept": "application/json"})

    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert f"<h1>{words}</h1>" in page.text
    assert (problem.status_code, problem.json()) == (status, {"code": code, "status": status})
    assert problem.headers["content-type"] == "application/problem+json"


async def test_its_own_mistake_is_plain_words_and_a_reference(app: MiniApp, caplog: pytest.LogCaptureFixture) -> None:
    async with visit(app, resident=WANG) as visitor:
        with pytest.raises(KeyError, match="tea"):  # an author's test sees the exception itself
            await visitor.get("/broken")
        resident = httpx.ASGITransport(visitor._application, raise_app_exceptions=False)
        headers = dict(visitor.headers) | {"Yimen-Request-Id": "req_1"}
        async with httpx.AsyncClient(transport=resident, base_url="http://app.test", headers=headers) as browser:
            page = await browser.get("/broken")
            problem = await browser.get("/broken", headers={"Accept": "application/json"})

    assert (page.status_code, problem.status_code) == (500, 500)
    assert [words in page.text for words in ("<h1>小程序出错了</h1>", "500 · req_1", "KeyError")] == [True, True, False]
    assert problem.json() == {"code": "own_fault", "status": 500, "reference": "req_1"}
    assert "GET /broken failed, reference req_1" in caplog.messages


async def test_a_page_that_returns_nothing_is_named(app: MiniApp) -> None:
    @app.get("/nothing")
    async def nothing(request: Request) -> Response:
        return None  # type: ignore[return-value]  # what an author forgets

    async with visit(app, resident=WANG) as visitor:
        with pytest.raises(TypeError) as told:
            await visitor.get("/nothing")

    assert str(told.value) == "nothing must return a Response, such as request.page(…), not None"


async def test_an_error_page_speaks_english(app: MiniApp) -> None:
    async with visit(app, resident=Resident("r1", locale="en")) as visitor:
        page = await visitor.get("/refused")

    assert "<h1>That did not work</h1>" in page.text


async def test_a_forged_assertion_is_nobody(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as other, visit(app, resident=WANG, app_id="coffee") as visitor:
        stolen = other.headers["Yimen-Resident"]
        page = await visitor.get("/", headers={"Yimen-Resident": stolen})

    assert page.headers["location"] == "http://portal.test/apps/coffee?to=%2F"


async def test_the_platforms_paths_answer_by_themselves(app: MiniApp) -> None:
    async with visit(app) as visitor:
        health, style = await visitor.get("/.yimen/health"), await visitor.get("/static/tea.css")

    assert (health.json(), style.text) == ({"status": "ok"}, "p{}")


async def test_a_page_that_blocks_everybody_is_refused_at_once(app: MiniApp) -> None:
    def slow(request: Request) -> Response:
        return Response()

    with pytest.raises(TypeError, match="slow must be an `async def`"):
        app.get("/slow")(slow)  # type: ignore[arg-type]  # the mistake that is tested


async def test_an_event_reaches_its_handler_with_the_platform_of_nobody(app: MiniApp) -> None:
    heard: list[tuple[Event, Host]] = []

    @app.on(OrderEnded)
    async def ended(event: OrderEnded, host: Host) -> None:
        heard.append((event, host))

    host = FakeHost()
    async with visit(app, host=host) as visitor:
        answers = [await visitor.deliver(event) for event in (ENDED, ENDED, GONE)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert heard == [(ENDED, host), (ENDED, host)]


async def test_an_event_of_a_stranger_is_not_heard(app: MiniApp) -> None:
    heard: list[Event] = []

    @app.on(OrderEnded)
    async def ended(event: OrderEnded, host: Host) -> None:
        heard.append(event)

    async with visit(app) as stranger, visit(app) as visitor:
        request = (await stranger.deliver(ENDED)).request
        forged = await visitor.post("/.yimen/events", content=request.content, headers=dict(request.headers))
        too_long = await visitor.post("/.yimen/events", content=b"x" * 65537)

    assert (forged.status_code, too_long.status_code) == (401, 413)
    assert heard == [ENDED]  # as the one who signed it was told


async def test_a_handlers_failure_asks_for_the_event_again(app: MiniApp) -> None:
    @app.on(OrderEnded)
    async def ended(event: OrderEnded, host: Host) -> None:
        raise TryLater("the tea house does not answer")

    async with visit(app) as visitor:
        answer = await visitor.deliver(ENDED)

    assert (answer.status_code, answer.is_success) == (503, False)
