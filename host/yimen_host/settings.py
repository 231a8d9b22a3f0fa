"""What an operator may set, by environment variables ``YIMEN_*``; every one has a default that runs on a laptop."""

import base64
import binascii
from functools import cached_property
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from yimen_host.domains import Layout, layout

SECRET_BYTES = range(24, 65)
"""Of a webhook's signing secret, as Standard Webhooks 1.0.0 has it."""
Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{5,20}$")]


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
    alert_secret: SecretStr | None = Field(
        default=None,
        description="What alerts that leave the host are signed with: whsec_ and 24 to 64 bytes in base64.",
    )
    alert_webhook: str | None = Field(
        default=None, description="A server of the operator's that hears alerts: 'https://…', 'http://…' inside."
    )
    alert_phones: Annotated[tuple[Phone, ...], NoDecode] = Field(
        default=(), description="Numbers that get alerts by text message, by the sender: '13800000000,…'."
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

    @field_validator("alert_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_secret(value.get_secret_value()):
            raise ValueError(
                "this is written whsec_ and 24 to 64 bytes in base64: `openssl rand -base64 32` makes some"
            )
        return value

    @field_validator("alert_webhook")
    @classmethod
    def _check_alerts(cls, value: str | None, told: ValidationInfo) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("https", "http"):
            raise ValueError("this is an address such as https://duty.example/yimen")
        if value is not None and told.data.get("alert_secret") is None:
            raise ValueError("set YIMEN_ALERT_SECRET, too: whoever hears an alert has to know that it is yours")
        return value

    @field_validator("extensions", "alert_phones", mode="before")
    @classmethod
    def _read_names(cls, value: object) -> object:
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
    def signs_alerts_with(self) -> str:
        """The secret of the alerts' webhook."""
        assert self.alert_secret is not None, "the settings hold no webhook without a secret"
        return self.alert_secret.get_secret_value()

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


def _is_secret(text: str) -> bool:
    try:
        found = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return False
    return text.startswith("whsec_") and len(found) in SECRET_BYTES
