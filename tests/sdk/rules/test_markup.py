"""A template is taken apart with the lines it has, whatever is in it."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk.rules.markup import PLACE, Tag, Words, read_template

PAGE = """\
{% extends "yimen/page.html" %}
{# <script>alert(1)</script>
   in a comment #}
<p class="{{ kind }}">您好 {{ name }}</p>
{% if a < b %}
<label>A <input name="a"></label>
{% endif %}
<script>let 好 = "<b>";</script>
<img src="/a.png"
     alt="{{ _('图') }}">
"""


def test_tags_and_words_have_their_lines() -> None:
    template = read_template("page.html", PAGE)

    assert template.tags == (
        Tag("p", {"class": PLACE}, 4),
        Tag("label", {}, 6),
        Tag("input", {"name": "a"}, 6, in_label=True),
        Tag("script", {}, 8),
        Tag("img", {"src": "/a.png", "alt": PLACE}, 9),
    )
    assert [words for words in template.words if words.text != PLACE] == [Words(f"您好 {PLACE}", 4), Words("A", 6)]


@given(st.text("<>/{}%#\"'= abscriptyle!-[]\n\x00&;", max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    lines = text.count("\n") + 1

    template = read_template("page.html", text)

    assert all(1 <= tag.line <= lines for tag in template.tags)
    assert all(1 <= words.line <= lines for words in template.words)
