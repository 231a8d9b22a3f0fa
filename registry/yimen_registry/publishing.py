"""The part of the façade that publishers work with: who belongs, tokens, names, uploads."""

import asyncio
import datetime as dt
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import naming
from yimen_registry.apps import store as apps
from yimen_registry.apps.store import App
from yimen_registry.desk import Desk
from yimen_registry.publishers import membership
from yimen_registry.publishers import store as publishers
from yimen_registry.publishers.roles import Right, Role
from yimen_registry.publishers.store import Member, Publisher
from yimen_registry.tokens import issue
from yimen_registry.tokens import store as tokens
from yimen_registry.tokens.issue import MAX_LIFE, NewToken
from yimen_registry.tokens.store import Token
from yimen_registry.uploads import receive
from yimen_registry.uploads import store as builds
from yimen_registry.uploads.receive import Form
from yimen_registry.uploads.store import Build


class Publishing(Desk):
    """Publishers and what they bring in. `by` is always the account that acts."""

    async def create_publisher(self, *, name: str, title: str, owner: str) -> Publisher:
        """Found a publisher. Raises Invalid or NameTaken."""
        async with self.acting() as session:
            return await membership.found(session, self.now(), name=name, title=title, owner=owner)

    async def add_member(self, publisher_id: str, *, subject: str, role: Role, by: str) -> None:
        """Add a member or change a role. Raises NotFound, NotAllowed or LastOwner."""
        async with self.acting() as session:
            await membership.add_member(
                session, self.now(), publisher_id=publisher_id, subject=subject, role=role, by=by
            )

    async def remove_member(self, publisher_id: str, *, subject: str, by: str) -> None:
        """End a membership. Raises NotFound, NotAllowed or LastOwner."""
        async with self.acting() as session:
            await membership.remove_member(session, self.now(), publisher_id=publisher_id, subject=subject, by=by)

    async def publishers(self) -> list[Publisher]:
        """Return every publisher."""
        async with self.reading() as session:
            return await publishers.all_publishers(session)

    async def publishers_of(self, subject: str) -> list[tuple[Publisher, Role]]:
        """Return the publishers somebody belongs to, and as what."""
        async with self.reading() as session:
            return await publishers.of_subject(session, subject)

    async def members(self, publisher_id: str, *, by: str) -> list[Member]:
        """Return the members, to a member. Raises NotFound."""
        async with self.reading() as session:
            await membership.require(session, publisher_id, by, Right.SEE)
            return await publishers.members(session, publisher_id)

    async def issue_token(
        self, publisher_id: str, *, by: str, name: str, app_id: str | None = None, life: dt.timedelta = MAX_LIFE
    ) -> NewToken:
        """Make an API token; its secret is shown this once. Raises Invalid, NotFound or NotAllowed."""
        async with self.acting() as session:
            return await issue.issue(
                session, self.now(), publisher_id=publisher_id, by=by, name=name, app_id=app_id, life=life
            )

    async def revoke_token(self, token_id: str, *, by: str) -> None:
        """End an API token. Raises NotFound, NotAllowed or Conflict."""
        async with self.acting() as session:
            await issue.revoke(session, self.now(), token_id=token_id, by=by)

    async def tokens(self, publisher_id: str, *, by: str) -> list[Token]:
        """Return a publisher's tokens, to a member. Raises NotFound."""
        async with self.reading() as session:
            await membership.require(session, publisher_id, by, Right.SEE)
            return await tokens.of_publisher(session, publisher_id)

    async def recognise(self, secret: str) -> Token:
        """Return the token behind a secret. Raises TokenRefused."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            return await issue.recognise(session, self.now(), secret=secret)

    async def reserve(self, *, app_id: str, distribution: str, publisher_id: str, by: str) -> App:
        """Take a name before the first upload. Raises NameNotYours, NotFound or NotAllowed."""
        async with self.acting() as session:
            await membership.require(session, publisher_id, by, Right.PUBLISH)
            return await naming.claim(
                session,
                self.now(),
                app_id=app_id,
                distribution=distribution,
                publisher_id=publisher_id,
                by=by,
            )

    async def receive_upload(self, token: Token, form: Form, path: Path) -> Build:
        """Take the wheel at `path`, or leave nothing behind. The very same file again is no error.

        Raises Invalid, WheelRefused, FileExists, NameNotYours or NotAllowed.
        """
        received = await asyncio.to_thread(receive.measure, path)
        async with self.reading() as session:
            if known := await receive.already_there(session, form, received, token):
                return known
        with self.blobs.incoming() as tree:
            (unpacked := tree / "tree").mkdir()
            incoming = await asyncio.to_thread(receive.examine, received, form, unpacked, self.limits)
            async with self.acting() as session:
                build = await receive.take(session, self.now(), incoming=incoming, token=token)
                self.blobs.keep_tree(unpacked, build.tree_digest)
                self.blobs.keep_file(path, build.sha256)
            return build

    async def app(self, app_id: str) -> App | None:
        """Return a mini-app by its id."""
        async with self.reading() as session:
            return await apps.app(session, app_id)

    async def apps(self) -> list[App]:
        """Return every mini-app."""
        async with self.reading() as session:
            return await apps.all_apps(session)

    async def apps_of(self, subject: str) -> list[App]:
        """Return the mini-apps of all publishers somebody belongs to."""
        async with self.reading() as session:
            belongs = await publishers.of_subject(session, subject)
            return [app for pub, _ in belongs for app in await apps.of_publisher(session, pub.id)]

    async def people_of(self, app_id: str) -> list[str]:
        """Return who acts for a mini-app's publisher; nobody for one that is unknown."""
        async with self.reading() as session:
            app = await apps.app(session, app_id)
            return [one.subject for one in await publishers.members(session, app.publisher_id)] if app else []

    async def builds_of(self, app_id: str) -> list[Build]:
        """Return the uploads of a mini-app, newest first."""
        async with self.reading() as session:
            return await builds.of_app(session, app_id)
