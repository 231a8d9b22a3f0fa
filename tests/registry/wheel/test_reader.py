"""The strict reader: one good wheel, and every hostile one we know, each refused by its named rule."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from yimen_registry.testing import MANIFEST, Entry, WheelDraft, record_of, zip_bytes
from yimen_registry.wheel import Limits, Wheel, WheelFault, WheelRefused, WheelRule, read_wheel, tree_digest

GOOD = WheelDraft()
INFO = GOOD.dist_info


def read(directory: Path, data: bytes, name: str = GOOD.file_name, limits: Limits | None = None) -> Wheel:
    path, tree = directory / "upload", directory / "tree"
    path.write_bytes(data)
    tree.mkdir()
    return read_wheel(path, name, tree, limits)


def faults(
    directory: Path, data: bytes, name: str = GOOD.file_name, limits: Limits | None = None
) -> tuple[WheelFault, ...]:
    with pytest.raises(WheelRefused) as caught:
        read(directory, data, name, limits)
    return caught.value.faults


def test_a_good_wheel_is_read_and_its_tree_hashed(tmp_path: Path) -> None:
    wheel = read(tmp_path, GOOD.to_bytes())

    contents = GOOD.contents()
    on_disk = {
        path.relative_to(tmp_path / "tree").as_posix(): path.read_bytes()
        for path in (tmp_path / "tree").rglob("*")
        if path.is_file()
    }
    assert on_disk == contents
    assert wheel == Wheel(
        file_name="yimen_greeting-1.0.0-py3-none-any.whl",
        distribution="yimen-greeting",
        version="1.0.0",
        app_id="greeting",
        module="yimen_greeting",
        manifest=wheel.manifest,
        metadata=contents[f"{INFO}/METADATA"],
        requires_python=">=3.11",
        tree_digest=tree_digest(tmp_path / "tree"),
        files={name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    )
    assert (wheel.manifest.id, wheel.manifest.version, wheel.manifest.module) == (
        "greeting",
        "1.0.0",
        "yimen_greeting",
    )


def test_the_test_kit_writes_what_zipfile_reads(tmp_path: Path) -> None:
    (tmp_path / "w.whl").write_bytes(GOOD.to_bytes())

    with zipfile.ZipFile(tmp_path / "w.whl") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == GOOD.contents()


def test_an_archive_that_zipfile_wrote_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in GOOD.contents().items():
            archive.writestr(name, data)

    assert read(tmp_path, (tmp_path / "w.whl").read_bytes()).app_id == "greeting"


def with_entries(change: Callable[[list[Entry]], list[Entry]]) -> bytes:
    return zip_bytes(change(GOOD.entries()))


def first(**changes: object) -> bytes:
    """Write the good wheel with one header field of its first member changed."""
    return with_entries(lambda entries: [replace(entries[0], **changes), *entries[1:]])  # type: ignore[arg-type]


def more(name: bytes | str, data: bytes = b"x = 1\n", **changes: object) -> bytes:
    """Write the good wheel with one more member, which RECORD knows."""
    raw = name.encode() if isinstance(name, str) else name
    files = {**GOOD.dropping(f"{INFO}/RECORD").contents(), raw.decode(errors="replace"): data}
    record = f"{INFO}/RECORD"
    known = [Entry(path.encode(), content) for path, content in files.items() if path != raw.decode(errors="replace")]
    flags = 0 if raw.isascii() else 0x800
    extra = Entry(raw, data, **{"flags": flags, **changes})  # type: ignore[arg-type]
    return zip_bytes([*known, extra, Entry(record.encode(), record_of(files, record))])


def many() -> bytes:
    draft = GOOD
    for number in range(2_001):
        draft = draft.adding(f"yimen_greeting/f{number}.txt", b"")
    return draft.to_bytes()


def record_saying(old: bytes, new: bytes) -> bytes:
    record = GOOD.contents()[f"{INFO}/RECORD"]
    assert old in record
    return GOOD.adding(f"{INFO}/RECORD", record.replace(old, new, 1)).to_bytes()


def manifest_saying(old: str, new: str) -> bytes:
    text = MANIFEST.format(app="greeting")
    assert old in text
    return GOOD.adding("yimen_greeting/miniapp.toml", text.replace(old, new)).to_bytes()


def wheel_file_saying(old: bytes, new: bytes) -> bytes:
    text = GOOD.contents()[f"{INFO}/WHEEL"]
    return GOOD.adding(f"{INFO}/WHEEL", text.replace(old, new)).to_bytes()


def hidden_tail() -> bytes:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(b"x = 1\n") + deflater.flush() + b"hidden"


def overlapping() -> bytes:
    """Point the second directory entry at the first member's bytes, as overlap bombs do."""
    data = bytearray(GOOD.to_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[second + 42 : second + 46] = bytes(4)
    return bytes(data)


def bomb() -> bytes:
    return more("yimen_greeting/zeros.txt", bytes(8 * 1024 * 1024))


def lying_bomb() -> bytes:
    """Declare ten bytes and inflate to eight million."""
    real = Entry(b"yimen_greeting/zeros.txt", bytes(8 * 1024 * 1024))
    liar = replace(real, packed=real.packed_data(), size=10)
    return with_entries(lambda entries: [*entries, liar])


HOSTILE: dict[str, tuple[bytes, WheelRule]] = {
    "empty file": (b"", WheelRule.NOT_A_ZIP),
    "no archive": (b"#!/bin/sh\nexit 0\n" * 20, WheelRule.NOT_A_ZIP),
    "half an archive": (GOOD.to_bytes()[:-200], WheelRule.NOT_A_ZIP),
    "trailing bytes": (zip_bytes(GOOD.entries(), after=b"\0"), WheelRule.NOT_A_ZIP),
    "a second archive behind": (GOOD.to_bytes() + GOOD.to_bytes(), WheelRule.NOT_A_ZIP),
    "an archive comment": (zip_bytes(GOOD.entries(), comment=b"hello"), WheelRule.NOT_A_ZIP),
    "a script before": (zip_bytes(GOOD.entries(), before=b"#!/bin/sh\n"), WheelRule.LAYOUT),
    "bytes before the directory": (zip_bytes(GOOD.entries(), gap=b"PK\3\4"), WheelRule.LAYOUT),
    "overlapping members": (overlapping(), WheelRule.LAYOUT),
    "two names in two headers": (
        first(local_name=b"yimen_greeting/__evil__.py"),
        WheelRule.HEADERS_DISAGREE,
    ),
    "an encrypted member": (first(flags=0x1), WheelRule.FLAGS),
    "a data descriptor": (first(flags=0x8), WheelRule.FLAGS),
    "bzip2": (first(method=12), WheelRule.METHOD),
    "a unicode path extra": (
        first(extra=b"\x75\x70\x09\x00\x01\0\0\0\0evil"),
        WheelRule.EXTRA,
    ),
    "a zip64 extra": (first(extra=b"\x01\x00\x08\x00" + bytes(8)), WheelRule.EXTRA),
    "a broken extra": (first(extra=b"\x55\x54\xff\xff"), WheelRule.EXTRA),
    "a member comment": (first(comment=b"hi"), WheelRule.COMMENT),
    "too many members": (many(), WheelRule.TOO_MANY),
    "a bomb": (bomb(), WheelRule.BOMB),
    "a bomb that lies about its size": (lying_bomb(), WheelRule.CONTENT),
    "a wrong checksum": (first(crc=1), WheelRule.CONTENT),
    "a deflated stream with a tail": (
        more("yimen_greeting/x.py", packed=hidden_tail()),
        WheelRule.CONTENT,
    ),
    "a stream that is no deflate": (
        more("yimen_greeting/x.py", packed=b"\xff\xff\xff"),
        WheelRule.CONTENT,
    ),
    "a stream that ends early": (more("yimen_greeting/x.py", packed=b""), WheelRule.CONTENT),
    "a duplicate member": (
        with_entries(lambda entries: [*entries, replace(entries[0], data=b"evil")]),
        WheelRule.DUPLICATE,
    ),
    "a name that differs in case": (more("yimen_greeting/__INIT__.py"), WheelRule.DUPLICATE),
    "a file that is a directory": (more("yimen_greeting/__init__.py/x.py"), WheelRule.DUPLICATE),
    "a path that climbs": (more("../../etc/cron.d/x"), WheelRule.ESCAPE),
    "a path that climbs inside": (more("yimen_greeting/../../x.py"), WheelRule.ESCAPE),
    "an absolute path": (more("/etc/passwd"), WheelRule.ESCAPE),
    "a drive letter": (more("C:/x.py"), WheelRule.ESCAPE),
    "a backslash": (more("yimen_greeting\\..\\x.py"), WheelRule.ESCAPE),
    "a newline in a name": (more("yimen_greeting/a\nb.py"), WheelRule.CHARACTERS),
    "a direction override": (more("yimen_greeting/\u202eyp.exe"), WheelRule.CHARACTERS),
    "a decomposed name": (more("yimen_greeting/e\u0301.py"), WheelRule.CHARACTERS),
    "an unmarked name": (more("yimen_greeting/é.py", flags=0), WheelRule.CHARACTERS),
    "an endless name": (more("yimen_greeting/" + "a" * 300), WheelRule.CHARACTERS),
    "an empty part": (more("yimen_greeting//x.py"), WheelRule.CHARACTERS),
    "a symbolic link": (
        more("yimen_greeting/link", b"/etc/passwd", attributes=0o120777 << 16),
        WheelRule.NOT_A_FILE,
    ),
    "a device": (more("yimen_greeting/null", attributes=0o020666 << 16), WheelRule.NOT_A_FILE),
    "a directory with content": (
        more("yimen_greeting/sub/", attributes=0o040755 << 16),
        WheelRule.NOT_A_FILE,
    ),
    "no dist-info": (
        WheelDraft(version="2.0.0").to_bytes(),
        WheelRule.DIST_INFO,
    ),
    "two dist-infos": (more("other-1.0.dist-info/METADATA"), WheelRule.DIST_INFO),
    "no WHEEL": (GOOD.dropping(f"{INFO}/WHEEL").to_bytes(), WheelRule.WHEEL_FILE),
    "a platform tag": (wheel_file_saying(b"py3-none-any", b"cp311-cp311-linux"), WheelRule.WHEEL_FILE),
    "not pure": (wheel_file_saying(b"true", b"false"), WheelRule.WHEEL_FILE),
    "no RECORD": (GOOD.dropping(f"{INFO}/RECORD").to_bytes(), WheelRule.RECORD),
    "a wrong hash in RECORD": (record_saying(b"sha256=", b"sha256=A"), WheelRule.RECORD),
    "a weak hash in RECORD": (record_saying(b"sha256=", b"md5="), WheelRule.RECORD),
    "a missing file in RECORD": (
        record_saying(b"yimen_greeting/__init__.py", b"yimen_greeting/gone.py"),
        WheelRule.RECORD,
    ),
    "a file that RECORD forgets": (
        GOOD.adding(f"{INFO}/RECORD", f"{INFO}/RECORD,,\n").to_bytes(),
        WheelRule.RECORD,
    ),
    "a RECORD that is no table": (GOOD.adding(f"{INFO}/RECORD", b"a\0b\n").to_bytes(), WheelRule.RECORD),
    "a data directory": (more("yimen_greeting-1.0.0.data/scripts/python"), WheelRule.DATA_DIRECTORY),
    "no METADATA": (GOOD.dropping(f"{INFO}/METADATA").to_bytes(), WheelRule.METADATA),
    "METADATA that is no metadata": (
        GOOD.adding(f"{INFO}/METADATA", "Metadata-Version: 9.9\nName: ../x\n").to_bytes(),
        WheelRule.METADATA,
    ),
    "another name in METADATA": (
        GOOD.adding(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: other\nVersion: 1.0.0\n").to_bytes(),
        WheelRule.IDENTITY,
    ),
    "a foreign dependency": (replace(GOOD, requires=("requests",)).to_bytes(), WheelRule.DEPENDENCY),
    "a dependency with an address": (
        replace(GOOD, requires=("yimen-sdk @ https://evil.example/sdk.whl",)).to_bytes(),
        WheelRule.DEPENDENCY,
    ),
    "a dependency that is not there": (
        replace(GOOD, requires=("yimen-sdk>=7",)).to_bytes(),
        WheelRule.DEPENDENCY,
    ),
    "an old Python": (
        GOOD.adding(
            f"{INFO}/METADATA",
            "Metadata-Version: 2.1\nName: yimen-greeting\nVersion: 1.0.0\nRequires-Python: <3\n",
        ).to_bytes(),
        WheelRule.PYTHON,
    ),
    "no entry point": (replace(GOOD, entry_points="").to_bytes(), WheelRule.ENTRY_POINT),
    "two entry points": (
        replace(GOOD, entry_points="[yimen.miniapps]\na = yimen_greeting\nb = yimen_greeting\n").to_bytes(),
        WheelRule.ENTRY_POINT,
    ),
    "an entry point elsewhere": (
        replace(GOOD, entry_points="[yimen.miniapps]\ngreeting = os.path\n").to_bytes(),
        WheelRule.ENTRY_POINT,
    ),
    "an entry point with an attribute": (
        replace(GOOD, entry_points="[yimen.miniapps]\ngreeting = yimen_greeting:app\n").to_bytes(),
        WheelRule.ENTRY_POINT,
    ),
    "a console script named pip": (
        replace(
            GOOD,
            entry_points="[yimen.miniapps]\ngreeting = yimen_greeting\n[console_scripts]\npip = yimen_greeting:x\n",
        ).to_bytes(),
        WheelRule.FOREIGN_ENTRY_POINT,
    ),
    "a plugin of pytest": (
        replace(
            GOOD, entry_points="[yimen.miniapps]\ngreeting = yimen_greeting\n[pytest11]\nx = yimen_greeting\n"
        ).to_bytes(),
        WheelRule.FOREIGN_ENTRY_POINT,
    ),
    "a second package": (more("other/__init__.py"), WheelRule.TOP_LEVEL),
    "a module beside the package": (more("other.py"), WheelRule.TOP_LEVEL),
    "a shadow of starlette": (more("starlette/__init__.py"), WheelRule.SHADOW),
    "a shadow of the library": (more("json.py"), WheelRule.SHADOW),
    "a shadow of the SDK": (more("yimen_sdk/__init__.py"), WheelRule.SHADOW),
    "a pth file": (more("x.pth", b"import os\n"), WheelRule.STARTUP),
    "a pth file inside": (more("yimen_greeting/x.pth", b"import os\n"), WheelRule.STARTUP),
    "sitecustomize": (more("sitecustomize.py"), WheelRule.STARTUP),
    "a shared object by name": (more("yimen_greeting/fast.cpython-311-x86_64.so"), WheelRule.NATIVE),
    "a shared object by content": (more("yimen_greeting/logo.png", b"\x7fELF\2\1\1"), WheelRule.NATIVE),
    "a Windows program by content": (more("yimen_greeting/logo.png", b"MZ\x90"), WheelRule.NATIVE),
    "bytecode": (more("yimen_greeting/__pycache__/x.cpython-311.pyc"), WheelRule.BYTECODE),
    "a nested archive": (more("yimen_greeting/more.zip", b"PK\3\4"), WheelRule.NESTED),
    "a nested archive by content": (more("yimen_greeting/logo.png", b"\x1f\x8b\x08"), WheelRule.NESTED),
    "no manifest": (GOOD.dropping("yimen_greeting/miniapp.toml").to_bytes(), WheelRule.MANIFEST),
    "a manifest with a fault": (manifest_saying("category", "categori"), WheelRule.MANIFEST),
    "a manifest that is no text": (
        GOOD.adding("yimen_greeting/miniapp.toml", b"\xff\xfe").to_bytes(),
        WheelRule.MANIFEST,
    ),
    "another id in the manifest": (manifest_saying('"greeting"', '"other"'), WheelRule.APP_ID),
    "an SDK of the future": (manifest_saying(">=1.0,<2", ">=7,<8"), WheelRule.SDK_RANGE),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_wheel_is_refused_by_its_rule(kind: str, tmp_path: Path) -> None:
    data, rule = HOSTILE[kind]

    assert rule in {fault.rule for fault in faults(tmp_path, data)}


def test_every_rule_refuses_a_wheel_of_these_tests() -> None:
    refused = {rule for _, rule in HOSTILE.values()}

    elsewhere = {WheelRule.TOO_LARGE, WheelRule.FILE_NAME}
    assert refused | elsewhere == set(WheelRule)


@pytest.mark.parametrize(
    "name",
    [
        "yimen_greeting-1.0.0.tar.gz",
        "yimen_greeting-1.0.0-cp311-cp311-linux_x86_64.whl",
        "yimen_greeting-1.0.0-1-py3-none-any.whl",
        "yimen_greeting-one-py3-none-any.whl",
        "../x-1.0.0-py3-none-any.whl",
    ],
)
def test_a_file_name_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    assert [fault.rule for fault in faults(tmp_path, GOOD.to_bytes(), name)] == [WheelRule.FILE_NAME]


def test_a_wheel_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.to_bytes(), limits=Limits(archive=100))

    assert [fault.rule for fault in found] == [WheelRule.TOO_LARGE]


def test_a_wheel_that_unpacks_beyond_the_limit_writes_nothing(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.to_bytes(), limits=Limits(unpacked=100))

    assert [fault.rule for fault in found] == [WheelRule.BOMB]
    assert list((tmp_path / "tree").iterdir()) == []


def test_a_member_that_lies_is_never_inflated_past_its_size(tmp_path: Path) -> None:
    faults(tmp_path, lying_bomb())

    assert (tmp_path / "tree/yimen_greeting/zeros.txt").stat().st_size == 0


def test_nothing_is_written_outside_the_tree(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()

    faults(tmp_path / "inner", more("../../escaped.py"))

    assert not list(tmp_path.rglob("escaped.py"))


def test_every_reason_is_given_at_once(tmp_path: Path) -> None:
    draft = replace(
        GOOD,
        requires=("requests", "yimen-sdk>=9"),
        entry_points="[yimen.miniapps]\ngreeting = yimen_greeting\n[console_scripts]\npip = x:y\n",
    )
    draft = draft.adding("evil.pth", b"import os\n").adding("yimen_greeting/a.so", b"\x7fELF")
    draft = draft.adding("yimen_greeting/miniapp.toml", 'id = "admin"\ntitle = 1\n')

    assert {fault.rule for fault in faults(tmp_path, draft.to_bytes())} == {
        WheelRule.DEPENDENCY,
        WheelRule.FOREIGN_ENTRY_POINT,
        WheelRule.STARTUP,
        WheelRule.NATIVE,
        WheelRule.TOP_LEVEL,
        WheelRule.MANIFEST,
    }
