"""The console's page about the host itself: what stands as it should, and how far mini-apps are isolated."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import locale, render
from yimen_host.core.services import Services
from yimen_host.identity.sessions import with_role
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health.finding import Verdict
from yimen_host.runtime.health.isolation import LEVELS, layers
from yimen_host.runtime.health.looking import examine
from yimen_host.runtime.sandbox.layers import LayerState
from yimen_host.runtime.supervision import Supervision

LAYER_WORDS = {
    LayerState.ENFORCED: ("已启用", "good"),
    LayerState.UNAVAILABLE: ("未启用", "plain"),
    LayerState.OFF: ("已关闭", "plain"),
    LayerState.FAILED: ("失败", "warn"),
}
WORST_FIRST = (Verdict.BAD, Verdict.WARNING, Verdict.GOOD)


async def page(request: Request) -> Response:
    """Show the findings of a look at everything, made now."""
    with_role(request, "admin")
    services: Services = request.app.state.services
    supervision: Supervision = request.app.state.supervision
    extensions: Extensions = request.app.state.extensions
    health = await examine(services, supervision, extensions)
    findings = sorted(health.findings, key=lambda finding: WORST_FIRST.index(finding.verdict))
    told = [(finding.verdict, finding.say(locale(request))) for finding in findings]
    return render(
        request,
        "console/health.html",
        health=health,
        findings=told,
        layers=layers(health.isolation, locale(request)) if health.isolation else (),
        layer_words=LAYER_WORDS,
        level=LEVELS[health.isolation.level].in_(locale(request)) if health.isolation else "",
    )


routes = [Route("/console/health", page)]
