"""What a plugin may offer the host. Hooks describe, they do not do: each returns values, at load, synchronously.

Things that happen are events (``@app.on``), not hooks.
"""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from yimen_sdk.miniapp import MiniApp

PROJECT = "yimen"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def yimen_miniapps() -> "list[MiniApp]":  # type: ignore[empty-body]  # a specification has no body
    """Offer mini-apps.

    When: once, when the release's process starts, before any request.
    Return: the package's mini-apps, usually one; the host picks the one that the manifest names.
    On error: this release is quarantined with its reason; no other is touched.
    Use in: mini-apps. Since 1.0.
    """
