"""What a member of a publisher may do. Pure."""

from enum import StrEnum


class Role(StrEnum):
    """How somebody belongs to a publisher."""

    OWNER = "owner"
    """Everything, members included."""
    MAINTAINER = "maintainer"
    """Uploads, submits, answers reviewers; does not decide who belongs."""


class Right(StrEnum):
    """One thing that a member may do."""

    SEE = "see"
    """Look at the publisher's mini-apps, uploads and submissions."""
    PUBLISH = "publish"
    """Upload, submit, withdraw, answer, and hold tokens for it."""
    MANAGE = "manage"
    """Add and remove members, end anybody's tokens."""


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MAINTAINER: frozenset({Right.SEE, Right.PUBLISH}),
}


def may(role: Role | None, right: Right) -> bool:
    """Tell whether a role carries a right; no role carries none."""
    return role is not None and right in RIGHTS[role]
