"""Sessions: a signed-in browser, its cookie, and how each is ended."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from yimen_host.core.errors import Forbidden, SignInNeeded
from yimen_host.core.ids import new_secret
from yimen_host.core.services import Services
from yimen_host.identity import changes, store
from yimen_host.identity.accounts import Account, Accounts
from yimen_host.identity.models import SessionRow

COOKIE = "__Host-session"
LIFE = dt.timedelta(days=14)
SEEN_STEP = dt.timedelta(minutes=5)  # not a write for each page
BROWSER_CHARACTERS = 120


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, on which browser."""

    session_id: str
    account: Account

    @property
    def resident_id(self) -> str:
        return self.account.id

    @property
    def display_name(self) -> str:
        return self.account.display_name

    @property
    def roles(self) -> frozenset[str]:
        return self.account.roles


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, services: Services, accounts: Accounts) -> None:
        self._services = services
        self._accounts = accounts

    async def begin(self, resident_id: str, browser: str) -> str:
        """Begin a session and tell the secret for the cookie: a fresh one at each sign-in, so nothing to fixate."""
        secret, now = new_secret(), self._services.clock.now()
        async with self._services.database.transaction() as session:
            row = SessionRow(
                id=self._services.ids.new("ses"),
                secret_hash=self._hash(secret),
                resident_id=resident_id,
                browser=browser[:BROWSER_CHARACTERS],
                created_at=now,
                seen_at=now,
                expires_at=now + LIFE,
            )
            await store.add_session(session, row)
        return secret

    async def find(self, secret: str | None) -> SignedIn | None:
        """Who a cookie belongs to, or None."""
        if not secret:
            return None
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            row = await store.live_session(session, self._hash(secret), now)
            if row is None:
                return None
            if now - row.seen_at > SEEN_STEP:
                await store.see_session(session, row.id, now)
            account = await self._accounts.open(session, row.resident_id)
        return SignedIn(row.id, account) if account else None

    async def listed(self, resident_id: str) -> Sequence[SessionRow]:
        """The live sessions of an account."""
        async with self._services.database.transaction() as session:
            return await store.sessions(session, resident_id, self._services.clock.now())

    async def end(self, resident_id: str, *, only: str | None = None, but: str | None = None) -> None:
        """End one session or all but one; every node and every mini-app session under it hears of it."""
        async with self._services.database.transaction() as session:
            await store.end_sessions(session, resident_id, self._services.clock.now(), only=only, but=but)
            await changes.tell(session, self._services.keyring, resident_id)

    def _hash(self, secret: str) -> str:
        return self._services.keyring.fingerprint("session", secret)


def present(request: Request) -> SignedIn:
    """Who is signed in. Raises SignInNeeded."""
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, SignedIn):
        raise SignInNeeded("请先登录")
    return viewer


def with_role(request: Request, *roles: str) -> SignedIn:
    """Who is signed in and has one of these duties. Raises SignInNeeded and Forbidden."""
    viewer = present(request)
    if not viewer.roles & set(roles):
        raise Forbidden("您没有这个页面的权限")
    return viewer


def keep(response: Response, secret: str) -> None:
    """Put the cookie of a new session on an answer."""
    response.set_cookie(
        COOKIE, secret, max_age=int(LIFE.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )


def forget(response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
