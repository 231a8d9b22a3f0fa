"""Which language a terminal speaks."""

from collections.abc import Mapping

NAMES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""POSIX.1-2017, 8.2: the first of these that says anything."""


def language_of(environment: Mapping[str, str]) -> str:
    """Return `zh` where the terminal is Chinese, else `en`."""
    named = next((found for name in NAMES if (found := environment.get(name))), "")
    return "zh" if named.lower().startswith("zh") else "en"
