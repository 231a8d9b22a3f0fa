"""The registry as its host sees it: one object, whose every method is one transaction."""

import asyncio

from starlette.routing import BaseRoute

from yimen_registry.index.api import Index
from yimen_registry.log import store as log
from yimen_registry.log.chain import Entry
from yimen_registry.publishing import Publishing
from yimen_registry.records import TreeFile, list_tree, read_text
from yimen_registry.releasing import Releasing
from yimen_registry.reviewing import Reviewing
from yimen_registry.uploads.api import Uploads


class Registry(Publishing, Reviewing, Releasing):
    """Publishers, uploads, review and releases.

    `Registry(engine, blobs, now)`: an engine on a migrated database, the directory of the blobs, and what tells the
    time; `unfit` is asked before anybody is sent to a release. Who is a reviewer or an admin is the host's to decide;
    the registry refuses that people judge their own.
    """

    def routes(self) -> list[BaseRoute]:
        """Return the routes `/legacy/`, `/simple/` and `/files/`."""
        return [*Uploads(self).routes(), *Index(self).routes()]

    async def tree_files(self, digest: str) -> list[TreeFile]:
        """Return the files of an unpacked tree. Raises NotFound."""
        return await asyncio.to_thread(list_tree, self.blobs, digest)

    async def tree_text(self, digest: str, path: str) -> str:
        """Return a text file of an unpacked tree. Raises NotFound for a path that is not in it."""
        return await asyncio.to_thread(read_text, self.blobs, digest, path)

    async def log(self, *, after: int = 0, limit: int = 100, thing: str | None = None) -> list[Entry]:
        """Return entries of the log in order, from the one that follows number `after`."""
        async with self.reading() as session:
            return await log.entries(session, after=after, limit=limit, thing=thing)

    async def latest_log(self, *, limit: int = 100, thing: str | None = None) -> list[Entry]:
        """Return the newest entries of the log, newest first."""
        async with self.reading() as session:
            return await log.latest(session, limit=limit, thing=thing)

    async def verify_log(self) -> int:
        """Check the hash chain of the whole log and return how many entries it has. Raises LogBroken."""
        async with self.reading() as session:
            return await log.verify_all(session)
