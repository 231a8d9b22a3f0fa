"""Rules on templates: what the content security policy would block, what would let others in, what shuts people out."""

import re
from collections.abc import Iterator

from yimen_sdk.manifest import Side
from yimen_sdk.rules.markup import PLACE, Tag, Template
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, bronze, silver
from yimen_sdk.rules.subject import Subject

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


@bronze("Put scripts and styles into files under static/ and refer to them; use classes instead of `style`.")
def no_inline_script_or_style(subject: Subject) -> Iterator[Finding]:
    """Scripts and styles are files: the content security policy blocks inline ones."""
    for template, tag in _tags(subject):
        if tag.name == "script" and "src" not in tag.attributes:
            yield _found(template, tag, "a script inside the page")
        if tag.name == "style" or "style" in tag.attributes:
            yield _found(template, tag, "a style inside the page")
        for name in (name for name in tag.attributes if name.startswith("on")):
            yield _found(template, tag, f"a handler {name!r} inside the page")
        for name in (name for name, value in tag.attributes.items() if _runs(value)):
            yield _found(template, tag, f"{name!r} runs a script")


@bronze("Let the template escape it: pass values, build markup in the template.")
def values_are_escaped(subject: Subject) -> Iterator[Finding]:
    """No value reaches the page unescaped."""
    for template in _templates(subject):
        for match in _UNESCAPED.finditer(template.text):
            line = template.line_of(match.start())
            yield Finding(path=template.path, line=line, message=f"{match[0]!r} lets markup through")
    for source in subject.sources:
        for name, call in source.calls():
            if name.split(".")[-1] == "Markup":
                yield Finding(path=source.path, line=call.lineno, message="Markup lets markup through")


@bronze('Bring the file along under static/, or declare the host under [[network]] with used_by = ["page"].')
def nothing_is_loaded_from_elsewhere(subject: Subject) -> Iterator[Finding]:
    """Pages load their scripts, styles and pictures from the mini-app itself."""
    for template, tag in _tags(subject):
        if tag.name in _BLOCKED_TAGS:
            yield _found(template, tag, f"<{tag.name}> is blocked")
            continue
        source = tag.attributes.get(_LOADED.get(tag.name, ""), "").strip()
        if re.match(r"(?i)(https?:)?//", source) and not _declared(subject, source, tag):
            yield _found(template, tag, f"loads {source} from elsewhere")


@silver("Give it a <label for=…>, or aria-label where nothing else fits.")
def inputs_have_labels(subject: Subject) -> Iterator[Finding]:
    """Every field says what it is for, also to a screen reader."""
    for template in _templates(subject):
        labelled = {tag.attributes.get("for", "") for tag in template.tags if tag.name == "label"}
        for tag in template.tags:
            if tag.name in {"input", "select", "textarea"} and not _is_labelled(tag, labelled):
                yield _found(template, tag, f"<{tag.name}> has no label")


@silver('Say in `alt` what the picture shows; write alt="" when it only decorates.')
def pictures_have_words(subject: Subject) -> Iterator[Finding]:
    """Every picture has an alternative in words."""
    for template, tag in _tags(subject):
        if tag.name == "img" and "alt" not in tag.attributes:
            yield _found(template, tag, "the picture has no alt text")


def _templates(subject: Subject) -> tuple[Template, ...]:
    if not subject.templates:
        raise NothingToLookAt("there are no templates")
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


def _found(template: Template, tag: Tag, message: str) -> Finding:
    return Finding(path=template.path, line=tag.line, message=message)
