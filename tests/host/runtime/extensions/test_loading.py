"""Extensions are loaded one at a time, and each way to be wrong leaves out that one alone, with its reason."""

import sys
from pathlib import Path

import pytest
from tests.host.runtime.extensions.made import SENDER, installed

from yimen_host.core.services import Services
from yimen_host.runtime.extensions.loading import TEXTS, Extensions, Record, State, load


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of installed distributions."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return place


def channel(channel_id: str) -> str:
    """The code of an extension whose channel is a renamed wallet: it has every method."""
    return f"""
from yimen_host.payments.channels.wallet import Wallet
from yimen_sdk import hookimpl

class Other(Wallet):
    id = {channel_id!r}

@hookimpl
def yimen_payment_channels(context):
    return [Other()]
"""


def states(extensions: Extensions) -> list[tuple[str, State]]:
    """Which were loaded."""
    return [(record.name, record.state) for record in extensions.records]


def test_an_extension_is_loaded_with_what_it_offers(services: Services, site: Path) -> None:
    installed(site, "texts", SENDER)

    found = load(services, ["texts"])

    assert found.records == (Record("texts", State.LOADED, "ext_texts", "1.2", offers=(TEXTS,)),)
    assert [type(sender).__name__ for sender in found.senders] == ["Sender"]


def test_only_what_the_operator_names_is_loaded(services: Services, site: Path) -> None:
    installed(site, "texts", "raise SystemExit('I was imported')")

    assert load(services, []) == Extensions()


def test_a_broken_extension_does_not_stop_the_others(services: Services, site: Path) -> None:
    installed(site, "broken", "1 / 0")
    installed(site, "texts", SENDER)

    found = load(services, ["broken", "absent", "texts"])

    assert states(found) == [
        ("broken", State.QUARANTINED),
        ("absent", State.QUARANTINED),
        ("texts", State.LOADED),
    ]
    assert len(found.senders) == 1


HOOK = "from yimen_sdk import hookimpl\n@hookimpl\n"
WRONG = {
    "1 / 0": "ext_wrong does not import: ZeroDivisionError: division by zero",
    "raise SystemExit(3)": "ext_wrong does not import: SystemExit: 3",
    "import no_such_thing": "ext_wrong does not import: ModuleNotFoundError: No module named 'no_such_thing'",
    "": "it offers nothing: mark a hook of the host with @hookimpl and return a list",
    HOOK + "def yimen_sender(context): return []": "ext_wrong misuses a hook: unknown hook 'yimen_sender' in plugin",
    HOOK + "def yimen_senders(context, more): return []": "ext_wrong misuses a hook: Plugin 'wrong' for hook",
    HOOK + "async def yimen_senders(context): return []": "yimen_senders must be a plain function, not `async def`",
    HOOK + "def yimen_senders(context): return 1": "yimen_senders must return a list",
    HOOK + "def yimen_senders(context): return [1]": "yimen_senders offers int, which lacks send",
    HOOK + "def yimen_senders(context): 1 / 0": "yimen_senders raises ZeroDivisionError: division by zero",
    HOOK + "def yimen_senders(context): context.need('key')": "set YIMEN_EXT_WRONG_KEY",
    HOOK + "def yimen_payment_channels(context): return [1]": "yimen_payment_channels offers int, which lacks capabil",
    SENDER.replace("Sender()", "Sender"): "yimen_senders offers the class Sender: it must offer an instance",
    SENDER.replace("async def", "def"): "Sender.send must be `async def`",
    channel("wallet"): "there is a payment channel wallet already",
    channel("sandbox-bank"): "there is a payment channel sandbox-bank already",
    channel("a/b"): "a channel's id is 2 to 31 characters of a-z, 0-9 and '-', not 'a/b'",
}


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_is_told_in_a_sentence(services: Services, site: Path, code: str) -> None:
    installed(site, "wrong", code)

    (record,) = load(services, ["wrong"], {}).records

    assert record.state is State.QUARANTINED
    assert record.reason.startswith(WRONG[code])


RANGES = {
    "yimen-host>=7": "ext_wrong 1.2 works with yimen-host>=7, and this is 0.1.0",
    "": "ext_wrong does not say which yimen-host it works with: it must require yimen-host>=…,<…",
    "yimen-sdk>=1": "ext_wrong does not say which yimen-host it works with: it must require yimen-host>=…,<…",
    "!!": "its requirement '!!' cannot be read",
}


@pytest.mark.parametrize("requires", RANGES)
def test_a_range_that_does_not_fit_is_refused_before_import(services: Services, site: Path, requires: str) -> None:
    installed(site, "wrong", "raise SystemExit('I was imported')", requires=requires)

    (record,) = load(services, ["wrong"]).records

    assert record == Record("wrong", State.QUARANTINED, "ext_wrong", "1.2", RANGES[requires])


def test_a_name_that_two_distributions_claim_is_nobodys(services: Services, site: Path) -> None:
    installed(site, "texts", SENDER)
    installed(site, "texts", SENDER, module="impostor")

    (record,) = load(services, ["texts"]).records

    assert record == Record(
        "texts",
        State.QUARANTINED,
        reason="several distributions call an extension 'texts': ext_texts, impostor",
    )


def test_two_extensions_cannot_offer_one_channel(services: Services, site: Path) -> None:
    installed(site, "one", channel("pay"))
    installed(site, "two", channel("pay"))

    found = load(services, ["one", "two"])

    assert states(found) == [("one", State.LOADED), ("two", State.QUARANTINED)]
    assert [found.id for found in found.channels] == ["pay"]


def test_an_extension_sees_its_own_settings_and_secret_only(services: Services, site: Path) -> None:
    installed(site, "texts", SENDER.replace("return [", "Sender.seen = context; return ["))
    environment = {"YIMEN_EXT_TEXTS_KEY": "k", "YIMEN_EXT_OTHER_KEY": "o", "YIMEN_DATABASE_URL": "db"}

    found = load(services, ["texts"], environment)

    context = found.senders[0].seen  # type: ignore[attr-defined]  # the extension's own
    assert dict(context.settings) == {"key": "k"}
    assert context.secret("notices") == services.keyring.password("extension:texts:notices")
