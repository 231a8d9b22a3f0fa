"""Which mini-app runs under which user number. A number is given once and never to another mini-app."""

import json
import os
from pathlib import Path


class Users:
    """User numbers by mini-app, kept in a file."""

    def __init__(self, file: Path, first: int) -> None:
        self._file = file
        self._first = first
        self._given: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def number(self, app_id: str) -> int:
        """Return the mini-app's number, giving it one at the first call."""
        if app_id not in self._given:
            self._given[app_id] = max(self._given.values(), default=self._first - 1) + 1
            self._save()
        return self._given[app_id]

    def known(self, app_id: str) -> int | None:
        """Return the mini-app's number, None when it never had one."""
        return self._given.get(app_id)

    def _save(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._given, indent=0, sort_keys=True))
        os.replace(new, self._file)


def give(directory: Path, uid: int) -> None:
    """Make a directory and all in it belong to a user number, following no link."""
    if directory.stat().st_uid == uid:
        return
    for folder, _, files, descriptor in os.fwalk(directory, follow_symlinks=False):
        for name in files:
            os.chown(name, uid, uid, dir_fd=descriptor, follow_symlinks=False)
        if Path(folder) != directory:
            os.chown(descriptor, uid, uid)
    os.chown(directory, uid, uid)
