"""Who we are to Alipay: numbers and keys, from the operator's settings."""

from dataclasses import dataclass

from yimen_host.core.extending import ExtensionContext

SERVER = "https://openapi.alipay.com/gateway.do"
READ_SECONDS = 8.0  # below what the till waits for, so that the thread is free again before it gives up


@dataclass(frozen=True)
class Merchant:
    """A merchant and its application."""

    appid: str
    seller_id: str
    private_key: str
    public_key: str
    server: str = SERVER
    read_seconds: float = READ_SECONDS

    @property
    def simulated(self) -> bool:
        """Whether another server than Alipay's own is asked, which residents must be told."""
        return self.server != SERVER

    @classmethod
    def of(cls, context: ExtensionContext) -> "Merchant":
        """Read the settings. Raises NotConfigured."""
        return cls(
            appid=context.need("appid"),
            seller_id=context.need("seller_id"),
            private_key=context.content("private_key_file"),
            public_key=context.content("public_key_file"),
            server=context.settings.get("server", SERVER),
        )
