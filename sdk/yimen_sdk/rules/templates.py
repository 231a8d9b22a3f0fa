"""Rules on templates: what the content security policy would block, what would let others in, what shuts people out."""

import re
from collections.abc import Iterator

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest import Side
from yimen_sdk.rules.markup import PLACE, Tag, Template
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, bronze, silver
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind

INLINE_SCRIPT = Kind("inline-script", Bilingual(zh="页面里写了脚本", en="a script inside the page"))
INLINE_STYLE = Kind("inline-style", Bilingual(zh="页面里写了样式", en="a style inside the page"))
INLINE_HANDLER = Kind(
    "inline-handler", Bilingual(zh="页面里写了事件处理 {attribute}", en="a handler {attribute} inside the page")
)
SCRIPT_ADDRESS = Kind("script-address", Bilingual(zh="{attribute} 的地址会执行脚本", en="{attribute} runs a script"))
UNESCAPED = Kind("unescaped", Bilingual(zh="{written} 会让标记原样通过", en="{written} lets markup through"))
BLOCKED_TAG = Kind(
    "blocked-tag",
    Bilingual(zh="不允许使用 <{tag}>", en="<{tag}> is blocked"),
    Bilingual(zh="请改用链接，或由页面自己画出", en="Link to it, or draw it in the page itself."),
)
FROM_ELSEWHERE = Kind(
    "loaded-from-elsewhere", Bilingual(zh="从别处加载 {address}", en="loads {address} from elsewhere")
)
WITHOUT_LABEL = Kind("field-without-label", Bilingual(zh="<{tag}> 没有标签", en="<{tag}> has no label"))
WITHOUT_WORDS = Kind("picture-without-words", Bilingual(zh="图片没有 alt 文字", en="the picture has no alt text"))
NO_TEMPLATES = Kind("no-templates", Bilingual(zh="没有页面模板", en="there are no templates"))
_UNESCAPED = re.compile(r"\|\s*safe\b|\{%-?\s*autoescape\s+(false|no)|\bMarkup\(")
_LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
_BLOCKED_TAGS = {"iframe", "object", "embed", "base", "frame", "applet"}
_UNLABELLED_TYPES = {"hidden", "submit", "button", "image", "reset"}


@bronze(
    title="脚本和样式放在文件里：内容安全策略会拦下写在页面里的",
    finds=(INLINE_SCRIPT, INLINE_STYLE, INLINE_HANDLER, SCRIPT_ADDRESS),
    skips=(NO_TEMPLATES,),
    advice=Bilingual(
        zh="请把脚本和样式放进 static/ 下的文件再引用；用 class 代替 `style`",
        en="Put scripts and styles into files under static/ and refer to them; use classes instead of `style`.",
    ),
)
def no_inline_script_or_style(subject: Subject) -> Iterator[Finding]:
    """Scripts and styles are files: the content security policy blocks inline ones."""
    for template, tag in _tags(subject):
        if tag.name == "script" and "src" not in tag.attributes:
            yield _found(INLINE_SCRIPT, template, tag)
        if tag.name == "style" or "style" in tag.attributes:
            yield _found(INLINE_STYLE, template, tag)
        for name in (name for name in tag.attributes if name.startswith("on")):
            yield _found(INLINE_HANDLER, template, tag, attribute=name)
        for name in (name for name, value in tag.attributes.items() if _runs(value)):
            yield _found(SCRIPT_ADDRESS, template, tag, attribute=name)


@bronze(
    title="到达页面的值都经过转义",
    finds=(UNESCAPED,),
    skips=(NO_TEMPLATES,),
    advice=Bilingual(
        zh="请让模板转义：传入值，在模板里写标记",
        en="Let the template escape it: pass values, build markup in the template.",
    ),
)
def values_are_escaped(subject: Subject) -> Iterator[Finding]:
    """No value reaches the page unescaped."""
    for template in _templates(subject):
        for match in _UNESCAPED.finditer(template.text):
            line = template.line_of(match.start())
            yield Finding.of(UNESCAPED, template.path, line, written=match[0])
    for source in subject.sources:
        for name, call in source.calls():
            if name.split(".")[-1] == "Markup":
                yield Finding.of(UNESCAPED, source.path, call.lineno, written="Markup")


@bronze(
    title="页面只从小程序自身加载脚本、样式和图片",
    finds=(BLOCKED_TAG, FROM_ELSEWHERE),
    skips=(NO_TEMPLATES,),
    advice=Bilingual(
        zh='请把文件放在 static/ 下，或在 [[network]] 中以 used_by = ["page"] 声明主机',
        en='Bring the file along under static/, or declare the host under [[network]] with used_by = ["page"].',
    ),
)
def nothing_is_loaded_from_elsewhere(subject: Subject) -> Iterator[Finding]:
    """Pages load their scripts, styles and pictures from the mini-app itself."""
    for template, tag in _tags(subject):
        if tag.name in _BLOCKED_TAGS:
            yield _found(BLOCKED_TAG, template, tag, tag=tag.name)
            continue
        source = tag.attributes.get(_LOADED.get(tag.name, ""), "").strip()
        if re.match(r"(?i)(https?:)?//", source) and not _declared(subject, source, tag):
            yield _found(FROM_ELSEWHERE, template, tag, address=source)


@silver(
    title="每个输入项都说明填什么，读屏软件也读得到",
    finds=(WITHOUT_LABEL,),
    skips=(NO_TEMPLATES,),
    advice=Bilingual(
        zh="请加上 <label for=…>，实在放不下时用 aria-label",
        en="Give it a <label for=…>, or aria-label where nothing else fits.",
    ),
)
def inputs_have_labels(subject: Subject) -> Iterator[Finding]:
    """Every field says what it is for, also to a screen reader."""
    for template in _templates(subject):
        labelled = {tag.attributes.get("for", "") for tag in template.tags if tag.name == "label"}
        for tag in template.tags:
            if tag.name in {"input", "select", "textarea"} and not _is_labelled(tag, labelled):
                yield _found(WITHOUT_LABEL, template, tag, tag=tag.name)


@silver(
    title="每张图片都有文字说明",
    finds=(WITHOUT_WORDS,),
    skips=(NO_TEMPLATES,),
    advice=Bilingual(
        zh='请在 `alt` 中写明图片内容；只作装饰时写 alt=""',
        en='Say in `alt` what the picture shows; write alt="" when it only decorates.',
    ),
)
def pictures_have_words(subject: Subject) -> Iterator[Finding]:
    """Every picture has an alternative in words."""
    for template, tag in _tags(subject):
        if tag.name == "img" and "alt" not in tag.attributes:
            yield _found(WITHOUT_WORDS, template, tag)


def _templates(subject: Subject) -> tuple[Template, ...]:
    if not subject.templates:
        raise NothingToLookAt(NO_TEMPLATES)
    return subject.templates


def _tags(subject: Subject) -> Iterator[tuple[Template, Tag]]:
    return ((template, tag) for template in _templates(subject) for tag in template.tags)


def _runs(value: str) -> bool:
    return re.sub(r"[\s\x00-\x1f]", "", value).lower().startswith(("javascript:", "vbscript:", "data:text/html"))


def _declared(subject: Subject, source: str, tag: Tag) -> bool:
    host = re.sub(r"(?i)^(https?:)?//", "", source).split("/")[0]
    return tag.name != "script" and host in subject.manifest.hosts(Side.PAGE)


def _is_labelled(tag: Tag, labelled: set[str]) -> bool:
    if tag.in_label or tag.attributes.get("type", "").lower() in _UNLABELLED_TYPES:
        return True
    if {"aria-label", "aria-labelledby"} & tag.attributes.keys():
        return True
    identity = tag.attributes.get("id", "")
    return bool(identity) and (identity in labelled or PLACE in identity)


def _found(kind: Kind, template: Template, where: Tag, /, **values: str) -> Finding:
    return Finding.of(kind, template.path, where.line, **values)
