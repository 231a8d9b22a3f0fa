"""Launching: the portal hands a resident over to a mini-app's origin by a ticket that is good once, for 30 seconds."""

import datetime as dt
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from yimen_host.core.ids import new_secret
from yimen_host.core.pages import local_path
from yimen_host.core.services import Services
from yimen_host.identity.sessions import SignedIn
from yimen_host.runtime import store
from yimen_host.runtime.models import LaunchTicketRow
from yimen_host.runtime.sessions import AppSessions

TICKET_LIFE = dt.timedelta(seconds=30)
PATH = "/.yimen/launch"


class Launches:
    """Issues tickets on the portal's side and takes them on the mini-app's."""

    def __init__(self, services: Services, sessions: AppSessions) -> None:
        self._services = services
        self._sessions = sessions

    async def address(
        self, visitor: SignedIn, app_id: str, to: str, *, locale: str, look: str, mandate_id: str | None = None
    ) -> str:
        """Issue a ticket and tell the address on the mini-app's origin that takes it."""
        secret, now = new_secret(), self._services.clock.now()
        async with self._services.database.transaction() as session:
            row = LaunchTicketRow(
                secret_hash=self._hash(secret),
                app_id=app_id,
                resident_id=visitor.resident_id,
                session_id=visitor.session_id,
                mandate_id=mandate_id,
                expires_at=now + TICKET_LIFE,
            )
            await store.add_ticket(session, row)
        query = urlencode({"ticket": secret, "to": local_path(to), "locale": locale, "look": look})
        return f"{self._services.settings.app_origin(app_id)}{PATH}?{query}"

    async def take(self, request: Request) -> Response:
        """Turn a ticket into the origin's own session cookie; a used or stale one leads back to the portal."""
        app_id: str = request.state.app_id
        target = local_path(request.query_params.get("to"))
        async with self._services.database.transaction() as session:
            ticket = await store.use_ticket(
                session, self._hash(request.query_params.get("ticket", "")), app_id, self._services.clock.now()
            )
        if ticket is None:
            back = urlencode({"to": target})
            return RedirectResponse(f"{self._services.settings.portal_origin}/apps/{app_id}?{back}", 303)
        secret = await self._sessions.begin(
            app_id,
            ticket,
            locale="en" if request.query_params.get("locale") == "en" else "zh",
            look="elder" if request.query_params.get("look") == "elder" else "standard",
        )
        response = RedirectResponse(target, 303)
        self._sessions.keep(response, secret)
        return response

    def _hash(self, secret: str) -> str:
        return self._services.keyring.fingerprint("ticket", secret)
