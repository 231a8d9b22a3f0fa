"""Removing a mini-app: the page that says what will be gone, and the exports that were made before."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.refusals import shown
from yimen_host.core.errors import Invalid, NotFound
from yimen_host.core.pages import fields, render
from yimen_host.identity.sessions import with_role
from yimen_host.runtime.removal import Removals
from yimen_registry import NotFound as RegistryNotFound
from yimen_registry import Registry


@shown
async def page(request: Request) -> Response:
    """Show what a removal does, and the exports there are; a POST removes."""
    by = with_role(request, "admin").resident_id
    app_id: str = request.path_params["app_id"]
    removals: Removals = request.app.state.removals
    registry: Registry = request.app.state.registry
    app = await registry.app(app_id)
    if app is None:
        raise RegistryNotFound(f"there is no mini-app {app_id!r}")
    if request.method == "POST":
        typed = await fields(request)
        if typed.get("name") != app_id:
            raise Invalid("名称与要移除的小程序不一致。")
        remove = removals.export_app if typed.get("act") == "export" else removals.erase_app
        await remove(app_id, by=by, reason=typed.get("reason", ""))
        return RedirectResponse(request.url.path, 303)
    exports = sorted(removals.exports(app_id).glob("*.zip"), reverse=True)
    return render(request, "console/remove.html", app=app, app_id=app_id, exports=[path.name for path in exports])


@shown
async def fetch(request: Request) -> Response:
    """Give an export to an admin."""
    with_role(request, "admin")
    removals: Removals = request.app.state.removals
    registry: Registry = request.app.state.registry
    app_id, name = request.path_params["app_id"], Path(request.path_params["name"]).name
    path = removals.exports(app_id) / name
    if await registry.app(app_id) is None or path.suffix != ".zip" or not path.is_file():
        raise NotFound("没有这份导出。")
    return FileResponse(path, filename=name, media_type="application/zip")


routes = [
    Route("/console/apps/{app_id}/remove", page, methods=["GET", "POST"]),
    Route("/console/apps/{app_id}/exports/{name}", fetch),
]
