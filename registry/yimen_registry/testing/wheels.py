"""Makes wheels for tests, byte by byte: a good one, and from it every kind of bad one."""

import base64
import hashlib
import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Self

MANIFEST = """\
id = "{app}"
title = {{ zh = "问候", en = "Greeting" }}
category = "life"
sdk = ">=1.0,<2"
[[scopes]]
name = "identity.name"
reason = {{ zh = "用姓名称呼您", en = "To greet you by name" }}
"""

CODE = '''\
"""Greeting: knows who is visiting."""

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)


@app.get("/")
async def home(request: Request) -> Response:
    """Greet the resident by their verified name."""
    return request.page("home.html", name=request.resident.name)


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
'''

PAGE = """\
{% extends "yimen/page.html" %}
{% block title %}{{ _("Greeting") }}{% endblock %}
{% block content %}<h1>{{ _("Hello, %(name)s", name=name) }}</h1>{% endblock %}
"""


@dataclass(frozen=True)
class Entry:
    """One member, with everything that a liar could set."""

    name: bytes
    data: bytes
    method: int = 8
    flags: int = 0
    attributes: int = 0o100644 << 16
    extra: bytes = b""
    comment: bytes = b""
    local_name: bytes | None = None
    size: int | None = None
    crc: int | None = None
    packed: bytes | None = None

    def packed_data(self) -> bytes:
        """Return the content as it lies in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflater.compress(self.data) + deflater.flush()


def zip_bytes(
    entries: list[Entry], *, before: bytes = b"", gap: bytes = b"", after: bytes = b"", comment: bytes = b""
) -> bytes:
    """Write an archive, with bytes before it, between members and directory, and after it."""
    body, directory = before, b""
    for entry in entries:
        at, packed = len(body), entry.packed_data()
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        size = len(entry.data) if entry.size is None else entry.size
        local = entry.name if entry.local_name is None else entry.local_name
        shared = (entry.flags, entry.method, 0, 0x21, crc, len(packed), size)
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, *shared, len(local), len(entry.extra))
        body += local + entry.extra + packed
        lengths = (len(entry.name), len(entry.extra), len(entry.comment))
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 0x314, 20, *shared, *lengths, 0, 0, entry.attributes, at)
        directory += entry.name + entry.extra + entry.comment
    body += gap
    count = len(entries)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + end + comment + after


@dataclass(frozen=True)
class WheelDraft:
    """A wheel before it is written. `RECORD` is made from the files unless it is among them."""

    app: str = "greeting"
    distribution: str = "yimen-greeting"
    module: str = "yimen_greeting"
    version: str = "1.0.0"
    files: dict[str, bytes] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    requires: tuple[str, ...] = ("yimen-sdk>=1.0,<2",)
    entry_points: str | None = None
    metadata: str = ""

    def adding(self, name: str, content: bytes | str) -> Self:
        """Return this draft with one more, or one other, file."""
        data = content.encode() if isinstance(content, str) else content
        return replace(self, files={**self.files, name: data})

    def dropping(self, name: str) -> Self:
        """Return this draft without one file."""
        return replace(self, without=self.without | {name})

    @property
    def stem(self) -> str:
        """The first two parts of the file name."""
        return f"{self.distribution.replace('-', '_')}-{self.version}"

    @property
    def file_name(self) -> str:
        """The wheel's file name."""
        return f"{self.stem}-py3-none-any.whl"

    @property
    def dist_info(self) -> str:
        """The metadata directory."""
        return f"{self.stem}.dist-info"

    def contents(self) -> dict[str, bytes]:
        """Return all files, with a RECORD that is right unless the draft brings its own."""
        requires = "".join(f"Requires-Dist: {requirement}\n" for requirement in self.requires)
        points = self.entry_points
        if points is None:
            points = f"[yimen.miniapps]\n{self.app} = {self.module}\n"
        made = {
            f"{self.module}/__init__.py": CODE,
            f"{self.module}/miniapp.toml": MANIFEST.format(app=self.app),
            f"{self.module}/templates/home.html": PAGE,
            f"{self.dist_info}/METADATA": (
                f"Metadata-Version: 2.4\nName: {self.distribution}\nVersion: {self.version}\n"
                f"Requires-Python: >=3.11\n{requires}{self.metadata}\n"
            ),
            f"{self.dist_info}/WHEEL": (
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            ),
            f"{self.dist_info}/entry_points.txt": points,
        }
        files = {name: text.encode() for name, text in made.items()} | self.files
        files = {name: data for name, data in files.items() if name not in self.without}
        record = f"{self.dist_info}/RECORD"
        if record not in files and record not in self.without:
            files[record] = record_of(files, record)
        return files

    def entries(self) -> list[Entry]:
        """Return the members of the archive, in order."""
        return [
            Entry(name.encode(), data, flags=0 if name.isascii() else 0x800) for name, data in self.contents().items()
        ]

    def to_bytes(self) -> bytes:
        """Write the wheel."""
        return zip_bytes(self.entries())


def record_of(files: dict[str, bytes], name: str) -> bytes:
    """Return the RECORD that lists the files, itself included."""
    lines = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items()]
    return "".join([*lines, f"{name},,\n"]).encode()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
