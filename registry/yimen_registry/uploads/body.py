"""Reads the body of an upload: the fields in memory, the wheel to disk, and neither beyond its limit."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from yimen_registry.database import Json
from yimen_registry.errors import Invalid, RegistryError
from yimen_registry.uploads.fields import UploadForm
from yimen_registry.uploads.receive import Form
from yimen_registry.wheel import Limits

MAX_FIELDS = 400
"""Form fields; twine sends one for each line of the metadata."""
MAX_FIELD = 512 * 1024
"""Bytes of one field; the longest is the README."""
ROOM = 2 * 1024 * 1024
"""Bytes of all the fields around the wheel."""
_CHUNK = 1024 * 1024


class BodyTooLarge(RegistryError):
    """The upload is larger than the registry takes; the rest was not read."""

    code = "body_too_large"
    status = 413


async def read_form(request: Request, path: Path, limits: Limits) -> Form:
    """Write the wheel to `path` and return what the form says. Raises Invalid or BodyTooLarge."""
    most = limits.archive + ROOM
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise BodyTooLarge(f"the upload has {declared} bytes; at most {most} are taken")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("the upload is not multipart/form-data; use twine or uv publish")
    parser = MultiPartParser(
        request.headers,
        _limited(request, most),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD,
    )
    try:
        fields = await parser.parse()
    except (MultiPartException, MultipartParseError, ClientDisconnect, KeyError) as error:
        raise Invalid(f"the upload is not a form that can be read: {error}") from error
    try:
        return await _form(fields, path)
    finally:
        await fields.close()


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > most:
            raise BodyTooLarge(f"the upload has more than {most} bytes, which is what is taken")
        yield chunk


async def _form(sent: FormData, path: Path) -> Form:
    fields = UploadForm.read(sent)
    with path.open("wb") as out:
        while chunk := await fields.content.read(_CHUNK):
            out.write(chunk)
    return Form(
        file_name=fields.content.filename or "",
        name=fields.name,
        version=fields.version,
        sha256=fields.sha256_digest,
        blake2_256=fields.blake2_256_digest,
        attestations=_attestations(fields.attestations),
    )


def _attestations(text: str | None) -> tuple[Json, ...]:
    """Keep PEP 740 attestations as they came; nothing here trusts them."""
    try:
        listed = json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise Invalid("the attestations are not JSON") from error
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise Invalid("the attestations are not a list of objects")
    return tuple(listed)
