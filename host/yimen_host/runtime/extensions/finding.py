"""Finds an extension among the installed distributions and says, without importing it, whether it fits this host."""

from collections.abc import Iterable
from importlib import metadata
from importlib.metadata import EntryPoint

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

GROUP = "yimen.extensions"
HOST = "yimen-host"


class Unfit(Exception):
    """The extension cannot be used; the message says why, in one sentence for the operator."""


def find(name: str) -> EntryPoint:
    """The one installed extension of this name. Raises Unfit."""
    found = tuple(metadata.entry_points(group=GROUP, name=name))
    if not found:
        raise Unfit(f"no installed distribution offers an extension {name!r} in its entry points {GROUP!r}")
    if len(found) > 1:
        owners = ", ".join(sorted(point.dist.name for point in found if point.dist))
        raise Unfit(f"several distributions call an extension {name!r}: {owners}")
    return found[0]


def check_range(point: EntryPoint, host_version: str) -> None:
    """Compare what the distribution requires of the host with the host there is. Raises Unfit."""
    assert point.dist is not None
    ranges = [need.specifier for need in _needs(point.dist.requires or ()) if canonicalize_name(need.name) == HOST]
    if not ranges:
        raise Unfit(f"{point.dist.name} does not say which {HOST} it works with: it must require {HOST}>=…,<…")
    if not all(one.contains(Version(host_version), prereleases=True) for one in ranges):
        wanted = ",".join(str(one) for one in ranges)
        raise Unfit(f"{point.dist.name} {point.dist.version} works with {HOST}{wanted}, and this is {host_version}")


def _needs(lines: Iterable[str]) -> Iterable[Requirement]:
    for line in lines:
        try:
            need = Requirement(line)
        except InvalidRequirement as error:
            raise Unfit(f"its requirement {line!r} cannot be read") from error
        if need.marker is None or need.marker.evaluate():
            yield need
