"""How a mini-app's releases run, or why they do not, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from yimen_host.core.pages import locale
from yimen_host.runtime.contract import ReleaseStatus
from yimen_host.runtime.directory import LiveDirectory
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable
from yimen_host.runtime.whys import advise, tell


@dataclass(frozen=True)
class Running:
    """One armed release."""

    status: ReleaseStatus
    why: str
    """Why it is unwell or quarantined; empty when it is well."""
    advice: str


async def running(request: Request, app_id: str) -> list[Running]:
    """What the supervisor says of a mini-app's releases; nothing when it does not answer."""
    supervision: Supervision = request.app.state.supervision
    language = locale(request)
    try:
        statuses = await supervision.status()
    except SupervisorUnavailable:
        return []
    return [
        Running(status, tell(status.why, language), advise(status.why, language))
        for status in statuses
        if status.app_id == app_id
    ]


def left_out(request: Request, app_id: str) -> Mapping[str, tuple[str, str]]:
    """Why versions that should be served are not, each with what to change."""
    directory: LiveDirectory = request.app.state.directory
    language = locale(request)
    found = ((version, why) for (app, version), why in directory.left_out.items() if app == app_id)
    return {version: (tell(why, language), advise(why, language)) for version, why in found}
