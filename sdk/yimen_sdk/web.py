"""One visit to a mini-app: who asks, how to answer with a page, how to reach the platform."""

from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from yimen_sdk.errors import SignInRequired
from yimen_sdk.host import Host
from yimen_sdk.pages import Pages
from yimen_sdk.resident import Locale, Look, Resident
from yimen_sdk.surroundings import Surroundings

ASSERTION_HEADER = "Yimen-Resident"


class Visit(HTTPConnection):
    """What a page request and a WebSocket have in common: the resident and the platform."""

    @property
    def resident(self) -> Resident:
        """Who is signed in. Raises SignInRequired where nobody is signed in and nobody has to be."""
        if (visitor := self.visitor) is None:
            raise SignInRequired("nobody is signed in")
        return visitor

    @property
    def visitor(self) -> Resident | None:
        """Who is signed in, or None."""
        assertion = self.headers.get(ASSERTION_HEADER)
        return self.surroundings.verifier.resident(assertion) if assertion else None

    @property
    def host(self) -> Host:
        """The platform, in the context of this visit's resident."""
        return self.surroundings.connect(self.headers.get(ASSERTION_HEADER))

    @property
    def surroundings(self) -> Surroundings:
        """Where this mini-app runs."""
        surroundings: Surroundings = self.app.state.surroundings
        return surroundings

    @property
    def locale(self) -> Locale:
        """The language to answer in."""
        if (visitor := self.visitor) is not None:
            return visitor.locale
        return "en" if self.headers.get("accept-language", "").lower().startswith("en") else "zh"

    def gettext(self, message: str) -> str:
        """Translate a message of the mini-app's catalogue into the resident's language."""
        pages: Pages = self.app.state.pages
        return pages.gettext(message, self.locale)


class Request(Visit, StarletteRequest):
    """A Starlette request that knows the resident and the platform."""

    @property
    def ui(self) -> Look:
        """How the page is to look: standard, elder 长者版 or kiosk."""
        return self.visitor.ui if self.visitor else "standard"

    @property
    def framed(self) -> bool:
        """Whether the portal's shell shows this page (it then draws the title and the way back)."""
        return self.headers.get("sec-fetch-dest") == "iframe"

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:  # Any: the author's values
        """Answer with a page made from one of the mini-app's templates."""
        pages: Pages = self.app.state.pages
        return HTMLResponse(pages.render(template, self.locale, {"request": self, **context}), status)

    def redirect(self, url: str) -> Response:
        """Answer a form by leading on to another page, here or at the host (303 See Other)."""
        return RedirectResponse(url, status_code=303)

    def sign_in_url(self) -> str:
        """Where a visitor signs in and comes back to this page."""
        return f"{self.surroundings.portal_url}/apps/{self.surroundings.app_id}?to={quote(self._here(), safe='')}"

    def consent_url(self, scope: str) -> str:
        """Where the resident is asked for one more scope and comes back to this page."""
        query = urlencode({"scope": scope, "to": self._here()})
        return f"{self.surroundings.portal_url}/consent/{self.surroundings.app_id}?{query}"

    def _here(self) -> str:
        if self.method not in {"GET", "HEAD"}:
            return "/"
        return self.url.path + (f"?{self.url.query}" if self.url.query else "")
