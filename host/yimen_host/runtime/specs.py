"""What the supervisor is told of a release: where its code is, what it is handed, and how much it may use."""

import json
from pathlib import Path
from typing import Protocol

from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.runtime.contract import ReleaseSpec
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quotas
from yimen_host.runtime.relay import socket_directory_of


class Packaged(Protocol):
    """A release whose code is on this machine."""

    @property
    def app_id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def tree(self) -> Path: ...
    @property
    def module(self) -> str: ...


class Specs:
    """Describes releases to the supervisor."""

    def __init__(self, services: Services, installs: Installs, quotas: Quotas) -> None:
        self._services = services
        self._installs = installs
        self._quotas = quotas
        self._run_dir = run_directory(services.settings.var)

    def of(self, release: Packaged) -> ReleaseSpec:
        """Describe a release, with the limits that hold now; its directory is made."""
        app_id, settings = release.app_id, self._services.settings
        data = settings.var.absolute() / "apps" / app_id
        data.mkdir(parents=True, exist_ok=True)
        return ReleaseSpec(
            app_id=app_id,
            version=release.version,
            tree=release.tree.absolute(),
            module=release.module,
            data=data,
            environment={
                "YIMEN_APP_ID": app_id,
                "YIMEN_APP_VERSION": release.version,
                "YIMEN_APP_PUBLIC_URL": settings.app_origin(app_id),
                "YIMEN_PORTAL_URL": settings.portal_origin,
                "YIMEN_HOST_URL": "http+unix://{api}/host.sock",
                "YIMEN_HOST_KEYS": _literal(json.dumps(self._services.keyring.public_keys())),
                "YIMEN_APP_DATABASE_URL": self._installs.address(app_id, "{postgres}"),
                "YIMEN_APP_DATA": "{data}",
            },
            limits=self._quotas.of(app_id).limits(),
            sockets={"api": self._run_dir / "api" / app_id, "postgres": self._database_dir()},
        )

    def _database_dir(self) -> Path:
        """The directory with the database's socket: the server's own, or the relay's to a remote one."""
        return socket_directory_of(self._services.database.url) or self._run_dir / "postgres"


def _literal(text: str) -> str:
    """A text whose braces mean themselves."""
    return text.replace("{", "{{").replace("}", "}}")
