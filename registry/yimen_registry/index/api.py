"""The index over HTTP: what `pip download`, `pip install` and `uv` ask for. Reads only."""

from collections.abc import Sequence

from packaging.utils import canonicalize_name
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from yimen_registry.basic import secret_of
from yimen_registry.index import store
from yimen_registry.index.simple import JSON_TYPE, choose_type, files_html, files_json, list_html, list_json
from yimen_registry.publishing import Publishing
from yimen_registry.tokens.issue import TokenRefused

FILE_TYPE = "application/octet-stream"
_ETERNAL = "public, max-age=31536000, immutable"
"""A file never changes under its name."""


class Index:
    """The read side of the packaging protocols."""

    def __init__(self, registry: Publishing) -> None:
        self._registry = registry

    async def list_all(self, request: Request) -> Response:
        """List the distributions that may be fetched."""
        kind = choose_type(request.headers.get("accept", ""))
        publisher = await self._publisher(request)
        async with self._registry.reading() as session:
            names = await store.distributions(session, publisher)
        return _answer(kind, list_json(names), list_html(names))

    async def list_files(self, request: Request) -> Response:
        """List the files of a distribution; any other spelling of its name leads there."""
        name = request.path_params["name"]
        if name != canonicalize_name(name):
            return RedirectResponse(f"../{canonicalize_name(name)}/", status_code=301)
        kind = choose_type(request.headers.get("accept", ""))
        publisher = await self._publisher(request)
        async with self._registry.reading() as session:
            files = await store.files(session, name, publisher)
        if not files:
            return PlainTextResponse(f"there is no distribution {name}\n", 404)
        return _answer(kind, files_json(name, files), files_html(name, files))

    async def file(self, request: Request) -> Response:
        """Give a file or, with `.metadata` after its name, its metadata alone."""
        asked: str = request.path_params["file"]
        name = asked.removesuffix(".metadata")
        publisher = await self._publisher(request)
        async with self._registry.reading() as session:
            found = await store.file(session, name, publisher)
        if found is None:
            return PlainTextResponse(f"there is no file {name}\n", 404)
        sha256, metadata = found
        headers = {"cache-control": _ETERNAL if publisher is None else "private, no-store"}
        if asked != name:
            return Response(metadata.encode(), media_type="text/plain; charset=utf-8", headers=headers)
        path = self._registry.blobs.file(sha256)
        return FileResponse(path, media_type=FILE_TYPE, headers=headers)

    def routes(self) -> Sequence[BaseRoute]:
        """The routes of the index."""
        return [
            Route("/simple/", self.list_all),
            Route("/simple/{name}/", self.list_files),
            Route("/files/{file}", self.file),
        ]

    async def _publisher(self, request: Request) -> str | None:
        """Return whose unreviewed files may be seen: a token's publisher, for everybody else nobody's."""
        secret = secret_of(request)
        if secret is None:
            return None
        try:
            return (await self._registry.recognise(secret)).publisher_id
        except TokenRefused:
            return None


def _answer(kind: str | None, as_json: str, as_html: str) -> Response:
    if kind is None:
        return PlainTextResponse("the index answers in JSON and in HTML\n", 406)
    body = as_json if kind == JSON_TYPE else as_html
    return Response(body, media_type=kind, headers={"vary": "Accept, Authorization"})
