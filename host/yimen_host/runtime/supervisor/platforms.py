"""The socket on which each mini-app calls the platform: kept over restarts of the host, shared by its processes."""

import os
import socket
from pathlib import Path

_BACKLOG = 512
_NAME = "host.sock"


class Platforms:
    """One directory with one socket for each mini-app, which that mini-app's workers alone can enter."""

    def __init__(self, directory: Path, host_uid: int) -> None:
        self._directory = directory
        self._host_uid = host_uid
        self._listeners: dict[str, socket.socket] = {}

    def listener(self, app_id: str, group: int | None) -> socket.socket:
        """Return the listening socket, made at the first call. `group` is the mini-app's, None when it has none."""
        listener = self._listeners.get(app_id)
        if listener is None:
            listener = self._listeners[app_id] = self._open(self._directory / app_id, group)
        return listener

    def close(self) -> None:
        """Close every socket; what waits in their queues is lost."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()

    def _open(self, directory: Path, group: int | None) -> socket.socket:
        self._directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        directory.mkdir(exist_ok=True)
        if group is not None:
            os.chown(directory, self._host_uid, group)
        directory.chmod(0o710 if group is not None else 0o700)
        path = directory / _NAME
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o666)  # the directory is what only this mini-app can enter
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        return listener
