"""The named rules of a wheel, and the refusal that lists every one that was broken."""

from dataclasses import dataclass
from enum import StrEnum

from yimen_registry.errors import RegistryError


class WheelRule(StrEnum):
    """One rule of the strict reader. The value is stable: tools and documents refer to it."""

    TOO_LARGE = "archive.too-large"
    """The wheel is larger than the registry takes."""
    NOT_A_ZIP = "archive.not-a-zip"
    """The file does not end in the end record of a plain ZIP archive: no comment, no ZIP64, one disk."""
    LAYOUT = "archive.layout"
    """Bytes before, between, after or shared by the members: two tools could read two archives."""
    HEADERS_DISAGREE = "archive.headers-disagree"
    """A member's local header says something else than the central directory."""
    FLAGS = "archive.flags"
    """A member is encrypted, has a data descriptor, or uses a feature that readers differ about."""
    METHOD = "archive.method"
    """A member is neither stored nor deflated."""
    EXTRA = "archive.extra-field"
    """A member has an extra field that can change its name or its size."""
    COMMENT = "archive.comment"
    """A member has a comment."""
    TOO_MANY = "archive.too-many-files"
    """There are more members than a mini-app has."""
    BOMB = "archive.bomb"
    """The members unpack to more than the registry takes, or out of all proportion."""
    CONTENT = "archive.content"
    """A member does not inflate to the size and checksum it declares."""
    DUPLICATE = "name.duplicate"
    """Two members have one name, or names that are one on some file systems."""
    ESCAPE = "name.escape"
    """A member's path is absolute or climbs out of the wheel."""
    CHARACTERS = "name.characters"
    """A member's name is not NFC text of plain characters, or is too long."""
    NOT_A_FILE = "name.not-a-file"
    """A member is a symbolic link, a device, or a directory with content."""
    FILE_NAME = "wheel.file-name"
    """The file name is not that of a pure-Python wheel `name-version-py3-none-any.whl`."""
    DIST_INFO = "wheel.dist-info"
    """There is not exactly one `.dist-info` directory, named as the file is."""
    WHEEL_FILE = "wheel.wheel-file"
    """The file WHEEL is missing, unreadable, or says that the wheel is not pure Python."""
    RECORD = "wheel.record"
    """RECORD does not list exactly the files that are there, each with its right SHA-256 and size."""
    DATA_DIRECTORY = "wheel.data-directory"
    """A `.data` directory puts files outside the package at install."""
    METADATA = "metadata.invalid"
    """METADATA is missing or breaks the core metadata specification."""
    IDENTITY = "metadata.identity"
    """Name and version are not the same in the file name, METADATA and the upload."""
    DEPENDENCY = "metadata.dependency"
    """A dependency is outside the platform's set, has an address of its own, or a version that is not there."""
    PYTHON = "metadata.requires-python"
    """The wheel does not run on the platform's Python."""
    ENTRY_POINT = "entry-point.miniapp"
    """There is not exactly one entry point in the group `yimen.miniapps` that names a package of this wheel."""
    FOREIGN_ENTRY_POINT = "entry-point.foreign"
    """An entry point belongs to a group other than `yimen.miniapps`."""
    TOP_LEVEL = "code.top-level"
    """Something besides the mini-app's one package stands at the top level."""
    SHADOW = "code.shadow"
    """The package has the name of the standard library, the platform, or one of its libraries."""
    STARTUP = "code.startup-hook"
    """A `.pth` file or `sitecustomize` runs before the mini-app is confined."""
    NATIVE = "code.native"
    """Machine code, which nobody can review."""
    BYTECODE = "code.bytecode"
    """Compiled Python, which nobody can review."""
    NESTED = "code.nested-archive"
    """An archive inside the archive, whose content this reader would not see."""
    MANIFEST = "manifest.invalid"
    """`miniapp.toml` is missing from the package or has faults."""
    APP_ID = "manifest.id"
    """The entry point and the manifest give the mini-app two names."""
    SDK_RANGE = "manifest.sdk-range"
    """The manifest's SDK range does not contain the SDK of this platform."""


@dataclass(frozen=True)
class WheelFault:
    """One reason why a wheel is refused."""

    rule: WheelRule
    message: str
    member: str = ""

    def __str__(self) -> str:
        where = f"{self.member}: " if self.member else ""
        return f"[{self.rule}] {where}{self.message}"


class WheelRefused(RegistryError):
    """The wheel breaks one or more rules; all of them are listed."""

    code = "wheel_refused"
    status = 400

    def __init__(self, faults: tuple[WheelFault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))
