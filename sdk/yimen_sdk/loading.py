"""Loads one package's mini-app, step by step, so that each way to be wrong has its own sentence."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

import pluggy

from yimen_sdk import hooks
from yimen_sdk.errors import YimenError
from yimen_sdk.miniapp import MiniApp
from yimen_sdk.tracebacks import own


class LoadError(YimenError):
    """The package cannot be loaded as a mini-app; the message says what to change."""

    code = "cannot_load"


def load_miniapp(module: str, app_id: str) -> MiniApp:
    """Import a package and take the mini-app it offers.

    Raises LoadError when the package does not import, misspells a hook, or offers nothing that fits.
    """
    try:
        plugin = importlib.import_module(module)
    except ImportError as error:
        _cut(error, module)
        raise LoadError(f"{module} does not import: {error}") from error
    except Exception as error:  # whatever a package does while it is imported is its author's to mend
        _cut(error, module)
        raise LoadError(f"{module} does not import: {type(error).__name__}: {error}") from error
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    try:
        manager.register(plugin, name=app_id)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise LoadError(f"{module} misuses a hook: {error}") from error
    offered = _offered(manager, module)
    wrong = [app for app in offered if not isinstance(app, MiniApp)]
    if wrong:
        raise LoadError(f"{module} offers {wrong[0]!r}, which is not a MiniApp")
    if not offered:
        raise LoadError(f"{module} offers no mini-app: mark yimen_miniapps() with @hookimpl and return [app]")
    if len(offered) > 1:
        named = [app for app in offered if app.id == app_id]
        if len(named) != 1:
            raise LoadError(
                f"{module} offers {len(offered)} mini-apps; exactly one must be MiniApp(..., id={app_id!r})"
            )
        return named[0]
    return offered[0]


def _offered(manager: pluggy.PluginManager, module: str) -> list[MiniApp]:
    try:
        offers: list[object] = manager.hook.yimen_miniapps()
    except Exception as error:  # as above
        raise LoadError(f"{module}: yimen_miniapps() raises {type(error).__name__}: {error}") from error
    if not all(isinstance(offer, list) for offer in offers):
        raise LoadError(f"{module}: yimen_miniapps() must return a list of mini-apps, such as [app]")
    return [app for offer in offers if isinstance(offer, list) for app in offer]


def _cut(error: Exception, module: str) -> None:
    """Leave out the frames of the import itself; a syntax error names its line anyway."""
    found = find_spec(module.partition(".")[0])
    place = Path(found.origin).parent if found and found.origin else None
    error.__traceback__ = own(error.__traceback__, place)


def forget(module: str) -> None:
    """Drop a package from the interpreter's memory, so that the next load reads its files anew (``yimen dev``)."""
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        del sys.modules[name]
