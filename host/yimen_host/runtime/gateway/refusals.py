"""What the gateway answers for a mini-app that may not, cannot or does not: the same to HTTP and to WebSockets."""

from collections.abc import Mapping

from yimen_host.runtime.gateway.ports import Reason, TargetState
from yimen_host.runtime.gateway.requests import Refused

STOPPED: Mapping[TargetState, Refused] = {
    TargetState.SUSPENDED: Refused(503, Reason.SUSPENDED),
    TargetState.QUARANTINED: Refused(503, Reason.QUARANTINED),
    TargetState.FULL: Refused(503, Reason.FULL),
    TargetState.REMOVED: Refused(410, Reason.REMOVED),
}
"""By the state of a mini-app that is not live."""
FAILURES: Mapping[str, Refused] = {
    "refused": Refused(503, Reason.NOT_RUNNING),
    "full": Refused(503, Reason.OVERLOADED),
    "closed": Refused(502, Reason.BROKEN_ANSWER),
    "framing": Refused(502, Reason.BROKEN_ANSWER),
    "slow": Refused(504, Reason.TOO_SLOW),
}
"""By the code of UpstreamFailed."""
RETRY_AFTER: Mapping[Reason, str] = {Reason.TOO_MANY: "1", Reason.NOBODY_KNOWN: "5", Reason.FULL: "300"}
"""Seconds. Who keeps too much goes on within seconds of making room, which takes its publisher longer."""
