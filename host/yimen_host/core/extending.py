"""What the host hands to an operator's extension: the time, its own settings, and secrets of its own."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "YIMEN_EXT_"


class NotConfigured(Exception):
    """A setting is missing or wrong; the message is one sentence that names the variable to set."""


@dataclass(frozen=True)
class ExtensionContext:
    """What an extension may use of the host. ``settings`` are its own variables, lower-cased, without their prefix."""

    name: str
    now: Callable[[], dt.datetime]
    settings: Mapping[str, str]
    secret: Callable[[str], str]

    def need(self, setting: str) -> str:
        """A setting that must be there. Raises NotConfigured."""
        value = self.settings.get(setting, "").strip()
        if not value:
            raise NotConfigured(f"set {self.variable(setting)}")
        return value

    def content(self, setting: str) -> str:
        """What stands in the file that a setting names: a key, say. Raises NotConfigured."""
        path = self.need(setting)
        try:
            return Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(f"{self.variable(setting)}: {path} cannot be read ({error})") from error

    def variable(self, setting: str) -> str:
        """The environment variable of a setting."""
        return f"{prefix(self.name)}{setting.upper()}"


def prefix(name: str) -> str:
    """What the variables of an extension begin with, such as ``YIMEN_EXT_WECHATPAY_``."""
    return f"{PREFIX}{name.upper().replace('-', '_')}_"


def own_settings(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of one extension."""
    begin = prefix(name)
    return {key.removeprefix(begin).lower(): value for key, value in environment.items() if key.startswith(begin)}
