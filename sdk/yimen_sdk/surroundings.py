"""Where a mini-app runs: the environment variables of its release process, read once, as values."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yimen_sdk.host import Host
from yimen_sdk.identity import Verifier
from yimen_sdk.remote import RemotePlatform


@dataclass(frozen=True)
class Surroundings:
    """The platform around one release. ``connect`` gives the Host as the bearer of an assertion sees it."""

    app_id: str
    version: str
    public_url: str
    portal_url: str
    verifier: Verifier
    connect: Callable[[str | None], Host]
    database_url: str | None = field(default=None, repr=False)
    data: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Surroundings":
        """Read the variables ``YIMEN_*``. Raises RuntimeError naming every one that is missing."""
        needed = (
            "YIMEN_APP_ID", "YIMEN_APP_VERSION", "YIMEN_APP_PUBLIC_URL",
            "YIMEN_HOST_URL", "YIMEN_HOST_KEYS", "YIMEN_PORTAL_URL",
        )  # fmt: skip
        missing = [name for name in needed if not environment.get(name)]
        if missing:
            raise RuntimeError(f"not started by a Yimen host: {', '.join(missing)} missing from the environment")
        app_id = environment["YIMEN_APP_ID"]
        data = environment.get("YIMEN_APP_DATA")
        return cls(
            app_id=app_id,
            version=environment["YIMEN_APP_VERSION"],
            public_url=environment["YIMEN_APP_PUBLIC_URL"],
            portal_url=environment["YIMEN_PORTAL_URL"],
            verifier=Verifier(json.loads(environment["YIMEN_HOST_KEYS"]), audience=app_id),
            connect=RemotePlatform(environment["YIMEN_HOST_URL"]).as_seen_by,
            database_url=environment.get("YIMEN_APP_DATABASE_URL"),
            data=Path(data) if data else None,
        )
