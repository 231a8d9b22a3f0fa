"""The console's page about the host itself: what stands as it should, and how far mini-apps are isolated."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import render
from yimen_host.core.services import Services
from yimen_host.identity.sessions import with_role
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health import Finding, Verdict, examine
from yimen_host.runtime.sandbox.layers import LayerState
from yimen_host.runtime.supervision import Supervision

KINDS = {
    "alert": "隔离警报",
    "connections": "数据库连接",
    "database": "数据库",
    "disk": "磁盘",
    "domains": "域名",
    "events given up": "已放弃的事件",
    "extension": "扩展",
    "isolation": "隔离",
    "keys": "密钥",
    "layer": "隔离层",
    "note": "隔离说明",
    "payments in doubt": "结果未明的付款",
    "process": "进程",
    "quota": "用量上限",
    "quotas": "用量上限文件",
    "refunds that wait for a person": "待人工处理的退款",
    "supervisor": "监管进程",
    "tables": "数据表",
    "unexplained differences": "未解释差额",
    "webhooks given up": "已放弃的 Webhook 通知",
    "websockets": "WebSocket 连接",
}
"""What people read of a finding's name: the whole of it, or its first word before what it is about."""
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
    health = await examine(services.settings, services.database, supervision, extensions)
    findings = sorted(health.findings, key=lambda finding: WORST_FIRST.index(finding.verdict))
    told = [(finding, *_named(finding)) for finding in findings]
    return render(request, "console/health.html", health=health, findings=told, layer_words=LAYER_WORDS)


def _named(finding: Finding) -> tuple[str, str]:
    """What a finding is of, in words, and what exactly."""
    if finding.name in KINDS:
        return KINDS[finding.name], ""
    kind, _, about = finding.name.partition(" ")
    return KINDS.get(kind, kind), about


routes = [Route("/console/health", page)]
