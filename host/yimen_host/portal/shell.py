"""The shell around a mini-app, and the page where a resident grants it what it asks for."""

import logging
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Forbidden, NotFound
from yimen_host.core.pages import local_path, locale, look, render
from yimen_host.identity.consent import Consents, usable
from yimen_host.identity.mandates.mandate import SCOPE as MANDATE_SCOPE
from yimen_host.identity.mandates.pages import acting_in
from yimen_host.identity.sessions import SignedIn, present
from yimen_host.runtime.directory import LiveDirectory, Release
from yimen_host.runtime.launch import Launches
from yimen_sdk.manifest import Manifest
from yimen_sdk.resident import Locale
from yimen_sdk.scopes import SCOPES, Sensitivity

log = logging.getLogger("yimen.portal")


@dataclass(frozen=True)
class Asked:
    """One scope on the consent page."""

    name: str
    title: str
    gives: str
    reason: str
    optional: bool
    sensitive: bool
    granted: bool

    @property
    def necessary(self) -> bool:
        """Whether one button may grant it with others: sensitive information needs a consent of its own (PIPL 29)."""
        return not (self.optional or self.sensitive)


async def shell(request: Request) -> Response:
    """Open a mini-app: sign in, verify the name and ask consent first where it needs them."""
    viewer = present(request)
    release = _release(request, viewer)
    to = local_path(request.query_params.get("to"))
    consents: Consents = request.app.state.consents
    decision = await consents.decision(viewer.resident_id, release.app_id)
    acting = await acting_in(request, release.app_id)
    if acting is not None and MANDATE_SCOPE not in decision.granted:
        query = urlencode({"to": to, "scope": MANDATE_SCOPE})
        return RedirectResponse(f"/consent/{release.app_id}?{query}", 303)
    if decision.undecided(release.manifest.scope_names):
        if (
            _needs_verification(release.manifest)
            and viewer.account.assurance == 0
            and "later" not in request.query_params
        ):
            here = f"/apps/{release.app_id}?{urlencode({'to': to, 'later': '1'})}"
            return RedirectResponse(f"/verify?{urlencode({'next': here})}", 303)
        return RedirectResponse(f"/consent/{release.app_id}?{urlencode({'to': to})}", 303)
    launches: Launches = request.app.state.launches
    address = await launches.address(
        viewer,
        release.app_id,
        to,
        locale=locale(request),
        look=look(request),
        mandate_id=acting.mandate_id if acting else None,
    )
    response = render(
        request,
        "portal/shell.html",
        title=release.manifest.title.in_(locale(request)),
        app_id=release.app_id,
        address=address,
        acting=acting,
        origin=request.app.state.services.settings.app_origin(release.app_id),
    )
    response.headers["Cache-Control"] = "no-store"  # the ticket inside is good once
    return response


async def consent(request: Request) -> Response:
    """Ask for the scopes of the manifest, each with its reason; what is left unticked is refused.

    Nothing is ticked beforehand: consent is an act of the person (PIPL, 2021-11-01, articles 14 and 29).
    """
    viewer = present(request)
    release = _release(request, viewer)
    consents: Consents = request.app.state.consents
    decision = await consents.decision(viewer.resident_id, release.app_id)
    to = local_path(request.query_params.get("to"))
    acting = await acting_in(request, release.app_id)
    wanted = request.query_params.get("scope", "")
    if acting is not None and request.method == "GET" and wanted in decision.granted:
        raise Forbidden("代办授权里没有这一步需要的权限，请对方重新授权，或退出代办。")
    asked = _asked(release.manifest, locale(request), decision.granted)
    if request.method == "GET":
        usable_now = usable(release.manifest.scope_names, viewer.account.assurance)
        return render(
            request,
            "portal/consent.html",
            title=release.manifest.title.in_(locale(request)),
            department=release.manifest.department.in_(locale(request)) if release.manifest.department else None,
            asked=asked,
            necessary=any(ask.necessary and not ask.granted for ask in asked),
            wanted=wanted,
            undeclared=_undeclared(release, wanted, locale(request)),
            unusable={ask.name for ask in asked} - usable_now,
            to=to,
        )
    form = await request.form(max_files=0, max_fields=100)
    ticked = frozenset(value for value in form.getlist("scope") if isinstance(value, str))
    if form.get("grant") == "necessary":
        ticked |= {ask.name for ask in asked if ask.necessary}
    reasons = {ask.name: ask.reason for ask in asked}
    await consents.decide(viewer.resident_id, release.app_id, asked=reasons, granted=ticked & frozenset(reasons))
    return RedirectResponse(f"/apps/{release.app_id}?{urlencode({'to': to})}", 303)


def _undeclared(release: Release, wanted: str, language: Locale) -> str | None:
    """What a mini-app asks for that its manifest does not declare: nobody can grant it, and its author should know."""
    if wanted not in SCOPES or wanted in release.manifest.scope_names:
        return None
    log.warning("%s %s asks for %s, which its manifest does not declare", release.app_id, release.version, wanted)
    return SCOPES[wanted].title.in_(language)


async def consents_page(request: Request) -> Response:
    """List what was granted to whom; each leads to the page where it is changed."""
    consents: Consents = request.app.state.consents
    decisions = await consents.all(present(request).resident_id)
    title_of = request.app.state.title_of
    language = locale(request)
    listed = [
        (app_id, title_of(app_id, language), [SCOPES[s].title.in_(language) for s in sorted(d.granted) if s in SCOPES])
        for app_id, d in decisions.items()
    ]
    return render(request, "portal/consents.html", listed=listed)


def _release(request: Request, viewer: SignedIn) -> Release:
    directory: LiveDirectory = request.app.state.directory
    release = directory.choose(request.path_params["app_id"], viewer.resident_id)
    if release is None:
        raise NotFound("没有这个小程序，或者它已经下线")
    return release


def _asked(manifest: Manifest, language: str, granted: frozenset[str]) -> list[Asked]:
    return [
        Asked(
            name=scope.name,
            title=SCOPES[scope.name].title.in_(language),
            gives=SCOPES[scope.name].gives.in_(language),
            reason=scope.reason.in_(language),
            optional=scope.optional,
            sensitive=SCOPES[scope.name].sensitivity is Sensitivity.SENSITIVE,
            granted=scope.name in granted,
        )
        for scope in manifest.scopes
    ]


def _needs_verification(manifest: Manifest) -> bool:
    return any(SCOPES[scope.name].level > 0 for scope in manifest.scopes)


routes = [
    Route("/apps/{app_id}", shell),
    Route("/consent/{app_id}", consent, methods=["GET", "POST"]),
    Route("/me/consents", consents_page),
]
