"""How large a wheel may be, in every direction. Each number bounds memory, disk or time."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """What the reader accepts before it looks at any rule."""

    archive: int = 20 * MIB
    """Bytes of the wheel itself. The largest mini-app we know of has 3 MiB, pictures included."""
    unpacked: int = 50 * MIB
    """Bytes of all files together; bounds the disk that one upload can take."""
    files: int = 2_000
    """Members; more than this is a vendored dependency, not a mini-app."""
    ratio: int = 50
    """Unpacked by packed; text deflates to a tenth, only padding goes beyond this."""
    ratio_from: int = MIB
    """Unpacked bytes from which the ratio counts: a small file of blanks is no bomb."""
    name: int = 255
    """Bytes of a member's path; what every file system takes."""
