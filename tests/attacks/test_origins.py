"""Attacks on the edges between origins: cookies, identity, consent, forged forms."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from tests.town import Town

from yimen_host.app import create_portal
from yimen_host.cli.demo import ADMIN_PHONE, PASSWORD, RESIDENT_PHONE
from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.edge import UNCHECKED
from yimen_host.node import Node

APP = "utilities"
PLAIN = str.maketrans("", "", "{}")


class Browser:
    """A browser's cookies at the portal and at one mini-app, without a browser."""

    def __init__(self, town: Town, phone: str) -> None:
        self.town = town
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{town.port}", timeout=20)
        self.portal_host = f"localhost:{town.port}"
        self.app_host = f"{APP}.localhost:{town.port}"
        form = {"phone": phone, "password": PASSWORD}
        signed_in = self.post("/sign-in", form)
        self.portal_cookie = cookie_of(signed_in)

    def get(self, path: str, *, host: str | None = None, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={"Host": host or self.portal_host, **headers})

    def post(self, path: str, form: dict[str, str], *, host: str | None = None, **headers: str) -> httpx.Response:
        host = host or self.portal_host
        return self.client.post(path, data=form, headers={"Host": host, "Origin": f"http://{host}", **headers})

    def launch_address(self) -> str:
        """What the shell would put into the frame."""
        if "/consent/" in self.get(f"/apps/{APP}", Cookie=self.portal_cookie).headers.get("location", ""):
            scopes = ["identity.name", "payments.order", "notices.send"]
            self.client.post(
                f"/consent/{APP}",
                data={"scope": scopes},
                headers={"Host": self.portal_host, "Origin": self.town.origin, "Cookie": self.portal_cookie},
            )
        page = self.get(f"/apps/{APP}", Cookie=self.portal_cookie).text
        found = re.search(r'data-address="([^"]+)"', page)
        assert found is not None, page
        return found[1].replace("&amp;", "&")

    def enter(self) -> str:
        """Take the ticket and tell the mini-app's cookie."""
        parts = urlsplit(self.launch_address())
        return cookie_of(self.get(f"{parts.path}?{parts.query}", host=self.app_host))


def cookie_of(response: httpx.Response) -> str:
    assert response.status_code == 303, response.text
    return response.headers["set-cookie"].split(";")[0]


@pytest.fixture(scope="module")
def resident(town: Town) -> Browser:
    return Browser(town, RESIDENT_PHONE)


def test_the_mini_app_greets_its_own_visitor(resident: Browser) -> None:
    page = resident.get("/", host=resident.app_host, Cookie=resident.enter())

    assert page.status_code == 200
    assert "关联电费户号" in page.text


def test_a_ticket_is_good_once(resident: Browser) -> None:
    parts = urlsplit(resident.launch_address())
    first = resident.get(f"{parts.path}?{parts.query}", host=resident.app_host)
    second = resident.get(f"{parts.path}?{parts.query}", host=resident.app_host)

    assert (first.status_code, "set-cookie" in first.headers) == (303, True)
    assert (second.headers["location"], "set-cookie" in second.headers) == (
        f"{resident.town.origin}/apps/{APP}?to=%2F", False,
    )  # fmt: skip


def test_the_portals_cookie_opens_nothing_at_a_mini_app(resident: Browser) -> None:
    secret = resident.portal_cookie.split("=", 1)[1]
    for cookie in (resident.portal_cookie, f"__Host-yimen={secret}"):
        page = resident.get("/", host=resident.app_host, Cookie=cookie)

        assert (page.status_code, page.headers["location"]) == (303, f"{resident.town.origin}/apps/{APP}?to=%2F")


def test_a_mini_apps_cookie_opens_nothing_elsewhere(resident: Browser) -> None:
    secret = resident.enter().split("=", 1)[1]

    portal = resident.get("/me", Cookie=f"__Host-session={secret}")
    sibling = resident.get("/", host=f"green-tea.localhost:{resident.town.port}", Cookie=f"__Host-yimen={secret}")

    assert (portal.status_code, portal.headers["location"]) == (303, "/sign-in?next=%2Fme")
    assert sibling.status_code in (303, 404)
    assert "王明" not in sibling.text


def test_a_forged_identity_header_never_arrives(resident: Browser) -> None:
    genuine = resident.get("/", host=resident.app_host, Cookie=resident.enter())
    assert genuine.status_code == 200

    for name in ("Yimen-Resident", "yimen_resident", "YIMEN-RESIDENT"):
        forged = resident.get("/", host=resident.app_host, **{name: "eyJhbGciOiJub25lIn0.e30."})

        assert (forged.status_code, forged.headers["location"]) == (303, f"{resident.town.origin}/apps/{APP}?to=%2F")


def test_a_sibling_cannot_post_for_the_visitor(resident: Browser) -> None:
    cookie, form = resident.enter(), {"number": "0520100055", "relation": "self"}
    for origin in (f"http://green-tea.localhost:{resident.town.port}", "null", resident.town.origin):
        forged = resident.post("/accounts", form, host=resident.app_host, Cookie=cookie, Origin=origin)

        assert forged.status_code == 403
    assert "0520100055" not in resident.get("/", host=resident.app_host, Cookie=cookie).text

    own = resident.post("/accounts", form, host=resident.app_host, Cookie=cookie)

    assert (own.status_code, own.headers["location"]) == (303, "/accounts/0520100055")


def test_signing_out_ends_the_mini_apps_session(town: Town) -> None:
    browser = Browser(town, ADMIN_PHONE)
    cookie = browser.enter()
    assert browser.get("/", host=browser.app_host, Cookie=cookie).status_code == 200

    browser.post("/sign-out", {}, Cookie=browser.portal_cookie)

    for _ in range(100):  # the other processes hear of it by NOTIFY
        gone = browser.get("/", host=browser.app_host, Cookie=cookie)
        if gone.status_code == 303:
            break
    assert (gone.status_code, gone.headers["location"]) == (303, f"{town.origin}/apps/{APP}?to=%2F")


@pytest.fixture
def platform(town: Town) -> Iterator[httpx.Client]:
    """The platform API as the mini-app's own process reaches it."""
    socket = run_directory(town.var) / "api" / APP / "host.sock"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://platform", timeout=20) as client:
        yield client


ORDER = {"title": "茶", "amount": {"fen": 800, "currency": "CNY"}, "reference": None, "return_path": "/"}


def test_an_order_needs_the_residents_assertion(platform: httpx.Client) -> None:
    nobody = platform.post("/v1/orders", json=ORDER, headers={"Idempotency-Key": "a1"})
    forged = platform.post("/v1/orders", json=ORDER, headers={"Idempotency-Key": "a2", "Yimen-Resident": "e30.e30.e30"})

    assert [(r.status_code, r.json()["code"]) for r in (nobody, forged)] == [
        (401, "sign_in_required"), (401, "sign_in_required"),
    ]  # fmt: skip


def test_a_scope_the_manifest_lacks_is_refused(platform: httpx.Client) -> None:
    answer = platform.post(
        "/v1/fetch", json={"method": "GET", "url": "https://elsewhere.example/"}, headers={"Idempotency-Key": "b1"}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "host_not_approved")


async def test_every_unsafe_endpoint_of_the_portal_refuses_another_origin(services: Services) -> None:
    portal = create_portal(Node.of(services))
    unsafe = [
        route.path  # type: ignore[attr-defined]  # routes with methods are Route
        for route in portal.routes
        if getattr(route, "methods", None) and route.methods - {"GET", "HEAD"}  # type: ignore[attr-defined]
    ]
    browsers = [path for path in unsafe if not path.startswith(UNCHECKED)]
    assert len(browsers) > 10
    assert UNCHECKED == ("/legacy/", "/v1/callbacks/", "/v1/apps/")  # programs, each with credentials of its own

    async with httpx.AsyncClient(transport=httpx.ASGITransport(portal), base_url="http://localhost:8080") as client:
        answers = {
            (path, str(headers)): (
                await client.post(path.replace("{", "").replace("}", ""), headers=headers)
            ).status_code
            for path in browsers
            for headers in ({"Origin": "http://utilities.localhost:8080"}, {"Origin": "null"}, {})
        }

    assert set(answers.values()) == {403}


FOREIGN = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ("GET", FOREIGN, 403),
        ("GET", {**FOREIGN, "Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", {**FOREIGN, "Sec-Fetch-Site": "unheard-of"}, 403),
        ("GET", {**FOREIGN, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ("HEAD", FOREIGN, 403),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 422),
        ("POST", {"Sec-Fetch-Site": "same-site"}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ],
)
def test_another_site_may_only_lead_a_tab_to_the_portal(
    resident: Browser, method: str, headers: dict[str, str], status: int
) -> None:
    whole = {"Host": resident.portal_host, "Origin": resident.town.origin, **headers}

    answer = resident.client.request(method, "/sign-in", headers=whole)

    assert answer.status_code == status
