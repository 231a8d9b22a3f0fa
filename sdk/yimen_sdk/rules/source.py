"""One Python file as the rules read it: its syntax tree, and what each name in it stands for. It runs nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A parsed file. `path` is relative to what is checked."""

    path: str
    tree: ast.Module
    meanings: dict[str, str] = field(default_factory=dict)
    """What a name that was imported stands for: `{"o": "os", "run": "subprocess.run"}`."""

    def nodes(self) -> Iterator[ast.AST]:
        """Walk over every node."""
        return ast.walk(self.tree)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Yield each call with the full dotted name of what is called, or `""` where that is computed."""
        for node in self.nodes():
            if isinstance(node, ast.Call):
                yield self.meaning(node.func), node

    def references(self) -> Iterator[tuple[str, ast.expr]]:
        """Yield each name and attribute that is read, with its dotted name: called, passed on, or kept for later."""
        for node in self.nodes():
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield self.meaning(node), node

    def attributes(self) -> Iterator[tuple[str, ast.Attribute]]:
        """Yield each attribute with its dotted name."""
        for node in self.nodes():
            if isinstance(node, ast.Attribute):
                yield self.meaning(node), node

    def imports(self) -> Iterator[tuple[str, int]]:
        """Yield each module, or name of a module, that is imported, with its line."""
        for node in self.nodes():
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)

    def meaning(self, node: ast.expr) -> str:
        """Return the dotted name of an expression, import aliases replaced; its tail where its head is computed."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(self.meanings.get(node.id, node.id))
        elif parts:
            parts.append("")
        return ".".join(reversed(parts))


def read_source(path: str, text: str) -> Source:
    """Parse a file. Raises SyntaxError, ValueError (a NUL byte), RecursionError or MemoryError (nested too deeply)."""
    tree = ast.parse(text, path)
    source = Source(path, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            source.meanings.update(
                (alias.asname or alias.name.split(".")[0], alias.name if alias.asname else alias.name.split(".")[0])
                for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            source.meanings.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return source
