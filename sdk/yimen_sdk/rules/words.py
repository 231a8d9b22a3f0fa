"""Silver rule on words: whatever the page says in Chinese, it says in English too."""

import re
from collections.abc import Iterator

from babel.messages.pofile import PoFileError, read_po

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules.markup import Template
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, silver
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind

NOT_TRANSLATED = Kind(
    "not-translated",
    Bilingual(zh="“{message}” 没有英文", en="“{message}” has no English translation"),
    Bilingual(zh="请在 locale/en.po 中加上译文", en="Add the translation to locale/en.po."),
)
BARE_CHINESE = Kind(
    "bare-chinese", Bilingual(zh="“{text}” 没有写成可翻译的文字", en="“{text}” is no message that can be translated")
)
NO_WORDS = Kind("no-words", Bilingual(zh="小程序没有自己的文字", en="the mini-app shows no words of its own"))
_HAN = re.compile(r"[\u3400-\u9fff]")
_CALLED = re.compile(r"""(?:\b_|\bgettext)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_BLOCK = re.compile(r"\{%-?\s*trans\b[^%]*%\}(.*?)\{%-?\s*endtrans\b", re.DOTALL)


@silver(
    title="每句话都有英文，中文都写成可翻译的",
    finds=(NOT_TRANSLATED, BARE_CHINESE),
    skips=(NO_WORDS,),
    advice=Bilingual(
        zh='请写成 `{{ _("…") }}`，并在 locale/en.po 中加上译文',
        en='Write the words as `{{ _("…") }}` and add their translation to locale/en.po.',
    ),
)
def english_is_complete(subject: Subject) -> Iterator[Finding]:
    """Every message has an English translation, and no Chinese stands outside a message."""
    messages = list(_messages(subject))
    if not messages and not subject.templates:
        raise NothingToLookAt(NO_WORDS)
    english = _english(subject)
    for message, path, line in messages:
        if _HAN.search(message) and message not in english:
            yield Finding.of(NOT_TRANSLATED, path, line, message=message)
    for template in subject.templates:
        yield from _bare_words(template)


def _messages(subject: Subject) -> Iterator[tuple[str, str, int]]:
    for template in subject.templates:
        for match in _CALLED.finditer(template.text):
            yield _unquoted(match[1]), template.path, template.line_of(match.start())
        for match in _BLOCK.finditer(template.text):
            yield match[1].strip(), template.path, template.line_of(match.start())
    for path in subject.named("*.py"):
        text = subject.text(path)
        for match in _CALLED.finditer(text):
            yield _unquoted(match[1]), subject.name(path), text.count("\n", 0, match.start()) + 1


def _english(subject: Subject) -> set[str]:
    path = subject.package / "locale" / "en.po"
    if not path.is_file():
        return set()
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale="en", abort_invalid=True)
    except (PoFileError, UnicodeDecodeError):
        return set()
    return {str(entry.id) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}


def _bare_words(template: Template) -> Iterator[Finding]:
    blocks = _BLOCK.findall(template.text)
    for words in template.words:
        if _HAN.search(words.text) and not any(words.text in block for block in blocks):
            yield Finding.of(BARE_CHINESE, template.path, words.line, text=words.text[:30])


def _unquoted(literal: str) -> str:
    return literal[1:-1].replace('\\"', '"').replace("\\'", "'")
