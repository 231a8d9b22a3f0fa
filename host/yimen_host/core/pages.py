"""Answers with a page of the host: template, language, look, and who is looking."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from yimen_sdk.pages import LOCALES, Pages
from yimen_sdk.resident import Locale, Look

LOCALE_COOKIE = "__Host-locale"
LOOK_COOKIE = "__Host-look"
"""The prefix is a browser's promise that no sibling of the portal's domain has set it."""
MAX_FORM_FIELDS = 60
MAX_FIELD_CHARACTERS = 4000


class Viewer(Protocol):
    """Who is looking at a page, as the page's frame needs to know them."""

    @property
    def display_name(self) -> str: ...

    @property
    def roles(self) -> frozenset[str]: ...


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:  # Any: typed by pages
    """Fill one of the host's templates. The frame gets the viewer, the language and the look by itself."""
    frame = {
        "request": request,
        "viewer": getattr(request.state, "viewer", None),
        "locale": locale(request),
        "look": look(request),
        "sandbox": request.app.state.services.settings.demo,
        "app_title": _titles(request),
    }
    return HTMLResponse(pages(request).render(template, locale(request), {**frame, **context}), status)


def attachment(pdf: bytes, *, name: str, title: str) -> Response:
    """A PDF to keep, under a name that every browser takes (RFC 6266); ``name`` is plain ASCII."""
    named = f"attachment; filename=\"{name}.pdf\"; filename*=UTF-8''{quote(f'{title}-{name}.pdf')}"
    headers = {"Content-Disposition": named, "Cache-Control": "private, no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def pages(request: Request) -> Pages:
    """The host's templates and catalogue."""
    found: Pages = request.app.state.pages
    return found


def locale(request: Request) -> Locale:
    """The language: what the person chose, else what the browser asks for, else Chinese."""
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen is not None and chosen in LOCALES:
        return "en" if chosen == "en" else "zh"
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def look(request: Request) -> Look:
    """The look: standard, or elder mode 长者版."""
    return "elder" if request.cookies.get(LOOK_COOKIE) == "elder" else "standard"


def say(request: Request, message: str, **values: object) -> str:
    """A message of the catalogue in the person's language, with ``{placeholders}`` filled."""
    text = pages(request).gettext(message, locale(request))
    return text.format(**values) if values else text


def _titles(request: Request) -> Callable[[str | None, str], str]:
    """What a page calls a mini-app: its title in the person's language, else what was noted at the time."""
    title_of: Callable[[str, str], str] | None = getattr(request.app.state, "title_of", None)

    def title(app_id: str | None, noted: str) -> str:
        found = title_of(app_id, locale(request)) if title_of is not None and app_id else noted
        return noted if found == app_id else found  # one that is no longer served is known by its id only

    return title


async def fields(request: Request) -> dict[str, str]:
    """The text fields of a posted form, stripped; files and repeated names are left out."""
    form = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
    return {name: value.strip()[:MAX_FIELD_CHARACTERS] for name, value in form.items() if isinstance(value, str)}


def local_path(target: str | None, default: str = "/") -> str:
    """A path of this very site to go on to, never another site's address."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\n" in target:
        return default
    return target
