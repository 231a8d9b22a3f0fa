"""What is wrong with a manifest, and on which line."""

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a value stands: `("scopes", 0, "reason", "zh")`."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing to change in `miniapp.toml`."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class ManifestError(Exception):
    """The manifest has faults; all of them are listed."""

    code = "manifest_invalid"
    status = 422

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def dotted(path: Path) -> str:
    """Write a path as people do: `scopes[0].reason.zh`."""
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}"
    return written.removeprefix(".")
