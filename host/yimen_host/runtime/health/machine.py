"""Findings on the machine and the settings: disk, keys, domains, and the file of quotas."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from yimen_host.domains import Layout
from yimen_host.runtime.health.finding import Finding, Phrase, Verdict
from yimen_host.runtime.quotas import Quotas, QuotasUnreadable
from yimen_host.settings import Settings
from yimen_sdk.bilingual import Bilingual

LEAST_FREE = 0.05
"""Of the disk, and of the files it may hold: below that writing fails soon."""
_DISK = Bilingual(zh="磁盘", en="Disk")
_KEYS = Bilingual(zh="密钥", en="Keys")
_DOMAINS = Bilingual(zh="域名", en="Domains")
_LAYOUTS = {
    Layout.SEPARATE: Phrase(Bilingual(zh="两个注册域名，各自独立", en="separate registrable domains")),
    Layout.LOCAL: Phrase(Bilingual(zh="本机", en="on this machine alone")),
    Layout.SHARED: Phrase(Bilingual(zh="共用一个注册域名", en="one registrable domain for both")),
}


@dataclass(frozen=True)
class DomainsApart(Finding):
    """Browsers keep mini-apps and the portal apart."""

    verdict, of, told = (
        Verdict.GOOD,
        _DOMAINS,
        Bilingual(zh="{portal} 与 {apps}：{how}", en="{portal} and {apps}: {how}"),
    )
    portal: str
    apps: str
    how: Phrase


@dataclass(frozen=True)
class DomainsSharedAccepted(DomainsApart):
    """They do not, and the operator knows it."""

    verdict = Verdict.WARNING
    told = Bilingual(
        zh="{portal} 与 {apps}：{how}；已由 YIMEN_ACCEPT_SHARED_DOMAIN 接受",
        en="{portal} and {apps}: {how}; accepted by YIMEN_ACCEPT_SHARED_DOMAIN",
    )
    advice = Bilingual(
        zh="请把 YIMEN_APPS_DOMAIN 设为另一个注册域名", en="set YIMEN_APPS_DOMAIN to a registrable domain of its own"
    )


@dataclass(frozen=True)
class DomainsShared(DomainsApart):
    """They do not, so no mini-app is served."""

    verdict = Verdict.BAD
    told = Bilingual(
        zh="{portal} 与 {apps}：{how}；不提供任何小程序", en="{portal} and {apps}: {how}; no mini-app is served"
    )
    advice = Bilingual(
        zh="请把 YIMEN_APPS_DOMAIN 设为另一个注册域名，或者接受风险（YIMEN_ACCEPT_SHARED_DOMAIN=1）",
        en="set YIMEN_APPS_DOMAIN to a registrable domain of its own, or accept it (YIMEN_ACCEPT_SHARED_DOMAIN=1)",
    )


@dataclass(frozen=True)
class DiskRoomy(Finding):
    """There is room."""

    verdict, of = Verdict.GOOD, _DISK
    told = Bilingual(
        zh="{var} 剩余 {free:.1f} GiB，共 {total:.1f} GiB", en="{free:.1f} of {total:.1f} GiB free in {var}"
    )
    var: Path
    free: float
    total: float


@dataclass(frozen=True)
class DiskLow(DiskRoomy):
    """Writing fails soon."""

    verdict, advice = Verdict.BAD, Bilingual(zh="请腾出空间，或增加磁盘", en="make room, or add a disk")


@dataclass(frozen=True)
class DiskAway(Finding):
    """The directory is not there."""

    verdict, of, told = Verdict.BAD, _DISK, Bilingual(zh="{var}：{reason}", en="{var}: {reason}")
    advice = Bilingual(zh="请把 YIMEN_VAR 设为一个可用的目录", en="set YIMEN_VAR to a directory of yours")
    var: Path
    reason: str


@dataclass(frozen=True)
class KeysKept(Finding):
    """They are there, for the host alone."""

    verdict, of, told = Verdict.GOOD, _KEYS, Bilingual(zh="{path}，只有本账户可读", en="{path}, for this account alone")
    path: Path


@dataclass(frozen=True)
class KeysAway(Finding):
    """Nothing that was encrypted can be read."""

    verdict, of, told = Verdict.BAD, _KEYS, Bilingual(zh="{path}：{reason}", en="{path}: {reason}")
    advice = Bilingual(zh="请恢复密钥的备份", en="put the backup of the keys back")
    path: Path
    reason: str


@dataclass(frozen=True)
class KeysShown(Finding):
    """Others of the machine can read them."""

    verdict, of = Verdict.BAD, _KEYS
    told = Bilingual(zh="其他账户可以读取 {path}（权限 {mode:o}）", en="{path} may be read by others (mode {mode:o})")
    advice = Bilingual(zh="chmod 600 {path}", en="chmod 600 {path}")
    path: Path
    mode: int


@dataclass(frozen=True)
class QuotasFaulty(Finding):
    """The limits before the fault go on."""

    verdict, of = Verdict.BAD, Bilingual(zh="用量上限文件", en="Quotas")
    told = Bilingual(zh="不能读取：{reason}", en="they cannot be read: {reason}")
    advice = Bilingual(
        zh="请改正文件；在此之前，正在运行的主机沿用原来的上限",
        en="correct the file; until then a host that runs goes on with the limits it had",
    )
    reason: str


def domains(settings: Settings) -> Finding:
    """Look whether browsers keep mini-apps and the portal apart."""
    told = settings.portal_origin, settings.app_origin("*"), _LAYOUTS[settings.layout]
    if settings.layout is not Layout.SHARED:
        return DomainsApart(*told)
    return DomainsSharedAccepted(*told) if settings.accept_shared_domain else DomainsShared(*told)


def disk(var: Path) -> Finding:
    """Look how much can be written."""
    try:
        room, files = shutil.disk_usage(var), os.statvfs(var)
    except OSError as error:
        return DiskAway(var, error.strerror or str(error))
    shares = [room.free / room.total, *([files.f_favail / files.f_files] if files.f_files else [])]
    kind = DiskLow if min(shares) < LEAST_FREE else DiskRoomy
    return kind(var, room.free / 2**30, room.total / 2**30)


def keys(var: Path) -> Finding:
    """Look who can read the keys."""
    path = var / "keys" / "master.json"
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        return KeysAway(path, error.strerror or str(error))
    return KeysShown(path, mode) if mode & 0o077 else KeysKept(path)


def quotas(settings: Settings) -> list[Finding]:
    """Look whether the operator's file can be read."""
    try:
        Quotas.read(settings.quotas)
    except QuotasUnreadable as error:
        return [QuotasFaulty(error.message)]
    return []
