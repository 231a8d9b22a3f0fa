"""Each rule on a mini-app that breaks it, and on the good one that it must let pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.sdk.rules.conftest import write

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules import RULES, Outcome, Result, Rule, Subject, Tier, check
from yimen_sdk.rules.subject import MAX_FILE
from yimen_sdk.saying import Said

Spoil = Callable[[Mapping[str, str]], Subject]

CODE = "yimen_tea/more.py"
PAGE = "yimen_tea/templates/more.html"
MANIFEST = "+yimen_tea/miniapp.toml"
REASON = 'reason = { zh = "好", en = "Good" }\n'
BROKEN = Bilingual(zh="坏", en="Broken")
LONG = '"""Long."""\n' + "x = 1\n" * 300


@dataclass(frozen=True)
class Case:
    """A way to break a rule: what is written, and where the rule must point."""

    rule: str
    files: Mapping[str, str]
    found: frozenset[tuple[str, int]]


def code(rule: str, text: str, *lines: int) -> Case:
    """Break a rule by Python code after a docstring line and an empty one."""
    return Case(rule, {CODE: f'"""More."""\n\n{text}'}, frozenset((CODE, line) for line in lines))


def page(rule: str, text: str, *lines: int) -> Case:
    """Break a rule by a template."""
    return Case(rule, {PAGE: text}, frozenset((PAGE, line) for line in lines))


@dataclass(frozen=True)
class Cases:
    """All ways that we know."""

    listed: list[Case] = field(
        default_factory=lambda: [
            code("code-can-be-read", "def broken(:\n", 3),
            code("code-can-be-read", "x = '\0'\n", 1),
            code("code-can-be-read", f"x = '{'x' * MAX_FILE}'\n", 1),
            code("code-can-be-read", f"x = {'-' * 100_000}1\n", 1),
            code("no-network-of-its-own", "import socket\nimport http.client\nfrom urllib import request\n", 3, 4, 5),
            code("no-network-of-its-own", "import httpx as innocent\n", 3),
            code("no-network-of-its-own", "import asyncio\n\nasyncio.open_connection('a', 1)\n", 5),
            code("no-native-code", "import ctypes\nfrom ctypes import CDLL\n", 3, 4),
            code("no-processes", "import os as o\n\no.system('id')\no.execv('a', [])\n", 5, 6),
            code("no-processes", "from os import popen as p\n\np('id')\n", 5),
            code("no-processes", "import subprocess, multiprocessing\n", 3),
            code("no-hidden-code", "eval('1')\nexec('1')\n__import__('os')\n", 3, 4, 5),
            code("no-hidden-code", "import builtins\n\nbuiltins.eval('1')\n", 5),
            code("no-hidden-code", "name = 'system'\ngetattr(object, name)\n", 4),
            code("no-hidden-code", "().__class__.__mro__[1].__subclasses__()\n", 3),
            code("no-hidden-code", "x = {}['__globals__']\n", 3),
            code("no-hidden-code", "import sys\n\nsys.modules['os']\nsys._getframe()\n", 5, 6),
            code("no-hidden-code", "import pickle\n", 3),
            code("no-hidden-code", "run = eval\nlist(map(exec, ['1']))\n", 3, 4),
            code("no-hidden-code", "from os import *\n", 3),
            code("no-hidden-code", "import importlib.util\nfrom importlib import import_module\n", 3, 4),
            code("no-hidden-code", "import os\n\nos.__dict__['sys' + 'tem']\n", 5),
            code("no-hidden-code", "import operator\n\n\ndef f(n):\n    operator.attrgetter(n)\n", 7),
            code("no-hidden-code", "from jinja2 import Template\n\nTemplate('{{ 1 }}')\n", 5),
            code("no-processes", "import os\n\nrun = os.system\n", 5),
            code("no-processes", "import asyncio\n\nasyncio.subprocess.create_subprocess_exec('id')\n", 5),
            code("no-network-of-its-own", "async def f(loop):\n    await loop.create_connection(None, 'a', 1)\n", 4),
            code("imports-are-declared", "import numpy\nimport yimen_host.core\n", 3, 4),
            code("no-secrets", 'key = "-----BEGIN PRIVATE KEY-----"\n', 3),
            code("no-secrets", 'app_secret = "a8F3kd92LmQx71PzRt5v"\n', 3),
            code("no-secrets", 'url = "postgresql://tea:hunter2pass@db/x"\n', 3),
            code("no-secrets", f'token = "yimen-{"aB3" * 14}x"\n', 3),
            code("no-secrets", f'x = "pypi-{"aB3" * 14}x"\ny = "LTAI{"aB3" * 4}"\nz = "ghp_{"aB3" * 12}"\n', 3, 4, 5),
            code("no-secrets", 'x = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJtZWkifQ.c2lnbmF0dXJl"\n', 3),
            code("scopes-used-are-declared", "def f(request):\n    return request.resident.phone\n", 4),
            code("scopes-used-are-declared", "async def f(host):\n    await host.notices.send('x')\n", 4),
            page("scopes-used-are-declared", "<p>\n{{ request.resident.id_number }}</p>", 2),
            Case(
                "scopes-declared-are-used",
                {MANIFEST: f'[[scopes]]\nname = "identity.phone"\n{REASON}'},
                frozenset({("yimen_tea/miniapp.toml", 22)}),
            ),
            code(
                "hosts-are-declared",
                "async def f(host):\n    await host.network.fetch('GET', 'https://api.example.cn/x')\n",
                4,
            ),
            code("hosts-are-declared", "async def f(host):\n    await host.network.fetch('GET', 'https://[a/x')\n", 4),
            code(
                "hosts-are-declared",
                "async def f(host, n):\n    await host.network.fetch('GET', f'https://api.example.cn/{n}')\n",
                4,
            ),
            code("notices-are-declared", "async def f(host):\n    await host.notices.send('due', amount='1')\n", 4),
            Case(
                "notices-are-declared",
                {
                    CODE: '"""More."""\n\n\nasync def f(host):\n    await host.notices.send("due", sum="1")\n',
                    MANIFEST: '[[notices]]\nid = "due"\ntitle = { zh = "a", en = "b" }\n'
                    'text = { zh = "{amount}", en = "{amount}" }\n',
                },
                frozenset({(CODE, 5)}),
            ),
            code(
                "events-are-declared",
                "from yimen_sdk import PaymentSettled\n\nfrom yimen_tea import app\n\n\n"
                "@app.on(PaymentSettled)\nasync def paid(event, host):\n    pass\n",
                8,
            ),
            Case(
                "pages-exist",
                {MANIFEST: '[[pages]]\npath = "/"\n[[pages]]\npath = "/bills"\n'},
                frozenset({("yimen_tea/miniapp.toml", 24)}),
            ),
            Case(
                "offers-a-mini-app",
                {"yimen_tea/__init__.py": '"""Nothing."""\n'},
                frozenset({("yimen_tea/__init__.py", 1)}),
            ),
            Case(
                "icons-exist",
                {MANIFEST: '[[icons]]\nsrc = "static/gone.png"\n'},
                frozenset({("yimen_tea/miniapp.toml", 22)}),
            ),
            page("no-inline-script-or-style", "<p>\n<script>\nalert(1)</script>", 2),
            page("no-inline-script-or-style", "<style>p{}</style>\n<p style='x'>\n<p onclick='x'>", 1, 2, 3),
            page("no-inline-script-or-style", "<a href=' java\nscript:alert(1)'>x</a>", 1),
            page("values-are-escaped", "{{ name | safe }}\n{% autoescape false %}", 1, 2),
            code("values-are-escaped", "from markupsafe import Markup\n\nMarkup('<b>')\n", 5),
            page("nothing-is-loaded-from-elsewhere", "<img src='//cdn.example/x.png' alt=''>", 1),
            page("nothing-is-loaded-from-elsewhere", "<script src='https://cdn.example/x.js'></script>", 1),
            page("nothing-is-loaded-from-elsewhere", "<iframe src='/x'></iframe>\n<base href='/'>", 1, 2),
            page(
                "inputs-have-labels",
                "<label for='a'>A</label><input id='a'>\n<input id='b'>\n<label>C</label><select></select>",
                2,
                3,
            ),
            page("pictures-have-words", "<img src='/a.png'>\n<img src='/b.png' alt=''>", 1),
            page("english-is-complete", "<p>您好</p>\n{{ _('没有翻译') }}", 1, 2),
            code("english-is-complete", "def f(request):\n    return request.gettext('没有翻译')\n", 4),
            Case(
                "people-know-whom-to-ask",
                {"yimen_tea/miniapp.toml": "", MANIFEST: "MINIMAL"},
                frozenset({("yimen_tea/miniapp.toml", 1)}),
            ),
            Case("has-an-icon", {"yimen_tea/miniapp.toml": "MINIMAL"}, frozenset({("yimen_tea/miniapp.toml", 1)})),
            Case("has-a-licence", {"yimen_tea/miniapp.toml": "MINIMAL"}, frozenset({("yimen_tea/miniapp.toml", 1)})),
            Case(
                "says-what-it-keeps", {"yimen_tea/miniapp.toml": "MINIMAL"}, frozenset({("yimen_tea/miniapp.toml", 1)})
            ),
            code("requests-do-not-block", "import time\n\n\nasync def f():\n    time.sleep(1)\n", 7),
            code("residents-share-no-globals", "last = ''\n\n\ndef f(name):\n    global last\n    last = name\n", 7),
            code("code-is-typed", "def f(x):\n    return x\n", 3),
            code("code-is-documented", "def f() -> None:\n    pass\n\n\nclass C:\n    pass\n", 3, 7),
            Case("code-is-documented", {CODE: "x = 1\n"}, frozenset({(CODE, 1)})),
            Case("files-are-short", {CODE: LONG}, frozenset({(CODE, 301)})),
            Case(
                "pages-are-light",
                {"yimen_tea/static/big.js": "x" * 400_000},
                frozenset({("yimen_tea/static", 1)}),
            ),
            Case(
                "pages-are-light",
                {"yimen_tea/static/big.css": "x" * 1_600_000},
                frozenset({("yimen_tea/static", 1)}),
            ),
        ]
    )


MINIMAL = """\
id = "tea"
title = { zh = "茶", en = "Tea" }
category = "life"
sdk = ">=1.0,<2"
[[scopes]]
name = "identity.name"
reason = { zh = "好", en = "Good" }
[[scopes]]
name = "payments.order"
reason = { zh = "好", en = "Good" }
"""

CASES = Cases().listed
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}


def run(rule: str, subject: Subject) -> Result:
    (result,) = check(subject, (BY_ID[rule],)).results
    return result


def filled(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text.replace("MINIMAL", MINIMAL) for name, text in files.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_rule_finds_what_breaks_it_where_it_stands(case: Case, spoil: Spoil) -> None:
    result = run(case.rule, spoil(filled(case.files)))

    assert result.outcome is Outcome.FAILED, result
    assert {(finding.path, finding.line) for finding in result.findings} == case.found
    assert {finding.code for finding in result.findings} <= {kind.code for kind in BY_ID[case.rule].finds}


def test_every_rule_is_broken_by_a_case() -> None:
    assert {case.rule for case in CASES} == set(BY_ID)


def test_every_kind_of_finding_is_found_by_a_case(tmp_path_factory: pytest.TempPathFactory) -> None:
    found: set[str] = set()
    for case in CASES:
        subject = write(tmp_path_factory.mktemp("case"), filled(case.files))
        found |= {finding.code for finding in run(case.rule, subject).findings}

    assert found == {kind.code for rule in RULES for kind in rule.finds}


def test_the_good_mini_app_reaches_gold(spoil: Spoil) -> None:
    report = check(spoil({}))

    assert [result for result in report.results if result.outcome is not Outcome.PASSED] == []
    assert report.tier is Tier.GOLD
    assert not report.blocks


@pytest.mark.parametrize(
    ("rule", "files"),
    [
        ("no-hidden-code", {CODE: "import re\n\nre.compile('a')\ngetattr(object, 'name')\n"}),
        (
            "no-hidden-code",
            {CODE: "from importlib.resources import files\n\nfiles('yimen_tea')\n"},
        ),
        ("no-processes", {CODE: "import os\n\nos.path.join('a')\n"}),
        ("imports-are-declared", {CODE: "import json\nimport yimen_tea\nfrom yimen_sdk import yuan\n"}),
        ("no-secrets", {CODE: "password = request.form['password']\ntoken = 'your-token-here'\n"}),
        (
            "hosts-are-declared",
            {
                CODE: "async def f(host):\n    await host.network.fetch('GET', 'https://a.example.cn/x')\n",
                MANIFEST: f'[[network]]\nhost = "*.example.cn"\n{REASON}',
            },
        ),
        (
            "events-are-declared",
            {
                CODE: "from yimen_sdk import PaymentSettled\n\n\n@app.on(PaymentSettled)\ndef f(): ...\n",
                "yimen_tea/miniapp.toml": 'events = ["yimen.payment.settled"]\nMINIMAL',
            },
        ),
        (
            "pages-exist",
            {
                MANIFEST: '[[pages]]\npath = "/bills/2026"\n',
                CODE: "@app.get('/bills/{year}')\nasync def f(request): ...\n",
            },
        ),
        (
            "notices-are-declared",
            {
                CODE: "async def f(host):\n    await host.notices.send('due', to='r', amount='1')\n",
                MANIFEST: '[[notices]]\nid = "due"\ntitle = { zh = "a", en = "b" }\n'
                'text = { zh = "{amount}", en = "{amount}" }\n',
            },
        ),
        (
            "nothing-is-loaded-from-elsewhere",
            {
                PAGE: "<img src='https://cdn.example.cn/x.png' alt=''><img src='/static/x.png' alt=''>",
                MANIFEST: f'[[network]]\nhost = "cdn.example.cn"\n{REASON}used_by = ["page"]\n',
            },
        ),
        ("inputs-have-labels", {PAGE: "<label>A <input name='a'></label><label>B <select></select></label>"}),
        ("inputs-have-labels", {PAGE: "<input type='hidden'><input aria-label='x'><input type='submit'>"}),
        ("requests-do-not-block", {CODE: "import time\n\n\ndef f():\n    time.sleep(1)\n"}),
        ("english-is-complete", {PAGE: "<p>{# 注释 #}{{ _('买一杯茶') }}</p>"}),
        ("scopes-declared-are-used", {MANIFEST: f'[[scopes]]\nname = "location"\n{REASON}', PAGE: "location"}),
    ],
)
def test_a_rule_lets_the_honest_thing_pass(rule: str, files: dict[str, str], spoil: Spoil) -> None:
    result = run(rule, spoil(filled(files)))

    assert result.outcome is Outcome.PASSED, result


def test_a_rule_without_anything_to_look_at_is_skipped(spoil: Spoil) -> None:
    subject = spoil({"yimen_tea/miniapp.toml": MINIMAL})

    result = run("icons-exist", subject)

    assert result == Result(
        rule="icons-exist",
        tier=Tier.BRONZE,
        outcome=Outcome.SKIPPED,
        note="the manifest has no icons",
        why=Said(message="the manifest has no icons", code="no-icons"),
    )


def test_a_rule_that_breaks_is_an_error_and_blocks(spoil: Spoil) -> None:
    def broken(subject: Subject):  # type: ignore[no-untyped-def]  # a rule as a careless author writes it
        yield subject.files[10**9]

    report = check(spoil({}), (Rule("broken", Tier.GOLD, BROKEN, BROKEN, broken),))

    (result,) = report.results
    note, why = "the rule broke: IndexError: tuple index out of range", "IndexError: tuple index out of range"
    said = Said(message=note, code="rule-broke", values={"error": why})
    assert (result.outcome, result.note, result.why) == (Outcome.ERROR, note, said)
    assert report.blocks
    assert report.broken


def test_a_report_without_results_blocks(spoil: Spoil) -> None:
    assert check(spoil({}), ()).blocks


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_page_that_says_what_it_says(rule: Rule) -> None:
    page = Path(__file__).parents[3] / "docs/rules" / f"{rule.id}.md"

    text = page.read_text("utf-8")

    assert text.startswith(f"# {rule.id}\n\n{rule.title.en}. *{rule.tier.value.capitalize()}.*\n")
    assert rule.advice.en in text
    assert [heading for heading in ("## Why", "## Example", "## Exceptions") if heading not in text] == []


def test_the_list_of_rules_has_them_all_under_their_tier() -> None:
    text = (Path(__file__).parents[3] / "docs/rules/README.md").read_text("utf-8")

    sections = text.split("\n## ")[1:]
    listed = [(part.split("\n")[0], line) for part in sections for line in part.splitlines() if line.startswith("| [")]
    assert listed == [(r.tier.value.capitalize(), f"| [{r.id}]({r.id}.md) | {r.title.en} |") for r in RULES]
