"""Every word is there in both languages, and no page carries a script or a style inside."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

import yimen_host
import yimen_sdk
import yimen_utilities
from yimen_sdk.pages import catalogue

PACKAGES = [Path(package.__file__ or "").parent for package in (yimen_host, yimen_sdk, yimen_utilities)]
CHINESE = re.compile("[\u4e00-\u9fff]")
BILINGUAL = {"portal/gateway_error.html", "portal/leave.html"}
"""Drawn before anybody knows the language: both stand on the page."""
DATA = {
    "attacks.py", "browsers.py", "capitals.py", "category.py", "demo.py", "inbox.py", "sandbox.py", "scopes.py",
    "settled.py",
}  # fmt: skip
"""Modules whose Chinese is data."""
SENT = {
    "【一门】验证码 ",
    "【一门】{title}，{count}件。请到管理控制台查看。",
    "，10分钟内有效。请勿告诉他人。",
    "供电公司未入账",
}
"""Sent or kept as it is, and not shown on a page: a text message, the reason of a refund."""
TOOLS = {"cli", "manifest", "rules", "scaffold", "testing"}
"""What only authors and operators read."""


def templates() -> list[Path]:
    """Every template of the packages."""
    return [path for package in PACKAGES for path in sorted((package / "templates").rglob("*.html"))]


def in_templates(package: Path) -> Iterator[str]:
    """The messages of a package's templates."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in (package / "templates").rglob("*.html"):
        for _, _, message in environment.extract_translations(  # type: ignore[attr-defined]  # of the extension
            path.read_text("utf-8")
        ):
            if isinstance(message, str):  # None: a variable, such as a state's name
                yield message


def in_code(package: Path) -> Iterator[str]:
    """The Chinese texts of a package's code, except in docstrings and data."""
    for path in package.rglob("*.py"):
        if path.name in DATA or TOOLS & set(path.relative_to(package).parts):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        left_out = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)} | set(beside_english(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node not in left_out and CHINESE.search(str(node.value)):
                yield str(node.value)


def beside_english(tree: ast.AST) -> Iterator[ast.AST]:
    """What stands in a ``Bilingual(zh=…, en=…)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Bilingual":
            yield from ast.walk(node)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_message_has_its_english(package: Path) -> None:
    known = {**catalogue("yimen_sdk", "en"), **catalogue(package.name, "en")}

    messages = {*in_templates(package), *in_code(package)} - SENT

    assert messages
    assert sorted(message for message in messages if message not in known) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_translation_is_empty_or_still_chinese(package: Path) -> None:
    found = catalogue(package.name, "en")

    assert {message: text for message, text in found.items() if not text.strip() or CHINESE.search(text)} == {}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_translation_keeps_the_places_to_fill(package: Path) -> None:
    place = re.compile(r"{\w*}|%\(\w+\)s")

    differing = {
        m: t for m, t in catalogue(package.name, "en").items() if sorted(place.findall(m)) != sorted(place.findall(t))
    }

    assert differing == {}


@pytest.mark.parametrize("path", templates(), ids=lambda path: "/".join(path.parts[-2:]))
def test_no_page_carries_a_script_or_a_style_inside(path: Path) -> None:
    text = path.read_text("utf-8")

    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:", text, re.I) == []


@pytest.mark.parametrize("path", templates(), ids=lambda path: "/".join(path.parts[-2:]))
def test_no_template_says_chinese_outside_the_catalogue(path: Path) -> None:
    text = re.sub(r"{#.*?#}", "", path.read_text("utf-8"), flags=re.S)

    outside = CHINESE.findall(re.sub(r"{{.*?}}|{%.*?%}", "", text, flags=re.S))

    assert bool(outside) == ("/".join(path.parts[-2:]) in BILINGUAL)
