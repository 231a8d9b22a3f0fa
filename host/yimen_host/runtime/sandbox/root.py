"""The private root: an empty read-only tree that shows the code, one data directory and nothing else."""

import os
from pathlib import Path

from yimen_host.runtime.sandbox import kernel
from yimen_host.runtime.sandbox.confinement import Confinement, Mount

DEVICES = (Path("/dev/null"), Path("/dev/zero"), Path("/dev/urandom"))
SCRATCH = Path("/tmp")  # noqa: S108  the worker's own, in its private root
_SCRATCH_OPTIONS = "size=64m,nr_inodes=4096,mode=1777"
_SEALED = kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
_NO_SPECIAL_FILES = kernel.MS_NOSUID | kernel.MS_NODEV


def enter(plan: Confinement) -> None:
    """Move this process into a mount namespace whose root holds only what the plan shows."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", Path("/"), "", kernel.MS_REC | kernel.MS_PRIVATE)
    root = plan.staging
    kernel.mount("root", root, "tmpfs", _NO_SPECIAL_FILES, "size=1m,mode=755")
    # Before all else, because the code or the data may itself lie under the system's /tmp.
    scratch = _below(root, SCRATCH)
    scratch.mkdir()
    kernel.mount("scratch", scratch, "tmpfs", _NO_SPECIAL_FILES | kernel.MS_NOEXEC, _SCRATCH_OPTIONS)
    for path in plan.code:
        _show(root, Mount(path, path))
    for mount in plan.mounts:
        _show(root, mount)
    for device in DEVICES:
        _bind(root, device, device, directory=False)
    os.chdir(root)
    kernel.pivot_to_working_directory()
    seal = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | _NO_SPECIAL_FILES
    kernel.mount("none", Path("/"), "", seal)


def _show(root: Path, mount: Mount) -> None:
    """Bind one path. A symbolic link of the system's (/lib) is made again, a missing path is left out."""
    if mount.source == mount.inside and mount.source.is_symlink():
        link = _below(root, mount.inside)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.readlink(mount.source))
        return
    if not mount.source.exists():
        return
    place = _bind(root, mount.source, mount.inside, directory=mount.source.is_dir())
    extra = kernel.MOUNT_ATTR_NOEXEC if mount.writable else kernel.MOUNT_ATTR_RDONLY
    kernel.set_mount_attributes(place, _SEALED | extra)


def _bind(root: Path, source: Path, inside: Path, *, directory: bool) -> Path:
    place = _below(root, inside)
    if directory:
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    kernel.mount(str(source), place, "", kernel.MS_BIND | kernel.MS_REC)
    return place


def _below(root: Path, inside: Path) -> Path:
    return root / inside.relative_to("/")
