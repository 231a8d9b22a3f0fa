"""What the supervisor itself does against a hostile worker, whatever the kernel of the machine offers."""

from enum import StrEnum


class Guard(StrEnum):
    """One thing that the supervisor does; it is there at every level, and no configuration leaves it out."""

    CLEAN_ZYGOTE = "clean zygote"
    """Workers are forked from a program that has an empty environment and never reads anybody's orders."""
    LOG = "log limit"
    """What a worker writes is escaped, marked as its own, and limited by the minute."""
    LISTENER = "new listener"
    """A listening socket that its worker shut down is replaced."""
    DEADLINE = "deadline"
    """A worker that was told to end and does not is ended from outside."""
    HEARTBEAT = "heartbeat"
    """A worker that no longer tells that its event loop turns is ended."""
    REAPER = "reaper"
    """Where there is no process namespace, the zygote ends what a worker leaves behind."""
