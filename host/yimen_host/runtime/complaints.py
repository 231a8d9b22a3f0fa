"""Why a release does not run, or its worker was ended: kinds with words in both languages."""

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Kind, Said

_SEE_LOG = Bilingual(zh="请看它的日志", en="see its log")

LEVEL_TOO_LOW = Kind(
    "level-too-low",
    Bilingual(zh="它需要隔离等级 {needs}，本机是 {has}", en="it needs isolation level {needs}, this machine has {has}"),
    Bilingual(zh="请看主机状况中各层的说明", en="see what the host's health page says of each layer"),
)
NOT_PREPARED = Kind("not-prepared", Bilingual(zh="无法准备：{error}", en="it could not be prepared: {error}"))
LAYER_FAILED = Kind("layer-failed", Bilingual(zh="隔离层 {layer} 失败", en="layer {layer} failed"))
UNCONFINED = Kind("ended-unconfined", Bilingual(zh="它在受限之前就结束了", en="it ended before it was confined"))
NO_REPORT = Kind(
    "no-confinement-report",
    Bilingual(zh="它没有及时报告受限情况", en="it did not report its confinement in time"),
)
NOT_READY = Kind("not-ready", Bilingual(zh="它没有及时就绪", en="it was not ready in time"), _SEE_LOG)
NOT_LOADED = Kind(
    "not-loaded", Bilingual(zh="它在加载小程序时结束了", en="it ended while the mini-app was loaded"), _SEE_LOG
)
ATTACKS_LATE = Kind("attacks-late", Bilingual(zh="试探没有及时结束", en="its attacks did not end in time"))
ATTACKS_UNTOLD = Kind(
    "attacks-untold", Bilingual(zh="它没有说出试探的结果就结束了", en="it ended before it told what succeeded")
)
STOOD_STILL = Kind(
    "stood-still",
    Bilingual(zh="它的事件循环停住了", en="its event loop stood still"),
    Bilingual(
        zh="请求里不要做会停住进程的事（规则 requests-do-not-block）",
        en="do nothing in a request that stops the process (rule requests-do-not-block)",
    ),
)
NONSENSE = Kind(
    "nonsense", Bilingual(zh="它在监管进程的通道上乱说", en="it spoke nonsense on the supervisor's channel")
)
WENT_ON = Kind("went-on", Bilingual(zh="它关了通道还继续运行", en="it closed its channel and went on"))
DEAF = Kind("did-not-end", Bilingual(zh="让它结束，它没有结束", en="it did not end when told"))
TOO_MANY_FILES = Kind("too-many-files", Bilingual(zh="它的文件超过 {files} 个", en="it keeps more than {files} files"))
TOO_MANY_BYTES = Kind("too-many-bytes", Bilingual(zh="它的数据超过 {size} 字节", en="it keeps more than {size} bytes"))
SIGNALLED = Kind("signalled", Bilingual(zh="进程被信号 {signal} 结束", en="its worker was ended by signal {signal}"))
EXITED = Kind("exited", Bilingual(zh="进程以状态 {status} 结束", en="its worker ended with status {status}"), _SEE_LOG)
THREE_DEATHS = Kind(
    "three-deaths", Bilingual(zh="一分钟内结束了三次，最后一次", en="three deaths within a minute; the last")
)
SHARED_DOMAIN = Kind(
    "shared-domain",
    Bilingual(zh="{origin} 与门户共用一个注册域名", en="{origin} shares the portal's registrable domain"),
    Bilingual(
        zh="请运营者用 YIMEN_APPS_DOMAIN 另设一个域名，或以 YIMEN_ACCEPT_SHARED_DOMAIN=1 接受风险",
        en="set YIMEN_APPS_DOMAIN to a domain of its own, or YIMEN_ACCEPT_SHARED_DOMAIN=1 to accept the risk",
    ),
)
NOT_INSTALLED = Kind(
    "not-installed",
    Bilingual(zh="主机无法安装它", en="the host could not install it"),
    Bilingual(zh="原因在运营者的日志里", en="its operator finds the reason in the log"),
)
MIGRATION_FAILED = Kind(
    "migration-failed", Bilingual(zh="{app}：迁移 {step} 失败：{error}", en="{app}: migration {step} failed: {error}")
)
NOT_NUMBERED = Kind(
    "migrations-not-numbered",
    Bilingual(
        zh="{module}：迁移要从 0001 起连续编号", en="{module}: migrations must be numbered 0001, 0002, … without gaps"
    ),
)
TRIAL_OVER = Kind("trial-over", Bilingual(zh="试探结束了", en="its trial is over"))
COMPLAINTS = (
    LEVEL_TOO_LOW, NOT_PREPARED, LAYER_FAILED, UNCONFINED, NO_REPORT, NOT_READY, NOT_LOADED, ATTACKS_LATE,
    ATTACKS_UNTOLD, STOOD_STILL, NONSENSE, WENT_ON, DEAF, TOO_MANY_FILES, TOO_MANY_BYTES, SIGNALLED, EXITED,
    THREE_DEATHS, SHARED_DOMAIN, NOT_INSTALLED, MIGRATION_FAILED, NOT_NUMBERED, TRIAL_OVER,
)  # fmt: skip
"""All of these."""

Why = tuple[Said, ...]
"""A complaint, and what caused it; empty when there is nothing to complain about."""


def in_english(why: Why) -> str:
    """Return a complaint for a log, which its author reads."""
    return ": ".join(said.message for said in why)


def ending(status: int) -> Why:
    """Say how a worker ended that should not have."""
    return (SIGNALLED.said(signal=-status) if status < 0 else EXITED.said(status=status),)
