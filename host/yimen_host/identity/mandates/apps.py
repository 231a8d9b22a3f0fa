"""The mini-apps that can be used for somebody else, as mandates need to know them: a port; the host's node fills it."""

from dataclasses import dataclass
from typing import Protocol

from yimen_sdk.resident import Locale


@dataclass(frozen=True)
class AskedScope:
    """A scope that a mandate can cover, with the reason that the mini-app gives."""

    name: str
    title: str
    reason: str


@dataclass(frozen=True)
class MandateApp:
    """A mini-app that can be used for somebody else."""

    app_id: str
    title: str
    scopes: tuple[AskedScope, ...]


class MandateAppSource(Protocol):
    """Tells which mini-apps they are."""

    def mandate_apps(self, language: Locale) -> list[MandateApp]:
        """All that are served, in a language."""
        ...
