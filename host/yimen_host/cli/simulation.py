"""The demo's WeChat Pay and Alipay: a simulator beside the host, whose papers become the extensions' settings."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata

from yimen_host.settings import Settings

EXTENSIONS = ("wechatpay", "alipay")


def command(settings: Settings) -> list[str]:
    """What starts the simulator."""
    directory = settings.var.absolute() / "channels"
    return [
        *(sys.executable, "-m", "yimen_simulators.channels"),
        *("--port", str(settings.the_channels_port), "--dir", str(directory)),
    ]


def merchant(settings: Settings) -> Mapping[str, str]:
    """The settings with which the extensions talk to the simulator; what the operator set stays."""
    names = extensions(settings)
    if not names:
        return {}
    printed = subprocess.run([*command(settings), "--papers"], check=True, capture_output=True, text=True).stdout
    pairs = (line.split("=", 1) for line in printed.splitlines())
    return {**dict(pairs), "YIMEN_EXTENSIONS": ",".join(names)}


def extensions(settings: Settings) -> Sequence[str]:
    """The extensions of the demo: what the operator names, and what is installed of the two."""
    installed = {point.name for point in metadata.entry_points(group="yimen.extensions")}
    return tuple(dict.fromkeys((*settings.extensions, *(name for name in EXTENSIONS if name in installed))))
