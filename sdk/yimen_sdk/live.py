"""A WebSocket of a mini-app: the same resident and platform as a page, for as long as it is open.

The platform closes it after an hour, after two silent minutes, and when the resident signs out: pages connect again.
"""

import logging
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket as StarletteWebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from yimen_sdk.errors import SignInRequired, YimenError
from yimen_sdk.resident import Resident
from yimen_sdk.web import Visit

LiveHandler = Callable[["WebSocket"], Awaitable[None]]
POLICY_VIOLATION = 1008
"""Close code of RFC 6455, section 7.4.1, with an error's code as the reason."""

log = logging.getLogger("yimen.miniapp")


class WebSocket(Visit, StarletteWebSocket):
    """A Starlette WebSocket that knows the resident and the platform.

    ``resident`` stays who opened it. ``host`` speaks for them during the first minute; later a page's request does.
    """

    _opened_by: Resident | None = None

    @property
    def visitor(self) -> Resident | None:
        """Who was signed in when it was opened, or None."""
        self._opened_by = self._opened_by or super().visitor
        return self._opened_by


async def converse(socket: WebSocket, handler: LiveHandler, *, public: bool) -> None:
    """Accept a socket, unless nobody is signed in and somebody must be; close it when the handler is done."""
    try:
        if socket.visitor is None and not public:
            raise SignInRequired("nobody is signed in")
    except SignInRequired as error:
        await socket.close(POLICY_VIOLATION, error.code)  # before it is accepted: the browser gets a 403
        return
    await socket.accept()
    try:
        await handler(socket)
    except WebSocketDisconnect:
        return
    except YimenError as error:
        log.warning("socket %s: %s: %s", socket.url.path, error.code, error.message)
        await _close(socket, POLICY_VIOLATION, error.code)
    else:
        await _close(socket, 1000, "")


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if WebSocketState.DISCONNECTED not in (socket.client_state, socket.application_state):
        await socket.close(code, reason)
