"""Sessions at a mini-app's origin, and the signed assertion that tells the mini-app who is visiting.

An assertion lasts a minute; it is kept as long, so that the usual request costs no query. Whatever ends a session or
changes a consent is heard by every process (NOTIFY) and empties what is kept of that resident.
"""

import datetime as dt
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from yimen_host.core.database import AWAY
from yimen_host.core.errors import TryLater
from yimen_host.core.ids import new_secret
from yimen_host.core.services import Services
from yimen_host.identity.accounts import Account
from yimen_host.identity.consent import Consents
from yimen_host.identity.idnumber import id_number
from yimen_host.identity.mandates.granting import Mandates
from yimen_host.identity.mandates.mandate import Acting
from yimen_host.identity.mandates.rights import Rights, Standing
from yimen_host.runtime import store
from yimen_host.runtime.directory import LiveDirectory
from yimen_host.runtime.gateway.ports import Visitor
from yimen_host.runtime.models import AppSessionRow, SubjectRow

COOKIE = "__Host-yimen"
LIFE = dt.timedelta(hours=12)
ASSERTION_LIFE = dt.timedelta(seconds=60)
KEPT = dt.timedelta(seconds=40)  # an assertion in use has at least 20 seconds left
MOST_KEPT = 50_000


@dataclass(frozen=True)
class _Kept:
    visitor: Visitor
    people: frozenset[str]
    until: dt.datetime


class AppSessions:
    """Begins sessions, and identifies the visitor of a request (the gateway's port ``Sessions``)."""

    def __init__(
        self, services: Services, rights: Rights, consents: Consents, mandates: Mandates, directory: LiveDirectory
    ) -> None:
        self._services = services
        self._rights = rights
        self._consents = consents
        self._mandates = mandates
        self._directory = directory
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._changes = 0

    async def begin(self, app_id: str, ticket: store.UsedTicket, *, locale: str, look: str) -> str:
        """Begin a session and tell the secret for its cookie."""
        secret, now = new_secret(), self._services.clock.now()
        release = self._directory.choose(app_id, ticket.resident_id)
        async with self._services.database.transaction() as session:
            row = AppSessionRow(
                secret_hash=self._hash(secret),
                app_id=app_id,
                resident_id=ticket.resident_id,
                session_id=ticket.session_id,
                mandate_id=ticket.mandate_id,
                version=release.version if release else "",
                locale=locale,
                look=look,
                created_at=now,
                expires_at=now + LIFE,
            )
            await store.add_app_session(session, row)
            await self._introduce(session, app_id, ticket.resident_id)
            if ticket.mandate_id is not None:
                await self._mandates.note_opened(session, Acting(ticket.resident_id, ticket.mandate_id), now)
        return secret

    def keep(self, response: Response, secret: str) -> None:
        """Put the cookie on an answer: of this origin only, and in a frame only of this portal (CHIPS)."""
        response.headers.append(
            "set-cookie",
            f"{COOKIE}={secret}; Path=/; Max-Age={int(LIFE.total_seconds())}; "
            "Secure; HttpOnly; SameSite=None; Partitioned",
        )

    async def identify(self, app_id: str, cookie: str | None) -> Visitor | None:
        """Who a request's cookie belongs to, with an assertion ready to send; None for nobody. Raises TryLater."""
        if not cookie:
            return None
        try:
            return self.kept(app_id, cookie) or await self._look_up((app_id, cookie), self._services.clock.now())
        except AWAY as error:
            raise TryLater("the database that knows who this is is away") from error

    def kept(self, app_id: str, cookie: str) -> Visitor | None:
        """The same, without waiting: None when nothing is kept of the cookie, or no longer (the gateway's ``Kept``)."""
        kept = self._kept.get((app_id, cookie))
        return kept.visitor if kept is not None and kept.until > self._services.clock.now() else None

    def forget(self, resident_id: str | None) -> None:
        """Drop what is kept of a resident, or of everybody when a release changed."""
        self._changes += 1
        if resident_id is None:
            self._kept.clear()
            return
        for key in [key for key, kept in self._kept.items() if resident_id in kept.people]:
            del self._kept[key]

    async def _look_up(self, key: tuple[str, str], now: dt.datetime) -> Visitor | None:
        app_id, cookie = key
        changes = self._changes
        async with self._services.database.transaction() as session:
            row = await store.live_app_session(session, self._hash(cookie), app_id, now)
            if row is None:
                return None
            release = self._directory.release(app_id, row.version)
            if release is None:
                release = self._directory.choose(app_id, row.resident_id)
                if release is None:
                    return None
                await store.pin(session, row.secret_hash, release.version)
            standing = await self._rights.standing(
                session,
                row.resident_id,
                row.mandate_id,
                app_id=app_id,
                declared=release.manifest.scope_names,
                now=now,
            )
            if standing is None:
                return None
            claims = personal(standing.subject, standing.scopes, now)
            await self._note_told(session, row, standing, claims)
        visitor = Visitor(
            session_id=row.secret_hash,
            release=release.target,
            assertion=self._assertion(row, standing, claims, now),
        )
        if changes == self._changes:  # else something changed after it was read, and this request is its last use
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = _Kept(visitor, frozenset((row.resident_id, standing.subject.id)), now + KEPT)
        return visitor

    async def _introduce(self, session: AsyncSession, app_id: str, resident_id: str) -> None:
        """Note the name by which a mini-app knows a resident from now on."""
        sub = self._services.keyring.pairwise(app_id, resident_id)
        await store.add_subject(session, SubjectRow(sub=sub, app_id=app_id, resident_id=resident_id))

    async def _note_told(
        self, session: AsyncSession, row: AppSessionRow, standing: Standing, claims: Mapping[str, str]
    ) -> None:
        """Write down whose data the mini-app is told, once per change; the subject sees it, also of a delegate."""
        if standing.acting is not None:
            await self._introduce(session, row.app_id, standing.subject.id)
        told = " ".join(sorted(claims))
        if claims and told != row.told:
            purpose = "session" if standing.acting is None else "mandate"
            await self._consents.record_access(session, standing.subject.id, row.app_id, claims, purpose)
            await store.note_told(session, row.secret_hash, told)

    def _assertion(self, row: AppSessionRow, standing: Standing, claims: Mapping[str, str], now: dt.datetime) -> str:
        pairwise, acting = self._services.keyring.pairwise, standing.acting
        # RFC 8693, January 2020, section 4.1: the subject is the represented person, the actor who does it for them.
        act = {"act": {"sub": pairwise(row.app_id, acting.delegate_id)}} if acting else {}
        return self._services.keyring.sign_token(
            {
                "iss": self._services.settings.portal_origin,
                "aud": row.app_id,
                "sub": pairwise(row.app_id, standing.subject.id),
                **act,
                "iat": int(now.timestamp()),
                "exp": int((now + ASSERTION_LIFE).timestamp()),
                "jti": random.token_urlsafe(12),
                "assurance": standing.subject.assurance,
                "scope": " ".join(sorted(standing.scopes)),
                "claims": dict(claims),
                "locale": row.locale,
                "ui": row.look,
                # Opens only here: by it the platform knows its own resident again when the assertion is handed back.
                "ctx": self._services.keyring.encrypt(
                    f"{row.resident_id} {row.mandate_id or ''}", bound_to=f"assertion:{row.app_id}"
                ),
            }
        )

    def _hash(self, secret: str) -> str:
        return self._services.keyring.fingerprint("app_session", secret)


def personal(account: Account, scopes: frozenset[str], now: dt.datetime) -> dict[str, str]:
    """The personal fields that the scopes open."""
    values = {
        "identity.name": ("name", account.name),
        "identity.id_number": ("id_number", account.id_number),
        "identity.phone": ("phone", account.phone),
        "identity.region": ("region", account.region),
        "identity.age": ("age", _age(account, now)),
    }
    return {claim: value for scope, (claim, value) in values.items() if scope in scopes and value}


def _age(account: Account, now: dt.datetime) -> str | None:
    if account.id_number is None:
        return None
    return str(id_number(account.id_number, today=now.date()).age(now.date()))
