"""Gold rules: others can read it, change it, and load it over a poor network."""

import ast
from collections.abc import Iterator

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, gold
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind

MAX_LINES = 300
"""Lines of one Python file; longer ones hold a second idea."""
MAX_SCRIPT = 300 * 1024
"""Bytes of all scripts: what a cheap phone parses within a second."""
MAX_STATIC = 1536 * 1024
"""Bytes of everything under static/: fifteen seconds on a slow mobile network."""
UNTYPED = Kind("untyped", Bilingual(zh="{function} 缺少类型：{names}", en="{function} lacks the types of {names}"))
MODULE_UNDOCUMENTED = Kind("module-undocumented", Bilingual(zh="模块没有文档字符串", en="the module has no docstring"))
UNDOCUMENTED = Kind("undocumented", Bilingual(zh="{name} 没有文档字符串", en="{name} has no docstring"))
FILE_TOO_LONG = Kind(
    "file-too-long", Bilingual(zh="有 {lines} 行，最多 {most} 行", en="has {lines} lines; at most {most}")
)
SCRIPTS_TOO_HEAVY = Kind(
    "scripts-too-heavy",
    Bilingual(zh="脚本共 {size} 字节，最多 {most}", en="the scripts have {size} bytes; at most {most}"),
    Bilingual(zh="请去掉用不到的脚本", en="Drop the scripts that are not needed."),
)
STATIC_TOO_HEAVY = Kind(
    "static-too-heavy",
    Bilingual(zh="static/ 共 {size} 字节，最多 {most}", en="static/ has {size} bytes; at most {most}"),
)
NOTHING_STATIC = Kind("nothing-static", Bilingual(zh="static/ 下没有文件", en="there is nothing under static/"))


@gold(
    title="每个函数都写明参数和返回值的类型",
    finds=(UNTYPED,),
    advice=Bilingual(
        zh="请写上全部参数和返回值的类型", en="Write the types of all parameters and of what is returned."
    ),
)
def code_is_typed(subject: Subject) -> Iterator[Finding]:
    """Every function says which types it takes and returns."""
    for source, function in _functions(subject):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
        if bare or function.returns is None:
            names = ", ".join([*bare, *_returned(function)])
            yield Finding.of(UNTYPED, source.path, function.lineno, function=function.name, names=names)


@gold(
    title="每个模块、公开的函数和类都有文档字符串",
    finds=(MODULE_UNDOCUMENTED, UNDOCUMENTED),
    advice=Bilingual(zh="请用一句话写明它做什么", en="Say in one imperative sentence what it does."),
)
def code_is_documented(subject: Subject) -> Iterator[Finding]:
    """Every module and every public function and class has a docstring."""
    for source in subject.sources:
        if source.tree.body and not ast.get_docstring(source.tree):
            yield Finding.of(MODULE_UNDOCUMENTED, source.path, 1)
        for node in source.nodes():
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                yield Finding.of(UNDOCUMENTED, source.path, node.lineno, name=node.name)


@gold(
    title="Python 文件不超过三百行",
    finds=(FILE_TOO_LONG,),
    advice=Bilingual(
        zh="请找出其中的第二件事，另放一个文件", en="Look for the second idea in it, and give it a file of its own."
    ),
)
def files_are_short(subject: Subject) -> Iterator[Finding]:
    """No Python file is longer than three hundred lines."""
    for path in subject.named("*.py"):
        lines = len(subject.text(path).splitlines())
        if lines > MAX_LINES:
            yield Finding.of(FILE_TOO_LONG, subject.name(path), MAX_LINES + 1, lines=lines, most=MAX_LINES)


@gold(
    title="脚本和图片在较差的网络上也能加载",
    finds=(SCRIPTS_TOO_HEAVY, STATIC_TOO_HEAVY),
    skips=(NOTHING_STATIC,),
    advice=Bilingual(zh="请去掉用不到的，把图片改小", en="Drop what is not needed; make pictures smaller."),
)
def pages_are_light(subject: Subject) -> Iterator[Finding]:
    """Scripts and pictures load over a poor network."""
    static = [path for path in subject.files if path.is_relative_to(subject.package / "static")]
    if not static:
        raise NothingToLookAt(NOTHING_STATIC)
    scripts = sum(path.stat().st_size for path in static if path.suffix == ".js")
    everything = sum(path.stat().st_size for path in static)
    name = subject.name(subject.package / "static")
    if scripts > MAX_SCRIPT:
        yield Finding.of(SCRIPTS_TOO_HEAVY, name, 1, size=scripts, most=MAX_SCRIPT)
    if everything > MAX_STATIC:
        yield Finding.of(STATIC_TOO_HEAVY, name, 1, size=everything, most=MAX_STATIC)


def _functions(subject: Subject) -> Iterator[tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for source in subject.sources:
        for node in source.nodes():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source, node


def _returned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [] if function.returns else ["return"]
