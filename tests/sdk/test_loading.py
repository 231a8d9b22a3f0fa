"""Loading a mini-app: each way to be wrong has its own sentence."""

from pathlib import Path

import pytest
from tests.sdk.packages import HEAD, OFFER, Write
from tests.sdk.packages import package as package

from yimen_sdk.loading import LoadError, forget, load_miniapp


def test_a_package_gives_its_one_mini_app(package: Write) -> None:
    name = package(HEAD + OFFER)

    app = load_miniapp(name, "tea")

    assert (app.package, app.id) == ("yimen_written", None)


def test_of_several_mini_apps_the_named_one_is_taken(package: Write) -> None:
    name = package(
        "from yimen_sdk import MiniApp, hookimpl\n"
        "@hookimpl\n"
        "def yimen_miniapps():\n"
        "    return [MiniApp(__name__, id='tea'), MiniApp(__name__, id='coffee')]\n"
    )

    assert load_miniapp(name, "coffee").id == "coffee"
    with pytest.raises(LoadError) as refusal:
        load_miniapp(name, "milk")
    assert refusal.value.message == ("yimen_written offers 2 mini-apps; exactly one must be MiniApp(..., id='milk')")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        pytest.param(
            "import nowhere_to_be_found",
            "yimen_written does not import: No module named 'nowhere_to_be_found'",
            id="does-not-import",
        ),
        pytest.param("x = 1 / 0", "yimen_written does not import: ZeroDivisionError: division by zero", id="raises"),
        pytest.param(
            "def broken(:\n    pass",
            "yimen_written does not import: SyntaxError: invalid syntax (__init__.py, line 1)",
            id="is-not-python",
        ),
        pytest.param(
            HEAD,
            "yimen_written offers no mini-app: mark yimen_miniapps() with @hookimpl and return [app]",
            id="no-hook",
        ),
        pytest.param(
            HEAD + OFFER.removeprefix("@hookimpl\n"),
            "yimen_written offers no mini-app: mark yimen_miniapps() with @hookimpl and return [app]",
            id="unmarked-hook",
        ),
        pytest.param(
            HEAD + OFFER.replace("[app]", "[]"),
            "yimen_written offers no mini-app: mark yimen_miniapps() with @hookimpl and return [app]",
            id="nothing-offered",
        ),
        pytest.param(
            HEAD + OFFER.replace("[app]", "['app']"),
            "yimen_written offers 'app', which is not a MiniApp",
            id="not-a-mini-app",
        ),
        pytest.param(
            HEAD + OFFER.replace("[app]", "app"),
            "yimen_written: yimen_miniapps() must return a list of mini-apps, such as [app]",
            id="not-a-list",
        ),
        pytest.param(
            HEAD + OFFER.replace("[app]", "1 / 0"),
            "yimen_written: yimen_miniapps() raises ZeroDivisionError: division by zero",
            id="hook-raises",
        ),
    ],
)
def test_each_mistake_has_its_own_sentence(package: Write, code: str, sentence: str) -> None:
    name = package(code)

    with pytest.raises(LoadError) as refusal:
        load_miniapp(name, "tea")

    assert refusal.value.message == sentence


@pytest.mark.parametrize(
    "hook",
    [
        pytest.param("@hookimpl\ndef yimen_minipps():\n    return [app]\n", id="misspelt"),
        pytest.param("@hookimpl\ndef yimen_miniapps(host):\n    return [app]\n", id="asks-for-too-much"),
    ],
)
def test_a_hook_that_does_not_exist_is_named(package: Write, hook: str) -> None:
    name = package(HEAD + hook)

    with pytest.raises(LoadError, match=r"yimen_written misuses a hook: .*yimen_mini"):
        load_miniapp(name, "tea")


def test_a_forgotten_package_is_read_anew(package: Write, tmp_path: Path) -> None:
    name = package(HEAD + "from yimen_written.words import WORD\napp.word = WORD\n" + OFFER, {"words.py": "WORD = 1\n"})
    before = load_miniapp(name, "tea")
    (tmp_path / name / "words.py").write_text("WORD = 'another'\n")

    forget(name)

    after = load_miniapp(name, "tea")
    assert (before.word, after.word) == (1, "another")  # type: ignore[attr-defined]  # put there by the package
