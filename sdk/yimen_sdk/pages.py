"""Renders a mini-app's templates, in the resident's language, on top of the SDK's page frame."""

import datetime as dt
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from babel.messages.pofile import read_po
from babel.support import NullTranslations
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from yimen_sdk.money import Money
from yimen_sdk.resident import Locale

CHINA = dt.timezone(dt.timedelta(hours=8))
LOCALES: tuple[Locale, ...] = ("zh", "en")


class Pages:
    """The templates under ``templates/`` of a package and its catalogues under ``locale/``.

    Messages are written in Chinese in the templates; ``locale/en.po`` translates them.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._catalogues: dict[Locale, Mapping[str, str]] = {
            "zh": {},
            "en": {**catalogue("yimen_sdk", "en"), **catalogue(package, "en")},
        }
        self._environments: dict[Locale, Environment] = {}

    def render(self, template: str, locale: Locale, context: Mapping[str, Any]) -> str:  # Any: the author's values
        """Fill a template. Undefined names raise, so that a typing mistake is found and not shown as nothing."""
        return self._environment(locale).get_template(template).render(context)

    def gettext(self, message: str, locale: Locale) -> str:
        """Translate a message, or give it back when the catalogue does not hold it."""
        return self._catalogues[locale].get(message) or message

    def _environment(self, locale: Locale) -> Environment:
        if locale not in self._environments:
            self._environments[locale] = self._make_environment(locale)
        return self._environments[locale]

    def _make_environment(self, locale: Locale) -> Environment:
        loaders = [PackageLoader("yimen_sdk")]
        if files(self._package).joinpath("templates").is_dir():
            loaders.insert(0, PackageLoader(self._package))
        environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
            lambda message: self.gettext(message, locale),
            NullTranslations().ngettext,
            newstyle=True,
        )
        environment.filters["money"] = _money
        environment.filters["when"] = _when
        environment.filters["day"] = _day
        return environment


def catalogue(package: str, locale: str) -> Mapping[str, str]:
    """Read every ``locale/*{locale}.po`` of a package; none is an empty catalogue."""
    directory = files(package).joinpath("locale")
    if not directory.is_dir():
        return {}
    found: dict[str, str] = {}
    for path in directory.iterdir():
        if path.name == f"{locale}.po" or path.name.endswith(f".{locale}.po"):
            with path.open("rb") as file:
                messages = read_po(file, locale=locale)
            found |= {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}
    return found


def _money(amount: Money) -> str:
    if amount.currency != "CNY":
        return f"{amount} {amount.currency}"
    return f"-¥{-amount}" if amount.fen < 0 else f"¥{amount}"


def _when(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _day(moment: dt.datetime | dt.date) -> str:
    day = moment.astimezone(CHINA) if isinstance(moment, dt.datetime) else moment
    return day.strftime("%Y-%m-%d")
