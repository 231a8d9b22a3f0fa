"""What can be wrong with a manifest: kinds with words in both languages. `{key}` is where it stands."""

from collections.abc import Mapping

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.events import EVENTS
from yimen_sdk.saying import Catalogue, Kind
from yimen_sdk.scopes import SCOPES


class Unfit(ValueError):
    """A value that the platform cannot use; whoever knows its key says so."""

    def __init__(self, kind: Kind, **values: object) -> None:
        super().__init__(kind.said(key="value", **values).message)
        self.kind = kind
        self.values = values


def grammar(code: str, zh: str, en: str) -> Kind:
    """Make the kind of a value that is not what its grammar asks for."""
    return Kind(code, Bilingual(zh="{key}：“{value}”不是" + zh, en="{key}: '{value}' is not " + en))


TOO_LARGE = Kind(
    "manifest-too-large", Bilingual(zh="清单超过 {most} 字节", en="the manifest is larger than {most} bytes")
)
TOO_DEEP = Kind("manifest-too-deep", Bilingual(zh="清单嵌套得太深", en="the manifest is nested too deeply"))
NOT_TOML = Kind("not-toml", Bilingual(zh="不是 TOML：{why}", en="not TOML: {why}"))
REPEATED = Kind(
    "repeated", Bilingual(zh="{list} 中已经有 {name} “{value}”", en="{name} '{value}' is already in {list}")
)
MISSING = Kind("missing", Bilingual(zh="缺少“{key}”", en="'{key}' is missing"))
UNKNOWN = Kind("unknown-key", Bilingual(zh="清单没有“{key}”这一项", en="'{key}' is not a key of the manifest"))
MISSPELT = Kind(
    "misspelt-key",
    Bilingual(
        zh="清单没有“{key}”这一项；是不是“{close}”？",
        en="'{key}' is not a key of the manifest; did you mean '{close}'?",
    ),
)
BAD_ID = grammar(
    "bad-id",
    " DNS 标签：小写字母、数字和连字符，字母开头，最多 63 个",
    "a DNS label: lower-case letters, digits and hyphens, a letter first, at most 63",
)
BAD_HOST = grammar(
    "bad-host",
    "主机名，例如 'api.example.cn'（不带协议和路径）",
    "a host name such as 'api.example.cn' (no scheme, no path)",
)
BAD_PAGE = grammar(
    "bad-page",
    "本小程序的路径，例如 '/bills'（不带参数，不指向别处）",
    "a path of this mini-app such as '/bills' (no query, no other site)",
)
BAD_FILE = grammar(
    "bad-file", "包里的文件，例如 'static/icon.svg'", "a file inside the package such as 'static/icon.svg'"
)
BAD_SLUG = grammar(
    "bad-slug",
    "短名：小写字母、数字和连字符，最多 40 个",
    "a short name: lower-case letters, digits and hyphens, at most 40",
)
BAD_TIME = grammar(
    "bad-time",
    "期限，例如 'P90D'、'P6M'、'P3Y' 或 'until-removed'",
    "a time such as 'P90D', 'P6M', 'P3Y', or 'until-removed'",
)
BAD_REGION = grammar(
    "bad-region", " GB/T 2260 的六位代码，例如 '520100'", "a GB/T 2260 code of six digits such as '520100'"
)
BAD_CONTACT = grammar(
    "bad-contact",
    "联系方式，例如 'mailto:help@example.cn'、'tel:12345' 或 'https://…'",
    "an address such as 'mailto:help@example.cn', 'tel:12345' or 'https://…'",
)
BAD_LICENCE = grammar("bad-licence", " SPDX 表达式，例如 'Apache-2.0'", "an SPDX expression such as 'Apache-2.0'")
BAD_RANGE = grammar("bad-version-range", "版本范围，例如 '>=1.0,<2'", "a version range such as '>=1.0,<2'")
UNKNOWN_SCOPE = grammar(
    "unknown-scope",
    f"平台的权限；平台有 {', '.join(sorted(SCOPES))}",
    f"a scope of the platform; it knows {', '.join(sorted(SCOPES))}",
)
UNKNOWN_EVENT = grammar(
    "unknown-event",
    f"平台的事件；平台有 {', '.join(sorted(EVENTS))}",
    f"an event of the platform; it knows {', '.join(sorted(EVENTS))}",
)
RESERVED = Kind(
    "reserved-id",
    Bilingual(
        zh="{key}：“{value}” 由平台保留，请换一个", en="{key}: '{value}' is kept for the platform; choose another id"
    ),
)
BAD_TITLE = Kind(
    "bad-title",
    Bilingual(
        zh="{key}：“{value}” 必须是一行，最多 {most} 个字",
        en="{key}: '{value}' must be one line of at most {most} characters",
    ),
)
OTHER_PLACES = Kind(
    "other-places",
    Bilingual(
        zh="{key}：中文里要填 {zh}，英文里要填 {en}",
        en="{key}: the Chinese text names {zh} but the English text names {en}",
    ),
)
UNPAIRED_BRACE = Kind(
    "unpaired-brace", Bilingual(zh="{key}：“{value}” 的花括号不成对", en="{key}: '{value}' has an unpaired brace")
)
BAD_PLACE = Kind(
    "bad-place",
    Bilingual(
        zh="{key}：“{value}” 的花括号里只能是名字，例如 {{amount}}",
        en="{key}: '{value}' may only hold plain names in braces, such as {{amount}}",
    ),
)
WRONG_VALUE = Kind("wrong-value", Bilingual(zh="{key}：不合要求（{why}）", en="{key}: {why}"))
_TEXT = Kind("text-wanted", Bilingual(zh="{key}：应为文字", en="{key}: a text is wanted"))
_TABLE = Kind("table-wanted", Bilingual(zh="{key}：应为表", en="{key}: a table is wanted"))
_YES_OR_NO = Kind("yes-or-no-wanted", Bilingual(zh="{key}：应为 true 或 false", en="{key}: true or false is wanted"))
BY_TYPE: Mapping[str, Kind] = {
    "string_type": _TEXT,
    "string_too_long": Kind(
        "text-too-long", Bilingual(zh="{key}：最多 {max_length} 个字", en="{key}: at most {max_length} characters")
    ),
    "string_too_short": Kind(
        "text-too-short", Bilingual(zh="{key}：至少 {min_length} 个字", en="{key}: at least {min_length} characters")
    ),
    "string_pattern_mismatch": Kind(
        "text-unlike", Bilingual(zh="{key}：应符合 {pattern}", en="{key}: it must match {pattern}")
    ),
    "enum": Kind("not-listed", Bilingual(zh="{key}：应为 {expected}", en="{key}: it must be {expected}")),
    "too_long": Kind(
        "list-too-long", Bilingual(zh="{key}：最多 {max_length} 项", en="{key}: at most {max_length} entries")
    ),
    "too_short": Kind(
        "list-too-short", Bilingual(zh="{key}：至少 {min_length} 项", en="{key}: at least {min_length} entries")
    ),
    "tuple_type": Kind("list-wanted", Bilingual(zh="{key}：应为列表", en="{key}: a list is wanted")),
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dict_type": _TABLE,
}
"""What Pydantic finds by itself, by its own stable types."""
KINDS = (
    TOO_LARGE, TOO_DEEP, NOT_TOML, REPEATED, MISSING, UNKNOWN, MISSPELT, BAD_ID, BAD_HOST, BAD_PAGE, BAD_FILE, BAD_SLUG,
    BAD_TIME, BAD_REGION, BAD_CONTACT, BAD_LICENCE, BAD_RANGE, UNKNOWN_SCOPE, UNKNOWN_EVENT, RESERVED, BAD_TITLE,
    OTHER_PLACES, UNPAIRED_BRACE, BAD_PLACE, *dict.fromkeys(BY_TYPE.values()), WRONG_VALUE,
)  # fmt: skip
"""All of these."""
CATALOGUE = Catalogue(KINDS)
"""All of these by their codes."""
