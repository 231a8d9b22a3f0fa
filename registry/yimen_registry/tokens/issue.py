"""Giving out API tokens, ending them, and recognising one at the door."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store as apps
from yimen_registry.apps.models import AppState
from yimen_registry.errors import AppRemoved, Conflict, Invalid, NotFound, RegistryError
from yimen_registry.ids import new_id
from yimen_registry.log import store as log
from yimen_registry.publishers import membership
from yimen_registry.publishers import store as publishers
from yimen_registry.publishers.models import PublisherState
from yimen_registry.publishers.roles import Right, may
from yimen_registry.tokens import store
from yimen_registry.tokens.models import TokenRow
from yimen_registry.tokens.secret import hash_of, new_secret
from yimen_registry.tokens.store import Token

MAX_NAME = 60
"""Characters of a token's name: enough to say where it is kept."""
MAX_LIFE = dt.timedelta(days=366)
"""A token that nobody renews within a year belongs to nobody."""


class TokenRefused(RegistryError):
    """No token was shown, or one that is unknown, ended, expired, or whose maker no longer belongs."""

    code = "token_refused"
    status = 401


@dataclass(frozen=True)
class NewToken:
    """A token with its secret, which is never seen again."""

    token: Token
    secret: str


async def issue(
    session: AsyncSession,
    now: dt.datetime,
    *,
    publisher_id: str,
    by: str,
    name: str,
    app_id: str | None = None,
    life: dt.timedelta = MAX_LIFE,
) -> NewToken:
    """Make a token for a publisher's uploads, or for those of one mini-app. Raises Invalid, NotFound, NotAllowed."""
    await membership.require(session, publisher_id, by, Right.PUBLISH)
    if not 1 <= len(name.strip()) <= MAX_NAME or not dt.timedelta(0) < life <= MAX_LIFE:
        raise Invalid(f"a token has a name of 1 to {MAX_NAME} characters and lives at most {MAX_LIFE.days} days")
    app = await apps.app(session, app_id) if app_id else None
    if app_id and (app is None or app.publisher_id != publisher_id):
        raise NotFound(f"there is no mini-app {app_id!r} of yours")
    if app and app.state is AppState.REMOVED:
        raise AppRemoved(app.id)
    secret = new_secret()
    row = TokenRow(
        id=new_id("tok", now),
        hash=hash_of(secret),
        name=name.strip(),
        publisher_id=publisher_id,
        app_id=app_id,
        created_by=by,
        created_at=now,
        expires_at=now + life,
    )
    token = await store.add(session, row)
    details = {"token": token.id, "app": app_id}
    await log.append(session, now, actor=by, act="token.issued", thing=publisher_id, details=details)
    return NewToken(token, secret)


async def revoke(session: AsyncSession, now: dt.datetime, *, token_id: str, by: str) -> None:
    """End a token: one's own, or anybody's as an owner. Raises NotFound, NotAllowed or Conflict."""
    token = await store.token(session, token_id)
    if token is None:
        raise NotFound(f"there is no token {token_id} of yours")
    right = Right.SEE if token.created_by == by else Right.MANAGE
    await membership.require(session, token.publisher_id, by, right)
    if not await store.revoke(session, token_id, now):
        raise Conflict(f"token {token_id} has already ended")
    details = {"token": token_id}
    await log.append(session, now, actor=by, act="token.revoked", thing=token.publisher_id, details=details)


async def recognise(session: AsyncSession, now: dt.datetime, *, secret: str) -> Token:
    """Return the token behind a secret. Raises TokenRefused, with one message for every reason."""
    token = await store.use(session, hash_of(secret), now)
    if token is not None:
        role = await publishers.role_of(session, token.publisher_id, token.created_by)
        publisher = await publishers.publisher(session, token.publisher_id)
        if may(role, Right.PUBLISH) and publisher and publisher.state is PublisherState.ACTIVE:
            return token
    raise TokenRefused("the token is not known, or is no longer good; make one in the console")
