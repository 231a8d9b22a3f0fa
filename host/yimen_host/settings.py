"""What an operator may set, by environment variables ``YIMEN_*``; every one has a default that runs on a laptop."""

from functools import cached_property
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from yimen_host.domains import Layout, layout


class Settings(BaseSettings):
    """The host's settings. Addresses have no trailing slash."""

    model_config = SettingsConfigDict(env_prefix="YIMEN_", frozen=True, extra="ignore")

    var: Path = Field(default=Path("var"), description="Where everything that is kept lives.")
    database_url: str | None = Field(
        default=None, description="postgresql://… of a role with CREATEROLE; without it, an embedded server under var."
    )
    bind: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=1, le=65535, description="The port to listen on.")
    processes: int = Field(default=1, ge=1, le=64, description="Host processes that share the port on this machine.")
    portal_url: str | None = Field(default=None, description="The portal's origin; by default http://localhost:PORT.")
    apps_domain: str | None = Field(
        default=None, description="Mini-apps live at {id}.{apps_domain}; by default the portal's host name."
    )
    accept_shared_domain: bool = Field(
        default=False, description="Serve mini-apps although they share the portal's registrable domain."
    )
    demo: bool = Field(default=False, description="Demo data, sandbox identity and bank, the biller simulator.")
    project: Path | None = Field(default=None, description="A mini-app's project to serve as it is (`yimen dev`).")
    biller_port: int | None = Field(default=None, description="The biller simulator's port; by default PORT + 11.")
    channels_port: int | None = Field(
        default=None, description="The port of the demo's WeChat Pay and Alipay simulator; by default PORT + 12."
    )
    connections: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Systems that mini-apps may reach by name: 'biller.example=http://127.0.0.1:8091,…'.",
    )
    billers: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Where billers leave their daily files, by mini-app: 'utilities=https://files.power.example,…'.",
    )
    extensions: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Extensions of the operator to load, by name: 'wechatpay,alipay'; the order is theirs."
    )
    quotas: Path | None = Field(
        default=None, description="A TOML file of mini-apps' limits: a table [default], and one by each one's id."
    )
    metrics: Annotated[str | None, Field(pattern=r"^(unix:/.+|.+:[0-9]{1,5})$")] = Field(
        default=None, description="Where Prometheus may ask: '127.0.0.1:9464' or 'unix:/run/yimen/metrics.sock'."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("connections", "billers", mode="before")
    @classmethod
    def _read_connections(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.split("=", 1) for pair in value.split(",") if pair.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("this is written name=http://address, separated by commas")
        return {name.strip(): address.strip() for name, address in pairs}

    @field_validator("extensions", mode="before")
    @classmethod
    def _read_extensions(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @cached_property
    def portal_origin(self) -> str:
        """The portal's origin, such as ``https://yimen.example``."""
        return (self.portal_url or f"http://localhost:{self.port}").rstrip("/")

    @cached_property
    def portal_host(self) -> str:
        """What the Host header says for the portal, with the port where it is not the scheme's own."""
        return urlsplit(self.portal_origin).netloc

    @cached_property
    def apps_suffix(self) -> str:
        """What the Host header of a mini-app ends with, such as ``.localhost:8080``."""
        parts = urlsplit(self.portal_origin)
        port = f":{parts.port}" if parts.port else ""
        return f".{self.apps_domain or parts.hostname}{port}"

    @cached_property
    def layout(self) -> Layout:
        """Whether mini-apps live on a domain of their own."""
        portal = urlsplit(self.portal_origin).hostname or ""
        return layout(portal, self.apps_domain or portal)

    def app_origin(self, app_id: str) -> str:
        """The web origin of one mini-app."""
        return f"{urlsplit(self.portal_origin).scheme}://{app_id}{self.apps_suffix}"

    @property
    def secure(self) -> bool:
        """Whether browsers see the portal over TLS."""
        return self.portal_origin.startswith("https://")

    @property
    def kept_quotas(self) -> Path:
        """What was last read of the file of quotas without a fault."""
        return self.var / "quotas.last.toml"

    @property
    def the_biller_port(self) -> int:
        """Where the biller simulator of the demo listens."""
        return self.biller_port or self.port + 11

    @property
    def the_channels_port(self) -> int:
        """Where the simulator of the demo's payment channels listens."""
        return self.channels_port or self.port + 12
