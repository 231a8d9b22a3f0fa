"""The `yimen` command as a publisher uses it: every message, every status."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from yimen_sdk.cli import app
from yimen_sdk.manifest import manifest_schema
from yimen_sdk.rules import Outcome, Report, Tier


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str


def yimen(*arguments: str, lang: str = "C.UTF-8") -> Said:
    result = CliRunner(env={"LC_ALL": lang}).invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project."""
    assert yimen("new", "tea-house", "--into", str(tmp_path / "project")).status == 0
    return tmp_path / "project"


def files(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_new_writes_a_whole_project(project: Path) -> None:
    assert files(project) == [
        ".gitignore",
        "CHANGELOG.md",
        "README.md",
        "pyproject.toml",
        "tests/test_miniapp.py",
        "yimen_tea_house/__init__.py",
        "yimen_tea_house/locale/en.po",
        "yimen_tea_house/miniapp.toml",
        "yimen_tea_house/static/icon.svg",
        "yimen_tea_house/templates/home.html",
    ]


def test_the_new_project_passes_its_own_tests(project: Path) -> None:
    command = [str(Path(sys.executable).parent / "pytest"), "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_the_new_project_can_be_submitted(project: Path) -> None:
    said = yimen("check", str(project))

    assert said.status == 0
    assert said.out.endswith("Tier: bronze. It can be submitted.\n")


def test_new_does_not_write_over_anything(project: Path) -> None:
    before = files(project)

    said = yimen("new", "other", "--into", str(project))

    assert (said.status, said.err) == (2, f"{project} is not empty\n")
    assert files(project) == before


@pytest.mark.parametrize("name", ["Tea", "1tea", "tea_house", "admin", "xn--tea", "a" * 64, "-x"])
def test_new_refuses_what_cannot_be_an_id(name: str, tmp_path: Path) -> None:
    said = yimen("new", "--into", str(tmp_path / "x"), "--", name)

    assert said.status == 2
    assert "cannot be an id" in said.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("title", ['a"b', "a\\b", "$id", "", "x" * 31])
def test_new_refuses_a_title_that_would_break_its_files(title: str, tmp_path: Path) -> None:
    said = yimen("new", "tea", "--title-en", title, "--into", str(tmp_path / "x"))

    assert said.status == 2
    assert said.err.startswith("a title has 1 to 30 characters")


def test_build_makes_the_same_bytes_twice(project: Path, tmp_path: Path) -> None:
    first = yimen("build", str(project), "--into", str(tmp_path / "one"))
    os.utime(project / "yimen_tea_house/__init__.py", (0, 0))
    second = yimen("build", str(project), "--into", str(tmp_path / "two"))

    name = "yimen_tea_house-1.0.0-py3-none-any.whl"
    assert (first.status, second.status) == (0, 0)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_built_wheel_is_what_the_check_reads(project: Path) -> None:
    yimen("build", str(project))
    (wheel,) = (project / "dist").glob("*.whl")
    (project / "tree").mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(project / "tree")

    of_project, of_wheel, of_tree = (
        Report.model_validate_json(yimen("check", "--json", str(path)).out)
        for path in (project, wheel, project / "tree")
    )

    assert of_project == of_wheel == of_tree
    assert of_wheel.tier is Tier.BRONZE


def test_check_says_where_and_what_to_do(project: Path) -> None:
    (project / "yimen_tea_house/evil.py").write_text('"""Evil."""\n\nimport subprocess\n', "utf-8")

    said = yimen("check", str(project))

    assert said.status == 1
    assert (
        "  FAIL no-processes: No process is started, and no signal handled\n"
        "         yimen_tea_house/evil.py:3: subprocess starts or signals processes [starts-processes]\n"
        "         → Do the work in the request, in a task, or in an event handler.\n"
    ) in said.out
    assert said.out.endswith("It cannot be released like this.\n")


@pytest.mark.parametrize(("asked", "lang"), [((), "zh_CN.UTF-8"), (("--language", "zh"), "C.UTF-8")])
def test_check_speaks_the_developers_language(project: Path, asked: Sequence[str], lang: str) -> None:
    (project / "yimen_tea_house/evil.py").write_text('"""Evil."""\n\nimport subprocess\n', "utf-8")

    said = yimen("check", str(project), *asked, lang=lang)

    assert said.status == 1
    assert (
        "  不符 no-processes: 不启动进程，不处理信号\n"
        "         yimen_tea_house/evil.py:3: subprocess 会启动进程或发送信号 [starts-processes]\n"
        "         → 请在请求、任务或事件处理函数中完成\n"
    ) in said.out
    assert said.out.endswith("级别：无。这样不能发布。\n")


def test_check_lists_every_fault_of_the_manifest(project: Path) -> None:
    (project / "yimen_tea_house/miniapp.toml").write_text('id = "tea-house"\ntitel = 1\n', "utf-8")

    said = yimen("check", str(project))

    assert said.status == 2
    assert said.err == (
        "miniapp.toml has faults:\n"
        "  line 1: 'category' is missing [missing]\n"
        "  line 1: 'sdk' is missing [missing]\n"
        "  line 1: 'title' is missing [missing]\n"
        "  line 2: 'titel' is not a key of the manifest; did you mean 'title'? [misspelt-key]\n"
    )


def test_check_tells_faults_in_the_developers_language(project: Path) -> None:
    (project / "yimen_tea_house/miniapp.toml").write_text('id = "tea-house"\ntitel = 1\n', "utf-8")

    of_manifest, of_nothing = (yimen("check", str(path), lang="zh_CN.UTF-8") for path in (project, project / "tests"))

    assert of_manifest.err.endswith("  第 2 行：清单没有“titel”这一项；是不是“title”？ [misspelt-key]\n")
    assert of_nothing.err == f"{project / 'tests'} 里没有 pyproject.toml；`yimen new NAME` 可以新建项目\n"
    assert yimen("build", str(project), lang="zh_CN.UTF-8").err == of_manifest.err


def spoilt(project: Path, name: str, text: str | None) -> None:
    if text is None:
        shutil.rmtree(project / name) if (project / name).is_dir() else (project / name).unlink()
    else:
        (project / name).write_text(text, "utf-8")


GROUP = '[project]\nname = "x"\nversion = "1"\n[project.entry-points."yimen.miniapps"]\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pyproject.toml", None, "has no pyproject.toml"),
        ("pyproject.toml", "[", "is not TOML"),
        ("pyproject.toml", "[project]\n", "needs name and version"),
        ("pyproject.toml", '[project]\nname = "x"\nversion = "1"\n', "0 entry points"),
        ("pyproject.toml", GROUP + 'a = "b"\nc = "d"\n', "2 entry points"),
        ("pyproject.toml", GROUP + 'a = "b"\n', "which is no package"),
        ("pyproject.toml", GROUP + 'a = "yimen_tea_house"\n', "the manifest's id is 'tea-house'"),
        ("yimen_tea_house/miniapp.toml", None, "miniapp.toml is missing"),
        ("yimen_tea_house", None, "which is no package"),
    ],
)
def test_check_says_why_it_is_no_mini_app(project: Path, name: str, text: str | None, message: str) -> None:
    spoilt(project, name, text)

    said = yimen("check", str(project))

    assert said.status == 2
    assert message in said.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "has no pyproject.toml"),
        ("[", "is not TOML"),
        ('[build-system]\nbuild-backend = "nowhere.build"\n', "nowhere.build is not installed"),
        ('[build-system]\nbuild-backend = "hatchling.build"\n', "could not build the wheel"),
    ],
)
def test_build_says_why_it_cannot(project: Path, text: str | None, message: str) -> None:
    spoilt(project, "pyproject.toml", text)

    said = yimen("build", str(project))

    assert said.status in {1, 2}
    assert message in said.err


def test_build_refuses_what_the_registry_would(project: Path) -> None:
    manifest = project / "yimen_tea_house" / "miniapp.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('"payments.order"', '"payment.order"'), "utf-8")

    said = yimen("build", str(project))

    assert (said.status, "'payment.order' is not a scope of the platform" in said.err) == (2, True)
    assert not (project / "dist").exists()


def test_schema_writes_the_json_schema() -> None:
    assert json.loads(yimen("schema").out) == manifest_schema()


@pytest.mark.parametrize("command", [["new"], ["check"], ["build"], ["schema"]])
def test_every_command_explains_itself(command: Sequence[str]) -> None:
    said = yimen(*command, "--help")

    assert said.status == 0
    assert "Usage:" in said.out


def test_outcomes_of_a_new_project(project: Path) -> None:
    report = Report.model_validate_json(yimen("check", "--json", str(project)).out)

    assert [r.rule for r in report.results if r.outcome is not Outcome.PASSED] == ["people-know-whom-to-ask"]
