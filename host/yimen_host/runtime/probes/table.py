"""All probes in one table, and the level that their findings leave."""

from collections.abc import Iterable, Mapping

from yimen_host.runtime.probes import files, memory, nuisances, privileges, processes, resources, sockets
from yimen_host.runtime.probes.probe import Finding, Outcome, Probe

PROBES: tuple[Probe, ...] = (
    *files.PROBES,
    *processes.PROBES,
    *sockets.PROBES,
    *privileges.PROBES,
    *resources.PROBES,
    *memory.PROBES,
    *nuisances.PROBES,
)
BY_NAME: Mapping[str, Probe] = {probe.name: probe for probe in PROBES}
assert len(BY_NAME) == len(PROBES), "every probe has a name of its own"


def opened(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that count against the sandbox."""
    return [finding for finding in findings if finding.outcome in (Outcome.OPEN, Outcome.BROKEN)]


def level_shown(claimed: int, findings: Iterable[Finding]) -> int:
    """Return the level that is true: what the layers claim, lowered by each probe that succeeded."""
    return min([claimed, *(BY_NAME[finding.probe].shows for finding in opened(findings))])
