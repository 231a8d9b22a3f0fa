"""The home page: every mini-app behind the one door; search; and how the pages look."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import NotFound
from yimen_host.core.pages import LOCALE_COOKIE, LOOK_COOKIE, fields, local_path, locale, render
from yimen_host.runtime.directory import LiveDirectory, Release
from yimen_sdk.manifest.category import CATEGORY_TITLES, Category

YEAR = 365 * 24 * 3600
LONGEST_QUERY = 40
ICON_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True)
class Tile:
    """One mini-app on the home page."""

    app_id: str
    title: str
    description: str
    icon: str | None
    category: Category


@dataclass(frozen=True)
class Shelf:
    """One category on the home page, with what stands on it."""

    id: str
    title: str
    tiles: list[Tile]


async def home(request: Request) -> Response:
    """Show every mini-app, or those that a search finds."""
    query = request.query_params.get("q", "").strip()[:LONGEST_QUERY]
    directory: LiveDirectory = request.app.state.directory
    language = locale(request)
    found = [tile(release, language) for release in directory.releases() if matches(release, query)]
    shelves = [
        Shelf(c.value, CATEGORY_TITLES[c].in_(language), [t for t in found if t.category is c]) for c in Category
    ]
    return render(request, "portal/home.html", shelves=[shelf for shelf in shelves if shelf.tiles], query=query)


async def icon(request: Request) -> Response:
    """A mini-app's icon, from its approved tree; scripts in it cannot run."""
    directory: LiveDirectory = request.app.state.directory
    release = directory.main(request.path_params["app_id"])
    path = icon_path(release) if release else None
    if release is None or path is None:
        raise NotFound("no icon")
    file = release.tree.joinpath(*release.module.split("."), path)
    kind = ICON_TYPES.get(file.suffix)
    if kind is None or not file.is_file():
        raise NotFound("no icon")
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "public, max-age=3600"}
    return FileResponse(file, media_type=kind, headers=headers)


async def preferences(request: Request) -> Response:
    """Keep the language or the look in a cookie."""
    typed = await fields(request)
    response = RedirectResponse(local_path(typed.get("next")), 303)
    for name, cookie, values in (
        ("locale", LOCALE_COOKIE, {"zh", "en"}),
        ("look", LOOK_COOKIE, {"standard", "elder"}),
    ):
        if typed.get(name) in values:
            response.set_cookie(cookie, typed[name], max_age=YEAR, samesite="lax", httponly=True, secure=True)
    return response


def tile(release: Release, language: str) -> Tile:
    """A mini-app as the home page shows it."""
    manifest = release.manifest
    return Tile(
        app_id=release.app_id,
        title=manifest.title.in_(language),
        description=manifest.description.in_(language) if manifest.description else "",
        icon=f"/icons/{release.app_id}?v={release.version}" if icon_path(release) else None,
        category=manifest.category,
    )


def matches(release: Release, query: str) -> bool:
    """Whether a search finds a mini-app: every word is in its title, description or keywords."""
    manifest = release.manifest
    texts = [manifest.title, manifest.description]
    heap = " ".join([*(f"{t.zh} {t.en}" for t in texts if t), *manifest.keywords]).lower()
    return all(word in heap for word in query.lower().split())


def icon_path(release: Release) -> str | None:
    """Where the mini-app's icon is inside its package."""
    return next((icon.src for icon in release.manifest.icons), None)


routes = [
    Route("/", home),
    Route("/icons/{app_id}", icon),
    Route("/preferences", preferences, methods=["POST"]),
]
