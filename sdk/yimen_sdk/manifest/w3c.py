"""The manifest as the W3C MiniApp Manifest (Working Draft of 2025-01-28) writes it.

What that draft has no member for goes into members with the prefix `yimen_`, as the draft asks of vendors.
"""

from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from yimen_sdk.manifest.model import Icon, Manifest

DEFAULT_ICON = "/.yimen/static/miniapp.svg"
"""Where the platform serves a drawn initial for a mini-app that brings no icon."""

Json = dict[str, Any]  # `Any`: JSON


def to_w3c(manifest: Manifest, *, language: str = "zh") -> Json:
    """Render `manifest.json` in one language."""
    rendered: Json = {
        "app_id": manifest.id,
        "name": manifest.title.in_(language),
        "short_name": manifest.title.in_(language),
        "lang": "en" if language.startswith("en") else "zh-CN",
        "icons": [_icon(icon, language) for icon in manifest.icons] or [{"src": DEFAULT_ICON, "sizes": "any"}],
        "pages": [page.path.removeprefix("/") or "." for page in manifest.pages],
        "platform_version": {"min_code": _lowest_major(manifest.sdk), "release_type": "Release"},
        "version": {"code": version_code(manifest.version), "name": manifest.version or "0.0.0"},
        "req_permissions": [
            {"name": f"yimen.permission.{scope.name}", "reason": scope.reason.in_(language)}
            for scope in manifest.scopes
        ],
        "yimen_category": manifest.category.value,
        "yimen_regions": list(manifest.regions),
        "yimen_network": [entry.host for entry in manifest.network],
        "yimen_optional_permissions": [s.name for s in manifest.scopes if s.optional],
    }
    if manifest.description:
        rendered["description"] = manifest.description.in_(language)
    if manifest.complaint:
        rendered["yimen_complaint"] = manifest.complaint
    return rendered


def version_code(version: str | None) -> int:
    """Return the integer that the draft wants beside the version name: it grows with the version."""
    try:
        major, minor, micro = (*Version(version or "0.0.0").release, 0, 0)[:3]
    except InvalidVersion:
        return 1
    return max(1, major * 1_000_000 + minor * 1_000 + micro)


def _icons(icons: tuple[Icon, ...], language: str) -> list[Json]:
    return [_icon(icon, language) for icon in icons] or [{"src": DEFAULT_ICON, "sizes": "any"}]


def _icon(icon: Icon, language: str) -> Json:
    rendered: Json = {"src": icon.src, "sizes": icon.sizes}
    if icon.label:
        rendered["label"] = icon.label.in_(language)
    return rendered


def _lowest_major(sdk_range: str) -> int:
    floors = [part.version for part in SpecifierSet(sdk_range) if part.operator in {">=", ">", "==", "~="}]
    return max((Version(floor.removesuffix(".*")).major for floor in floors), default=1) or 1
