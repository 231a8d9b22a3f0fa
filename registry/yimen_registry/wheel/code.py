"""Judges what kind of files a wheel brings: one package of text that a person can review, and nothing else."""

from collections.abc import Iterator, Sequence

from yimen_registry.wheel.curated import TAKEN_PACKAGES
from yimen_registry.wheel.refusal import WheelFault, WheelRule

HEAD = 8
"""First bytes of a file that tell what it is."""

_NATIVE_NAMES = (".so", ".pyd", ".dll", ".dylib", ".exe", ".o", ".a", ".node", ".wasm")
_NATIVE_HEADS = (
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"!<arch>\n",
)
_ARCHIVE_NAMES = (".zip", ".whl", ".egg", ".jar", ".tar", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_ARCHIVE_HEADS = (b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_STARTUP = {"sitecustomize", "usercustomize"}


def file_faults(name: str, head: bytes) -> Iterator[WheelFault]:
    """Yield what one file should not be, by its name and its first bytes."""
    lower = name.lower()
    stem = lower.rsplit("/", 1)[-1].split(".")[0]
    if lower.endswith(_NATIVE_NAMES) or ".so." in lower or head.startswith(_NATIVE_HEADS):
        yield WheelFault(WheelRule.NATIVE, "is machine code", name)
    if lower.endswith((".pyc", ".pyo")) or "__pycache__" in lower.split("/"):
        yield WheelFault(WheelRule.BYTECODE, "is compiled Python; ship the source only", name)
    if lower.endswith(_ARCHIVE_NAMES) or head.startswith(_ARCHIVE_HEADS):
        yield WheelFault(WheelRule.NESTED, "is an archive", name)
    if lower.endswith((".pth", ".egg-link")) or stem in _STARTUP:
        yield WheelFault(WheelRule.STARTUP, "would run when Python starts", name)


def layout_faults(names: Sequence[str], dist_info: str) -> Iterator[WheelFault]:
    """Yield what stands at the top level besides one package and its `.dist-info`."""
    tops = sorted({name.split("/")[0] for name in names})
    infos = [top for top in tops if top.endswith(".dist-info")]
    if infos != [dist_info]:
        yield WheelFault(WheelRule.DIST_INFO, f"expected only {dist_info}, found {infos or 'none'}")
    for top in (top for top in tops if top.endswith(".data")):
        yield WheelFault(WheelRule.DATA_DIRECTORY, "would be installed outside the package", top)
    for top in (top for top in tops if top.removesuffix(".py") in TAKEN_PACKAGES):
        yield WheelFault(WheelRule.SHADOW, "has the name of a package of Python or of the platform", top)
    packages = [top for top in tops if not top.endswith((".dist-info", ".data"))]
    files = {name for name in names if "/" not in name}
    for top in (top for top in packages if top in files or not top.isidentifier()):
        yield WheelFault(WheelRule.TOP_LEVEL, "is not the mini-app's package", top)
    if len(packages) != 1:
        yield WheelFault(WheelRule.TOP_LEVEL, f"one package is expected at the top level, found {packages}")
