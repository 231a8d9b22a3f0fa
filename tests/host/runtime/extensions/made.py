"""Makes distributions as an installer leaves them, in a directory of the test's own."""

from pathlib import Path


def installed(site: Path, name: str, code: str, *, requires: str = "yimen-host>=0.1,<1", module: str = "") -> None:
    """A distribution that offers an extension; ``code`` is its only module."""
    module = module or f"ext_{name.replace('-', '_')}"
    (site / f"{module}.py").write_text(code, "utf-8")
    about = site / f"{module}-1.2.dist-info"
    about.mkdir()
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n{needs}", "utf-8")
    (about / "entry_points.txt").write_text(f"[yimen.extensions]\n{name} = {module}\n", "utf-8")


SENDER = """
from yimen_sdk import hookimpl

class Sender:
    async def send(self, phone, text): ...

@hookimpl
def yimen_senders(context):
    return [Sender()]
"""
