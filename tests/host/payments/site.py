"""The pages of payments as a browser meets them, without the portal's middleware; a header says who is signed in."""

import re
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from yimen_host.identity.accounts import Account
from yimen_host.identity.sessions import SignedIn
from yimen_host.payments import pages
from yimen_host.payments.facade import Payments
from yimen_sdk.pages import Pages

ORIGIN = "http://localhost:8080"


class SignIn:
    """Signs in whoever the header ``as`` names, on the session that ``session`` names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            request.state.unread = 0
            if (name := request.headers.get("as")) is not None:
                account = Account(name, "13800138000", None, None, None, 0, frozenset())
                request.state.viewer = SignedIn(request.headers.get("session", f"ses-{name}"), account)
        await self._app(scope, receive, send)


@dataclass
class Browser:
    """Somebody who opens pages and sends forms."""

    client: httpx.AsyncClient

    async def open(self, path: str) -> httpx.Response:
        """Open a page and follow where it leads."""
        return await self.client.get(path, follow_redirects=True)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form and follow where it leads."""
        return await self.client.post(path, data=fields, follow_redirects=True)

    async def attempt_key(self, order_id: str) -> str:
        """The one-time key in the cashier's form."""
        page = await self.client.get(f"/cashier/{order_id}")
        found = re.search(r'name="attempt_key" value="([^"]+)"', page.text)
        assert found, page.text
        return found[1]


def browser(payments: Payments, name: str, session: str | None = None) -> Browser:
    """A browser in which ``name`` is signed in."""
    application = Starlette(routes=pages.routes, middleware=[Middleware(SignIn)])
    application.state.services = payments.services
    application.state.payments = payments
    application.state.pages = Pages("yimen_host")
    headers = {"as": name, "session": session or f"ses-{name}", "accept-language": "zh-CN"}
    transport = httpx.ASGITransport(application)
    return Browser(httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers))


def heading(page: httpx.Response) -> str:
    """The page's one heading."""
    found: list[str] = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert len(found) == 1, page.text
    return found[0].strip()
