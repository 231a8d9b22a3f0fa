"""What stands where no extension offers an authority or a sender: it refuses in plain words and pretends nothing."""

from yimen_host.core.errors import TryLater
from yimen_host.identity.realname import Answer, Claim


class NoAuthority:
    """Knows nobody."""

    name = "未接入"
    sandbox = False

    async def check(self, claim: Claim) -> Answer:
        """Say that no answer comes."""
        return Answer.UNAVAILABLE


class NoSender:
    """Sends nothing."""

    async def send(self, phone: str, text: str) -> None:
        """Refuse. Raises TryLater."""
        raise TryLater("本站尚未开通短信，暂时不能发送验证码")
