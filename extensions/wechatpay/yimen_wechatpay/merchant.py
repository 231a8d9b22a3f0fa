"""Who we are to WeChat Pay: numbers and keys, from the operator's settings."""

from dataclasses import dataclass

from yimen_host.core.extending import ExtensionContext, NotConfigured

SERVER = "https://api.mch.weixin.qq.com"
APIV3_KEY_BYTES = 32
READ_SECONDS = 8.0  # below what the till waits for, so that the thread is free again before it gives up


@dataclass(frozen=True)
class Merchant:
    """A direct merchant 直连商户."""

    mchid: str
    appid: str
    serial: str
    private_key: str
    apiv3_key: str
    public_key: str
    public_key_id: str
    server: str = SERVER
    read_seconds: float = READ_SECONDS

    @property
    def simulated(self) -> bool:
        """Whether another server than WeChat's own is asked, which residents must be told."""
        return self.server != SERVER

    @classmethod
    def of(cls, context: ExtensionContext) -> "Merchant":
        """Read the settings. Raises NotConfigured."""
        apiv3_key = context.content("apiv3_key_file")
        if len(apiv3_key.encode()) != APIV3_KEY_BYTES:
            raise NotConfigured(f"{context.variable('apiv3_key_file')}: the APIv3 key has {APIV3_KEY_BYTES} characters")
        return cls(
            mchid=context.need("mchid"),
            appid=context.need("appid"),
            serial=context.need("serial"),
            private_key=context.content("private_key_file"),
            apiv3_key=apiv3_key,
            public_key=context.content("public_key_file"),
            public_key_id=context.need("public_key_id"),
            server=context.settings.get("server", SERVER).rstrip("/"),
        )
