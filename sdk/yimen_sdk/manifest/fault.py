"""What is wrong with a manifest, and on which line."""

from dataclasses import dataclass, field
from typing import Self

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest.kinds import CATALOGUE
from yimen_sdk.saying import Kind, Said

_HEAD = Bilingual(zh="miniapp.toml 有错误：", en="miniapp.toml has faults:")
_LINE = Bilingual(zh="第 {line} 行：{told}", en="line {line}: {told}")

Path = tuple[str | int, ...]
"""Where a value stands: `("scopes", 0, "reason", "zh")`."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing to change in `miniapp.toml`."""

    line: int
    path: str
    message: str
    said: Said | None = field(default=None, compare=False, repr=False)
    """The message with its code."""

    @classmethod
    def of(cls, kind: Kind, line: int, path: str, /, **values: object) -> Self:
        """Make a fault of this kind."""
        said = kind.said(**values)
        return cls(line, path, said.message, said)

    def __str__(self) -> str:
        return self.tell("en")

    def tell(self, language: str) -> str:
        """Say it in a language, with its line."""
        told = CATALOGUE.tell(self.said, language) if self.said else self.message
        return _LINE.in_(language).format(line=self.line, told=told)


class ManifestError(Exception):
    """The manifest has faults; all of them are listed."""

    code = "manifest_invalid"
    status = 422

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def tell(self, language: str) -> str:
        """Say all of them in a language."""
        return "\n".join([_HEAD.in_(language), *(f"  {_coded(fault, language)}" for fault in self.faults)])


def _coded(fault: Fault, language: str) -> str:
    return f"{fault.tell(language)} [{fault.said.code}]" if fault.said else fault.tell(language)


def dotted(path: Path) -> str:
    """Write a path as people do: `scopes[0].reason.zh`."""
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}"
    return written.removeprefix(".")
