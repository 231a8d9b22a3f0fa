"""Secrets of no value, put where a careless zygote would carry them into the memory of every worker."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import Self

from yimen_host.runtime.probes.memory import LENGTH, MARK

HOST, FOREIGN = "YIMEN_BAIT_OF_THE_SUPERVISOR", "YIMEN_BAIT_OF_A_WORKER"
"""The names under which the supervisor's environment, and another worker's, hold them."""


@dataclass(frozen=True)
class Baits:
    """One secret of the supervisor's and one of another worker's."""

    host: str
    foreign: str

    @classmethod
    def lay(cls) -> Self:
        """Make both, and put the supervisor's into its environment, where operators put real ones."""
        baits = cls(_secret(), _secret())
        os.environ[HOST] = baits.host
        return baits

    @property
    def digests(self) -> tuple[str, str]:
        """What a worker may know of them."""
        return _digest(self.host), _digest(self.foreign)


def _secret() -> str:
    return MARK.decode() + secrets.token_hex((LENGTH - len(MARK)) // 2)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
