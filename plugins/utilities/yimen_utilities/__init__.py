"""Utilities 生活缴费: link a power account, see what the bill is made of, pay it, follow it to the power company."""

from yimen_sdk import MiniApp, hookimpl
from yimen_utilities import pages, paid  # noqa: F401 - their routes and handlers belong to the mini-app
from yimen_utilities.app import app


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
