"""Takes one upload: digests, the strict reader, the name, then the build; or leaves nothing behind."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import naming
from yimen_registry.apps import store as apps
from yimen_registry.apps.naming import NameNotYours
from yimen_registry.database import Json
from yimen_registry.errors import Invalid, NotAllowed, RegistryError
from yimen_registry.ids import new_id
from yimen_registry.log import store as log
from yimen_registry.tokens.store import Token
from yimen_registry.uploads import store
from yimen_registry.uploads.models import BuildRow
from yimen_registry.uploads.store import Build
from yimen_registry.wheel import Limits, Wheel, WheelFault, WheelRefused, WheelRule, read_wheel

_CHUNK = 1024 * 1024


class FileExists(RegistryError):
    """A version is uploaded once; other bytes need another version."""

    code = "file_exists"
    status = 400


@dataclass(frozen=True)
class Form:
    """What an upload says beside the bytes."""

    file_name: str
    name: str | None = None
    version: str | None = None
    sha256: str | None = None
    blake2_256: str | None = None
    attestations: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Received:
    """The bytes that arrived."""

    path: Path
    size: int
    sha256: str
    blake2_256: str


@dataclass(frozen=True)
class Incoming:
    """A wheel that broke no rule, not yet kept."""

    wheel: Wheel
    received: Received
    tree: Path
    attestations: tuple[Json, ...]


def measure(path: Path) -> Received:
    """Hash what arrived. Blocks; run it in a thread."""
    sha256, blake2 = hashlib.sha256(), hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            blake2.update(chunk)
    return Received(path, path.stat().st_size, sha256.hexdigest(), blake2.hexdigest())


def examine(received: Received, form: Form, tree: Path, limits: Limits) -> Incoming:
    """Read an uploaded wheel into the empty directory `tree`. Blocks; run it in a thread.

    Raises Invalid when the bytes did not arrive whole, WheelRefused with every rule that the wheel breaks.
    """
    if form.sha256 not in {None, received.sha256} or form.blake2_256 not in {None, received.blake2_256}:
        raise Invalid(f"the digest of {form.file_name} is not the one the upload gives; upload it again")
    wheel = read_wheel(received.path, form.file_name, tree, limits)
    if faults := _identity_faults(form, wheel):
        raise WheelRefused(faults)
    return Incoming(wheel, received, tree, form.attestations)


async def already_there(session: AsyncSession, form: Form, received: Received, token: Token) -> Build | None:
    """Return the build when the very same file came in before from the same publisher.

    Raises FileExists for other bytes, NameNotYours for another publisher's file.
    """
    known = await store.by_file_name(session, form.file_name)
    if known is None:
        return None
    app = await apps.app(session, known.app_id)
    if app is None or app.publisher_id != token.publisher_id:
        raise NameNotYours(f"{form.file_name} is another publisher's")
    if known.sha256 != received.sha256:
        raise FileExists(f"File already exists: {form.file_name} came in with other bytes; raise the version")
    return known


async def take(session: AsyncSession, now: dt.datetime, *, incoming: Incoming, token: Token) -> Build:
    """Write the build. Raises NameNotYours, NotAllowed or FileExists."""
    wheel = incoming.wheel
    if token.app_id not in {None, wheel.app_id}:
        raise NotAllowed(f"this token is for {token.app_id!r}; the wheel is {wheel.app_id!r}")
    await naming.claim(
        session,
        now,
        app_id=wheel.app_id,
        distribution=wheel.distribution,
        publisher_id=token.publisher_id,
        by=token.created_by,
    )
    row = _row(now, incoming, token)
    if not await store.add(session, row):
        raise FileExists(f"File already exists: {wheel.app_id} {wheel.version} was uploaded before")
    details = {"version": wheel.version, "sha256": incoming.received.sha256, "tree": wheel.tree_digest}
    await log.append(session, now, actor=token.created_by, act="build.uploaded", thing=wheel.app_id, details=details)
    build = await store.build(session, row.id)
    assert build is not None
    return build


def _row(now: dt.datetime, incoming: Incoming, token: Token) -> BuildRow:
    wheel = incoming.wheel
    return BuildRow(
        id=new_id("bld", now),
        app_id=wheel.app_id,
        version=wheel.version,
        file_name=wheel.file_name,
        size=incoming.received.size,
        sha256=incoming.received.sha256,
        blake2_256=incoming.received.blake2_256,
        tree_digest=wheel.tree_digest,
        module=wheel.module,
        manifest=wheel.manifest.model_dump(mode="json"),
        metadata_text=wheel.metadata.decode(),
        metadata_sha256=hashlib.sha256(wheel.metadata).hexdigest(),
        requires_python=wheel.requires_python,
        attestations=list(incoming.attestations),
        token_id=token.id,
        uploaded_by=token.created_by,
        uploaded_at=now,
    )


def _identity_faults(form: Form, wheel: Wheel) -> tuple[WheelFault, ...]:
    said = []
    if form.name is not None and canonicalize_name(form.name) != wheel.distribution:
        said.append(f"the upload says {form.name!r}, the wheel {wheel.distribution!r}")
    if form.version is not None and not _same_version(form.version, wheel.version):
        said.append(f"the upload says version {form.version!r}, the wheel {wheel.version!r}")
    return tuple(WheelFault(WheelRule.IDENTITY, message) for message in said)


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
