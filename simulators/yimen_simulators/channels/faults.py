"""What can be made to go wrong on purpose: in the answers, in the notices, and in the daily bill."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """The faults that are on. ``down``: every answer is 503. Silence is in seconds, before or after the work."""

    down: bool = False
    silent_before: float = 0
    silent_after: float = 0
    forged_answers: bool = False
    no_notices: bool = False
    notice_delay: float = 0
    duplicate_notices: int = 1
    altered_notices: bool = False
    replay_after: float = 0
    missing_line: bool = False
    extra_line: bool = False
    wrong_line: bool = False
    wrong_hash: bool = False
    refund_state: str = "SUCCESS"
    errors: list[str] = field(default_factory=list)
    """Error codes to answer the next requests with, in turn."""
