"""What a mini-app keeps in its directory, which may belong to a user of its own: packed, read, and emptied.

It is a stranger's: no link is followed, and only regular files are read. What belongs to anybody else is never touched.
"""

import contextlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

Files = Generator[tuple[str, IO[bytes]], None, None]
"""Each file's name below the directory, and what reads it; the reader closes it before it asks for the next."""
_END = "."
"""The last member of a whole package, and the only one that is not a regular file."""


class PackageBroken(OSError):
    """A package ended before its end."""


def belongs(directory: Path, uid: int) -> bool:
    """Whether a directory, itself and not what a link leads to, belongs to a user; root's never does."""
    with contextlib.suppress(OSError), _opened(directory) as handle:
        return uid != 0 and os.fstat(handle).st_uid == uid
    return False


def empty(directory: Path, uid: int) -> None:
    """Delete everything in a directory of a user's. Raises OSError when it belongs to somebody else."""
    with _opened(directory) as handle:
        if uid == 0 or os.fstat(handle).st_uid != uid:
            raise PermissionError(f"{directory} does not belong to user {uid}")
        for entry in list(os.scandir(handle)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.name, dir_fd=handle)
            else:
                os.unlink(entry.name, dir_fd=handle)


def pack(directory: Path, uid: int, to: IO[bytes]) -> None:
    """Write all regular files of a user's directory as one package, and close it.

    Raises OSError when the directory is somebody else's.
    """
    with to:
        if not belongs(directory, uid):
            raise PermissionError(f"{directory} does not belong to user {uid}")
        with tarfile.open(fileobj=to, mode="w|", format=tarfile.PAX_FORMAT) as package:
            for name, file in regular_files(directory):
                with file:
                    told = tarfile.TarInfo(name)
                    told.size = os.fstat(file.fileno()).st_size
                    package.addfile(told, file)
            end = tarfile.TarInfo(_END)
            end.type = tarfile.DIRTYPE
            package.addfile(end)


def unpacked(source: IO[bytes]) -> Files:
    """Read a package, and close it. Raises PackageBroken."""
    try:
        with source, tarfile.open(fileobj=source, mode="r|") as package:
            for member in package:
                if member.name == _END:
                    return
                yield member.name, package.extractfile(member) or io.BytesIO()
    except tarfile.TarError as error:
        raise PackageBroken(str(error)) from error
    raise PackageBroken("the package has no end")


def regular_files(directory: Path) -> Files:
    """Each regular file below a directory, opened; links, sockets and pipes are left out."""
    if not directory.is_dir():
        return
    for place, _, names, handle in os.fwalk(directory, follow_symlinks=False):
        for name in sorted(names):
            try:
                # A pipe would make us wait for ever, a link would lead out of the directory.
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
            except OSError:
                if stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                    raise
                continue
            opened = os.fdopen(descriptor, "rb")
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield str((Path(place) / name).relative_to(directory)), opened
            else:
                opened.close()


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)
