"""Findings from what the host's processes on this machine counted, mini-app by mini-app, and on its extensions."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from yimen_host.runtime.extensions.loading import Extensions, State
from yimen_host.runtime.health.finding import Finding, Phrase, Verdict
from yimen_host.runtime.metrics.neighbours import Told
from yimen_host.runtime.sandbox.confinement import MIB
from yimen_sdk.bilingual import Bilingual

_EXTENSION = Bilingual(zh="扩展 {name}", en="Extension {name}")


@dataclass(frozen=True)
class AppFull(Finding):
    """It is stopped for what it keeps."""

    verdict, of = Verdict.BAD, Bilingual(zh="数据库 {app_id}", en="Database of {app_id}")
    told = Bilingual(
        zh="它存放了 {mib:.0f} MiB，上限 {most} MiB，不能再连接数据库",
        en="it keeps {mib:.0f} of {most} MiB in the database, and may not connect to it",
    )
    advice = Bilingual(
        zh="请在 YIMEN_QUOTAS 中调高它的 database_mib，或请开发者发布一个清理数据的迁移",
        en="raise its database_mib in YIMEN_QUOTAS, or have its publisher release a migration that clears out",
    )
    app_id: str
    mib: float
    most: int


@dataclass(frozen=True)
class ProcessSilent(Finding):
    """It stands still."""

    verdict, of = Verdict.BAD, Bilingual(zh="进程 {name}", en="Process {name}")
    told = Bilingual(zh="没有回答", en="it does not answer")
    advice = Bilingual(zh="请看它的日志", en="see its log")
    name: str


@dataclass(frozen=True)
class AppOverQuota(Finding):
    """It asked for more than it may have."""

    verdict, of = Verdict.WARNING, Bilingual(zh="用量上限 {app_id}", en="Quota of {app_id}")
    told = Bilingual(zh="主机启动以来超过上限的次数：{times}", en="times over its limits since the host began: {times}")
    advice = Bilingual(
        zh="如果它理应这么忙，请在 YIMEN_QUOTAS 中调高上限",
        en="raise its limit in YIMEN_QUOTAS, if it is meant to be so busy",
    )
    app_id: str
    times: str
    """Each limit by its name in the file of quotas."""


@dataclass(frozen=True)
class WebSocketsAsked(Finding):
    """It keeps connections open, or wants to."""

    verdict, of = Verdict.GOOD, Bilingual(zh="WebSocket 连接 {app_id}", en="WebSockets of {app_id}")
    told = Bilingual(
        zh="现有 {open} 个；主机启动以来打开过 {opened} 个，拒绝了 {refused} 个",
        en="{open} open; since the host began {opened} were opened and {refused} refused",
    )
    app_id: str
    open: int
    opened: int
    refused: int


@dataclass(frozen=True)
class ExtensionLoaded(Finding):
    """It is in use."""

    verdict, of, told = Verdict.GOOD, _EXTENSION, Bilingual(zh="{offers}", en="{offers}")
    name: str
    offers: Phrase


@dataclass(frozen=True)
class ExtensionLeftOut(Finding):
    """It cannot be used."""

    verdict, of, told = Verdict.BAD, _EXTENSION, Bilingual(zh="没有使用：{reason}", en="it is left out: {reason}")
    advice = Bilingual(zh="请修好它，或从 YIMEN_EXTENSIONS 中去掉", en="repair it, or take it out of YIMEN_EXTENSIONS")
    name: str
    reason: str


def processes(told: Told) -> Iterator[Finding]:
    """Sum up what all processes counted, and name those that say nothing."""
    kept = {app_id: kept for counts in told.counts for app_id, kept in counts.kept.items()}
    for app_id, one in sorted(kept.items()):
        if one.is_stopped:
            yield AppFull(app_id, one.size / MIB, one.most // MIB)
    yield from (ProcessSilent(name) for name in told.silent)
    yield from _over(told)
    yield from _sockets(told)


def extensions(loaded: Extensions) -> Iterator[Finding]:
    """Name each extension of the operator's."""
    for record in loaded.records:
        if record.state is State.LOADED:
            yield ExtensionLoaded(record.name, _offered(record.offers))
        else:
            yield ExtensionLeftOut(record.name, record.reason)


def _offered(offers: Sequence[Bilingual]) -> Phrase:
    values = {"zh": "、".join(offer.zh for offer in offers), "en": ", ".join(offer.en for offer in offers)}
    return Phrase(Bilingual(zh="{zh}", en="{en}"), values)


def _over(told: Told) -> Iterator[Finding]:
    over: dict[str, Counter[str]] = defaultdict(Counter)
    for counts in told.counts:
        for app_id, quota, count in counts.refused():
            over[app_id][quota] += count
    for app_id, times in sorted(over.items()):
        yield AppOverQuota(app_id, ", ".join(f"{name} {count}" for name, count in sorted(times.items())))


def _sockets(told: Told) -> Iterator[Finding]:
    """Those of each mini-app that ever had one asked for."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for counts in told.counts:
        for app_id, served in counts.traffic.items():
            asked[app_id].update(asdict(served.sockets))
    yield from (WebSocketsAsked(app_id, **asked[app_id]) for app_id in sorted(asked) if any(asked[app_id].values()))
