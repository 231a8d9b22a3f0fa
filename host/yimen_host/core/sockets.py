"""Where unix sockets go: beside what they belong to, or in the temporary directory when that path is too long."""

import hashlib
import os
import tempfile
from pathlib import Path

PATH_BYTES = 107  # what the kernel takes, without the closing zero

LONGEST_OF_RUNTIME = len("api/") + 63 + len("/host.sock")  # a mini-app's id has at most 63 letters


class NotOurs(OSError):
    """Somebody else made the directory first; the message says what to do."""


def socket_directory(wanted: Path, *, longest_name: int) -> Path:
    """Make a directory for sockets whose names, with what is below it, have at most so many bytes.

    Raises NotOurs when the stand-in in the temporary directory belongs to another user.
    """
    directory = wanted.absolute()
    if len(os.fsencode(directory)) + 1 + longest_name > PATH_BYTES:
        digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
        directory = Path(tempfile.gettempdir()) / f"yimen-{os.getuid()}-{digest}"
    directory.mkdir(parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        raise NotOurs(f"{directory} belongs to another user: set YIMEN_VAR to a shorter path")
    # Confined mini-apps reach single sockets below it; nobody but us may list or add.
    directory.chmod(0o711)
    return directory


def run_directory(var: Path) -> Path:
    """The directory of the runtime's sockets: the supervisor's, the releases', the platform API's."""
    return socket_directory(var / "run", longest_name=LONGEST_OF_RUNTIME)
