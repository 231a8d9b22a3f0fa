"""Pages: two languages, escaped, and a name mistyped is found."""

import datetime as dt

import pytest
from jinja2 import TemplateNotFound, UndefinedError
from tests.sdk.packages import Write
from tests.sdk.packages import package as package

from yimen_sdk import Money
from yimen_sdk.pages import Pages, catalogue

CATALOGUE = """
msgid "您好"
msgstr "Hello"

#, fuzzy
msgid "茶"
msgstr "Coffee"

msgid "没有译文"
msgstr ""

msgid "回到首页"
msgstr "Take me home"
"""


def pages(package: Write, template: str) -> Pages:
    """The pages of a package with one template and a catalogue."""
    return Pages(package("", {"templates/page.html": template, "locale/en.po": CATALOGUE}))


@pytest.mark.parametrize(("locale", "greeting"), [("zh", "您好"), ("en", "Hello")])
def test_a_message_is_said_in_the_residents_language(package: Write, locale: str, greeting: str) -> None:
    found = pages(package, "{{ _('您好') }}")

    assert found.render("page.html", locale, {}) == greeting  # type: ignore[arg-type]  # one of the two
    assert found.gettext("您好", locale) == greeting  # type: ignore[arg-type]  # one of the two


def test_what_nobody_translated_stays_chinese(package: Write) -> None:
    found = pages(package, "{{ _('茶') }} {{ _('没有译文') }} {{ _('不在目录里') }}")

    assert found.render("page.html", "en", {}) == "茶 没有译文 不在目录里"


def test_a_translated_message_is_filled_after_it_is_translated(package: Write) -> None:
    found = pages(package, "{{ _('您好') }}{{ _('%(n)s个', n=3) }}")

    assert found.render("page.html", "en", {}) == "Hello3个"


def test_an_undefined_name_is_a_mistake_not_nothing(package: Write) -> None:
    found = pages(package, "<p>{{ recieved }}</p>")

    with pytest.raises(UndefinedError, match="'recieved' is undefined"):
        found.render("page.html", "zh", {"received": "1"})


def test_a_template_that_is_not_there_is_named(package: Write) -> None:
    found = pages(package, "")

    with pytest.raises(TemplateNotFound, match=r"elsewhere\.html"):
        found.render("elsewhere.html", "zh", {})


def test_values_cannot_become_markup(package: Write) -> None:
    found = pages(package, "<p title='{{ word }}'>{{ word }}</p>{{ _('您好%(w)s', w=word) }}")

    page = found.render("page.html", "zh", {"word": "<script>'\""})

    assert page == "<p title='&lt;script&gt;&#39;&#34;'>&lt;script&gt;&#39;&#34;</p>您好&lt;script&gt;&#39;&#34;"


def test_amounts_and_moments_are_written_as_residents_read_them(package: Write) -> None:
    found = pages(package, "{{ a|money }} {{ b|money }} {{ at|when }} {{ at|day }} {{ on|day }}")
    late = dt.datetime(2026, 12, 31, 16, 5, tzinfo=dt.UTC)

    page = found.render(
        "page.html", "zh", {"a": Money(123456), "b": Money(5, "HKD"), "at": late, "on": dt.date(2026, 1, 2)}
    )

    assert page == "¥1,234.56 0.05 HKD 2027-01-01 00:05 2027-01-01 2026-01-02"


def test_a_mini_apps_own_words_win_over_the_sdks(package: Write) -> None:
    found = pages(package, "")

    assert "回到首页" in catalogue("yimen_sdk", "en")
    assert found.gettext("回到首页", "en") == "Take me home"


def test_a_package_without_templates_and_words_has_the_sdks(package: Write) -> None:
    found = Pages(package(""))

    assert catalogue("yimen_written", "en") == {}
    assert found.gettext("回到首页", "en") == catalogue("yimen_sdk", "en")["回到首页"]
