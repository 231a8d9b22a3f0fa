"""What changed between two manifests, and which change gives the mini-app more than it had."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from yimen_sdk.manifest.model import KeptData, Manifest, NetworkHost, ScopeRequest
from yimen_sdk.scopes import SCOPES, Sensitivity


class Action(StrEnum):
    """What happened to one thing."""

    ADDED = "added"
    """The old manifest did not have it."""
    REMOVED = "removed"
    """The new manifest no longer has it."""
    CHANGED = "changed"
    """Both have it, with different content."""


@dataclass(frozen=True)
class Change:
    """One difference: `scopes` `identity.phone` `added`."""

    field: str
    name: str
    action: Action
    before: Any  # `Any`: JSON values, shown side by side to the reviewer
    after: Any
    widens: bool
    """Whether residents must be asked again, or a reviewer must look."""


@dataclass(frozen=True)
class ManifestDiff:
    """All differences between two manifests, in the order of the manifest's fields."""

    changes: tuple[Change, ...]

    @property
    def widening(self) -> tuple[Change, ...]:
        """The changes that give the mini-app more than it had."""
        return tuple(change for change in self.changes if change.widens)

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The sensitive scopes that are new."""
        return tuple(
            change.name
            for change in self.changes
            if change.field == "scopes"
            and change.action is Action.ADDED
            and SCOPES[change.name].sensitivity is Sensitivity.SENSITIVE
        )


class _Entry(Protocol):
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


_LISTS = {
    "scopes": "name",
    "network": "host",
    "notices": "id",
    "data": "id",
    "service_items": "code",
    "pages": "path",
    "icons": "src",
}
_WIDEN_WHEN_ADDED = {"scopes", "network", "notices", "data", "events"}
_PLAIN_LISTS = ("events", "regions", "keywords", "audience")
_SCALARS = ("title", "category", "sdk", "description", "department", "contact", "complaint", "licence")


def diff(old: Manifest | None, new: Manifest) -> ManifestDiff:
    """Compare two manifests. Without an old one, everything is added."""
    changes = (*_scalars(old, new), *_entries(old, new), *_plain(old, new))
    return ManifestDiff(tuple(changes))


def _scalars(old: Manifest | None, new: Manifest) -> Iterator[Change]:
    was, now = _json(old), _json(new)
    for field in _SCALARS:
        if was.get(field) != now[field]:
            yield Change(field, field, _action(was.get(field), now[field]), was.get(field), now[field], False)


def _entries(old: Manifest | None, new: Manifest) -> Iterator[Change]:
    for field, key in _LISTS.items():
        was = _by_key(getattr(old, field) if old else (), key)
        now = _by_key(getattr(new, field), key)
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                yield _entry_change(field, name, was.get(name), now.get(name))


def _entry_change(field: str, name: str, was: _Entry | None, now: _Entry | None) -> Change:
    before = was.model_dump(mode="json") if was else None
    after = now.model_dump(mode="json") if now else None
    return Change(field, name, _action(was, now), before, after, _widens(field, was, now))


def _plain(old: Manifest | None, new: Manifest) -> Iterator[Change]:
    was_all, now_all = _json(old), _json(new)
    for field in _PLAIN_LISTS:
        was, now = set(was_all.get(field, ())), set(now_all[field])
        for value in sorted(was ^ now):
            action = Action.ADDED if value in now else Action.REMOVED
            before, after = (None, value) if value in now else (value, None)
            yield Change(field, value, action, before, after, field in _WIDEN_WHEN_ADDED and value in now)


def _widens(field: str, was: _Entry | None, now: _Entry | None) -> bool:
    match was, now:
        case None, _:
            return field in _WIDEN_WHEN_ADDED
        case ScopeRequest(), ScopeRequest():
            return was.optional and not now.optional
        case NetworkHost(), NetworkHost():
            return not set(now.used_by) <= set(was.used_by)
        case KeptData(), KeptData():
            return _days(now.kept) > _days(was.kept) or now.purpose != was.purpose
        case _:
            return False


def _days(kept: str) -> float:
    if kept == "until-removed":
        return float("inf")
    return int(kept[1:-1]) * {"D": 1, "M": 30, "Y": 365}[kept[-1]]


def _action(was: object, now: object) -> Action:
    if was is None:
        return Action.ADDED
    return Action.REMOVED if now is None else Action.CHANGED


def _by_key(entries: Sequence[Any], key: str) -> dict[str, Any]:
    return {getattr(entry, key): entry for entry in entries}


def _json(manifest: Manifest | None) -> dict[str, Any]:
    return manifest.model_dump(mode="json") if manifest else {}
