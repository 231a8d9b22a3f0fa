"""The developer's console: publishers, API tokens, mini-apps with their uploads, submissions and releases."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.checked import reading
from yimen_host.console.refusals import shown
from yimen_host.console.running import left_out, running
from yimen_host.core.pages import fields, locale, render
from yimen_host.identity.sessions import present
from yimen_host.runtime.removal import REMOVED
from yimen_registry import AppRemoved, Registry, RegistryError
from yimen_registry import NotFound as RegistryNotFound
from yimen_registry.publishers.models import PublisherState


@shown
async def home(request: Request) -> Response:
    """Show what a developer has; a POST founds a publisher."""
    viewer, registry = present(request), _registry(request)
    faults: dict[str, str] = {}
    if request.method == "POST":
        typed = await fields(request)
        try:
            await registry.create_publisher(
                name=typed.get("name", ""), title=typed.get("title", ""), owner=viewer.resident_id
            )
            return RedirectResponse("/developer", 303)
        except RegistryError as error:
            faults = {"name": str(error)}
    owned = await registry.publishers_of(viewer.resident_id)
    apps = await registry.apps_of(viewer.resident_id)
    reaches = await registry.reaches([found.id for found in apps])
    paused = {found.id for found, _ in owned if found.state != PublisherState.ACTIVE}
    status = 422 if faults else 200
    return render(
        request,
        "console/developer.html",
        status=status,
        owned=owned,
        apps=apps,
        reaches=reaches,
        paused=paused,
        faults=faults,
    )


@shown
async def publisher(request: Request) -> Response:
    """Show a publisher's tokens; a POST makes or ends one. A new secret is shown this once."""
    viewer, registry, publisher_id = present(request), _registry(request), request.path_params["publisher"]
    secret = None
    if request.method == "POST":
        typed = await fields(request)
        if typed.get("revoke"):
            await registry.revoke_token(typed["revoke"], by=viewer.resident_id)
            return RedirectResponse(f"/developer/publishers/{publisher_id}", 303)
        made = await registry.issue_token(publisher_id, by=viewer.resident_id, name=typed.get("name") or "token")
        secret = made.secret
    tokens = await registry.tokens(publisher_id, by=viewer.resident_id)
    found = next(p for p, _ in await registry.publishers_of(viewer.resident_id) if p.id == publisher_id)
    return render(request, "console/publisher.html", publisher=found, tokens=tokens, secret=secret)


@shown
async def app(request: Request) -> Response:
    """Show a mini-app: uploads, submissions, releases and the log of what runs."""
    app_id = await own_app(request)
    registry = _registry(request)
    builds, submissions, releases = await asyncio.gather(
        registry.builds_of(app_id), registry.submissions_of(app_id), registry.releases_of(app_id)
    )
    return render(
        request,
        "console/app.html",
        app_id=app_id,
        builds=builds,
        submissions=submissions,
        releases=releases,
        submitted={submission.build_id for submission in submissions},
        running=await running(request, app_id),
        left_out=left_out(request, app_id),
    )


@shown
async def submit(request: Request) -> Response:
    """Submit an upload for review; its checks run now."""
    app_id, typed = await own_app(request), await fields(request)
    made = await _registry(request).submit(
        typed.get("build", ""), by=present(request).resident_id, note=typed.get("note", "")
    )
    return RedirectResponse(f"/developer/apps/{app_id}/submissions/{made.id}", 303)


@shown
async def submission(request: Request) -> Response:
    """Show a submission to its publisher; a POST withdraws it or answers the reviewer."""
    app_id, registry = await own_app(request), _registry(request)
    submission_id = request.path_params["submission"]
    if request.method == "POST":
        typed, by = await fields(request), present(request).resident_id
        if typed.get("answer"):
            await registry.answer(submission_id, by=by, text=typed["answer"])
        else:
            await registry.withdraw(submission_id, by=by)
        return RedirectResponse(request.url.path, 303)
    detail = await registry.submission(submission_id)
    if detail.submission.app_id != app_id:
        raise RegistryNotFound("there is no such submission")
    return render(
        request,
        "console/submission.html",
        detail=detail,
        s=detail.submission,
        read=reading(detail, locale(request)),
        reviewing=False,
    )


async def own_standing_app(request: Request) -> str:
    """The same, when it was not removed: nothing new is made for one that was. Raises also AppRemoved."""
    app_id = await own_app(request)
    if (await _registry(request).stopped_apps()).get(app_id) == REMOVED:
        raise AppRemoved(app_id)
    return app_id


async def own_app(request: Request) -> str:
    """The mini-app of the address, when the viewer publishes it. Raises the registry's NotFound otherwise."""
    app_id: str = request.path_params["app_id"]
    own = await _registry(request).apps_of(present(request).resident_id)
    if app_id not in {found.id for found in own}:
        raise RegistryNotFound(f"you publish no mini-app {app_id}")
    return app_id


def _registry(request: Request) -> Registry:
    found: Registry = request.app.state.registry
    return found


routes = [
    Route("/developer", home, methods=["GET", "POST"]),
    Route("/developer/publishers/{publisher}", publisher, methods=["GET", "POST"]),
    Route("/developer/apps/{app_id}", app),
    Route("/developer/apps/{app_id}/submit", submit, methods=["POST"]),
    Route("/developer/apps/{app_id}/submissions/{submission}", submission, methods=["GET", "POST"]),
]
