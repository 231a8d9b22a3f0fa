"""Findings on how far mini-apps are isolated: what the supervisor reports, and whether it answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yimen_host.runtime.contract import Concern, IsolationReport, Remark
from yimen_host.runtime.health.attacks import tries
from yimen_host.runtime.health.finding import Finding, Phrase, Verdict
from yimen_host.runtime.probes.table import BY_NAME
from yimen_host.runtime.sandbox.layers import (
    CONTAINER,
    FULL,
    NONE,
    PARTIAL,
    ROOTLESS,
    THIRD_PARTY_LEVEL,
    Layer,
    LayerState,
)
from yimen_host.runtime.whys import advise, tell
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Said

LEVELS: Mapping[int, Bilingual] = {
    FULL: Bilingual(zh="完整", en="full"),
    ROOTLESS: Bilingual(zh="无需 root", en="rootless"),
    CONTAINER: Bilingual(zh="容器", en="container"),
    PARTIAL: Bilingual(zh="不完整", en="partial"),
    NONE: Bilingual(zh="无", en="none"),
}
"""What each level is called."""
_ISOLATION = Bilingual(zh="隔离", en="Isolation")
_NOTE = Bilingual(zh="隔离说明", en="Note on isolation")
_ALERT = Bilingual(zh="隔离警报", en="Isolation alert")
_REMARKS = {
    Concern.BEING_CHECKED: Bilingual(
        zh="正在试探：有结果以前，不启动任何版本", en="the canary is being sent: no release starts before it is back"
    ),
    Concern.UNREADABLE: Bilingual(
        zh="其他账户不能读取 {about}：请 chmod o+rX，或把 Python 装在别处",
        en="{about} is not readable for other accounts: chmod o+rX it, or install Python elsewhere",
    ),
    Concern.OPEN: Bilingual(zh="攻击 {about} 成功了：{tries}", en="probe {about} is open: {tries}"),
    Concern.BROKEN: Bilingual(
        zh="攻击 {about} 没有试成，按成功计：{tries}。{how}",
        en="probe {about} is broken, so it counts as open: {tries}. {how}",
    ),
    Concern.NO_CANARY: Bilingual(zh="试探没有结果：{how}", en="no canary came back: {how}"),
}
_EITHER = Bilingual(zh="{zh}", en="{en}")
_CHECKED = Bilingual(zh="{when} 试了 {probes} 种攻击", en="{probes} probes at {when}")
_UNCHECKED = Phrase(Bilingual(zh="还没有试探", en="not checked yet"))


@dataclass(frozen=True)
class Isolated(Finding):
    """Enough for mini-apps of third parties."""

    verdict, of = Verdict.GOOD, _ISOLATION
    told = Bilingual(zh="等级 {level}（{name}）；{checked}", en="level {level}, {name}; {checked}")
    level: int
    name: Phrase
    checked: Phrase


@dataclass(frozen=True)
class TooOpen(Isolated):
    """Third parties' mini-apps are kept back."""

    verdict = Verdict.BAD
    advice = Bilingual(
        zh=f"第三方小程序需要等级 {THIRD_PARTY_LEVEL}：请看下面各层的说明",
        en=f"third parties need level {THIRD_PARTY_LEVEL}: see what the layers below say",
    )


@dataclass(frozen=True)
class Noted(Finding):
    """What would raise the level, or what the level leaves open."""

    verdict, of, told = Verdict.WARNING, _NOTE, Bilingual(zh="{remark}", en="{remark}")
    remark: Phrase


@dataclass(frozen=True)
class Alerted(Noted):
    """An attack succeeded, or could not be tried."""

    verdict, of = Verdict.BAD, _ALERT
    advice = Bilingual(zh="在它消除以前，不启动小程序", en="mini-apps are kept back until it is closed")


@dataclass(frozen=True)
class LayerFailed(Finding):
    """A layer was declared and did not succeed."""

    verdict, of, told = (
        Verdict.BAD,
        Bilingual(zh="隔离层 {layer}", en="Layer {layer}"),
        Bilingual(zh="{why}", en="{why}"),
    )
    advice = Bilingual(zh="请看 log/supervisor.log", en="see log/supervisor.log")
    layer: str
    why: Phrase


@dataclass(frozen=True)
class SupervisorAway(Finding):
    """No mini-app starts."""

    verdict, of = Verdict.BAD, Bilingual(zh="监管进程", en="Supervisor")
    told = Bilingual(zh="没有回答", en="it does not answer")
    advice = Bilingual(
        zh="请启动它（`yimen-host run`，或它自己的服务单元），并看 log/supervisor.log",
        en="start it (`yimen-host run`, or its own unit), and look at log/supervisor.log",
    )


def isolation(report: IsolationReport) -> Iterator[Finding]:
    """Take a report apart."""
    kind = Isolated if report.level >= THIRD_PARTY_LEVEL else TooOpen
    yield kind(report.level, Phrase(LEVELS[report.level]), _checked(report))
    yield from (Alerted(phrase(remark)) for remark in report.alerts)
    yield from (Noted(phrase(remark)) for remark in report.notes)
    for layer in report.layers:
        if layer.state is LayerState.FAILED:
            yield LayerFailed(layer.layer, _why([layer.why] if layer.why else []))


@dataclass(frozen=True)
class LayerSaid:
    """One layer in one language."""

    name: Layer
    state: LayerState
    why: str
    advice: str


def layers(report: IsolationReport, language: str) -> list[LayerSaid]:
    """Say every layer, and of each that is missing why, and what would bring it: the same advice only once."""
    told: list[LayerSaid] = []
    for layer in report.layers:
        why = (layer.why,) if layer.why else ()
        advice = advise(why, language)
        is_new = advice not in {before.advice for before in told}
        told.append(LayerSaid(layer.layer, layer.state, tell(why, language), advice if is_new else ""))
    return told


def phrase(remark: Remark) -> Phrase:
    """A remark of the supervisor's in words."""
    tried = Phrase(tries(remark.about)) if remark.about in BY_NAME else ""
    values = {"about": remark.about, "how": remark.how or _why(remark.why), "tries": tried}
    return Phrase(_REMARKS[remark.concern], values)


def _why(why: Sequence[Said]) -> Phrase:
    """What the supervisor said, in words."""
    return Phrase(_EITHER, {"zh": tell(why, "zh"), "en": tell(why, "en")})


def _checked(report: IsolationReport) -> Phrase:
    if report.checked_at is None:
        return _UNCHECKED
    return Phrase(_CHECKED, {"when": f"{report.checked_at:%Y-%m-%d %H:%M} UTC", "probes": report.probes})
