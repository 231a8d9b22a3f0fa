"""The reviewers' and admins' console: submissions to judge, releases to bring out and take back, how it all runs."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.checked import reading
from yimen_host.console.refusals import shown
from yimen_host.console.running import running
from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, locale, render
from yimen_host.core.services import Services
from yimen_host.domains import Layout
from yimen_host.identity.sessions import with_role
from yimen_host.payments.waiting import waiting
from yimen_host.runtime.health.isolation import LEVELS
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable
from yimen_registry import Registry
from yimen_registry.releases.models import Severity
from yimen_registry.submissions.review import Reason

DUTIES = ("reviewer", "admin")


@shown
async def home(request: Request) -> Response:
    """Show what waits for a reviewer, every mini-app, and how far this machine isolates them."""
    viewer = with_role(request, *DUTIES)
    registry, supervision = _registry(request), _supervision(request)
    services: Services = request.app.state.services
    try:
        isolation = await supervision.isolation()
    except SupervisorUnavailable:
        isolation = None
    return render(
        request,
        "console/home.html",
        waiting=await registry.submissions(),
        apps=await registry.apps(),
        isolation=isolation,
        level=LEVELS[isolation.level].in_(locale(request)) if isolation else "",
        shared_domain=services.settings.layout is Layout.SHARED,
        accepted=services.settings.accept_shared_domain,
        money=await waiting(request.app.state.payments) if "admin" in viewer.roles else None,
    )


@shown
async def submission(request: Request) -> Response:
    """Show a submission to judge: what changed, what the checks found, the files themselves."""
    with_role(request, *DUTIES)
    detail = await _registry(request).submission(request.path_params["submission"])
    files = await _registry(request).tree_files(detail.submission.tree_digest)
    return render(
        request,
        "console/submission.html",
        detail=detail,
        s=detail.submission,
        read=reading(detail, locale(request)),
        files=files,
        reviewing=True,
    )


@shown
async def file(request: Request) -> Response:
    """Show a file of a submission as text."""
    with_role(request, *DUTIES)
    detail = await _registry(request).submission(request.path_params["submission"])
    path = request.query_params.get("path", "")
    text = await _registry(request).tree_text(detail.submission.tree_digest, path)
    return render(request, "console/file.html", s=detail.submission, path=path, text=text)


@shown
async def judge(request: Request) -> Response:
    """Take up, approve, reject, or ask about a submission."""
    by = with_role(request, *DUTIES).resident_id
    registry, submission_id, typed = _registry(request), request.path_params["submission"], await fields(request)
    act, text = typed.get("act", ""), typed.get("text", "")
    if act == "start":
        await registry.start_review(submission_id, by=by)
    elif act == "approve":
        await registry.approve(submission_id, by=by, text=text)
    elif act == "ask":
        await registry.request_info(submission_id, by=by, question=text)
    elif act == "reject":
        reason = Reason(message=text, rule=typed.get("rule", ""), path=typed.get("path", ""))
        await registry.reject(submission_id, by=by, reasons=[reason], text=text)
    else:
        raise Invalid(f"there is no act {act!r}")
    return RedirectResponse(f"/console/submissions/{submission_id}", 303)


@shown
async def app(request: Request) -> Response:
    """Show a mini-app's releases, and what the supervisor says of them."""
    with_role(request, *DUTIES)
    app_id = request.path_params["app_id"]
    registry = _registry(request)
    return render(
        request,
        "console/releases.html",
        app=await registry.app(app_id),
        app_id=app_id,
        releases=await registry.releases_of(app_id),
        running=await running(request, app_id),
        entries=await registry.latest_log(thing=app_id, limit=20),
    )


@shown
async def move(request: Request) -> Response:
    """Bring a release out, take it back, or withdraw it."""
    by = with_role(request, "admin").resident_id
    registry, app_id, typed = _registry(request), request.path_params["app_id"], await fields(request)
    act, version, reason = typed.get("act", ""), typed.get("version", ""), typed.get("reason", "")
    if act in ("gray", "live"):
        percent = int(typed["percent"]) if act == "gray" and typed.get("percent", "").isdecimal() else 0
        await registry.release(app_id, version, stage=act, by=by, percent=percent)
    elif act == "roll_back":
        await registry.roll_back(app_id, by=by, reason=reason, to=version or None)
    elif act == "yank":
        severity = Severity.CRITICAL if typed.get("severity") == "critical" else Severity.LOW
        await registry.yank(app_id, version, by=by, severity=severity, reason=reason)
    elif act == "suspend":
        await registry.suspend_app(app_id, by=by, reason=reason)
    elif act == "resume":
        await registry.resume_app(app_id, by=by, reason=reason)
    else:
        raise Invalid(f"there is no act {act!r}")
    return RedirectResponse(f"/console/apps/{app_id}", 303)


@shown
async def log(request: Request) -> Response:
    """Show the newest acts, and whether the whole chain verifies."""
    with_role(request, *DUTIES)
    registry = _registry(request)
    return render(request, "console/log.html", entries=await registry.latest_log(), length=await registry.verify_log())


def _registry(request: Request) -> Registry:
    found: Registry = request.app.state.registry
    return found


def _supervision(request: Request) -> Supervision:
    found: Supervision = request.app.state.supervision
    return found


routes = [
    Route("/console", home),
    Route("/console/submissions/{submission}", submission),
    Route("/console/submissions/{submission}/file", file),
    Route("/console/submissions/{submission}/judge", judge, methods=["POST"]),
    Route("/console/apps/{app_id}", app),
    Route("/console/apps/{app_id}/move", move, methods=["POST"]),
    Route("/console/log", log),
]
