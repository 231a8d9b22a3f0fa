"""What to change about a wheel that breaks a rule, in both languages. A refused upload carries it."""

from collections.abc import Iterable, Mapping

from yimen_registry.wheel.refusal import WheelRule
from yimen_sdk.bilingual import Bilingual

_BUILD_ANEW = Bilingual(
    zh="请用 `yimen build` 重新构建，不要改动生成的文件",
    en="Build it anew with `yimen build`, and change nothing in it.",
)
_RENAME = Bilingual(
    zh="请改文件名：只用普通字符，大小写以外也要不同",
    en="Rename the file: plain characters, different by more than case.",
)
_SOURCE_ONLY = Bilingual(zh="请从包里删除它，只带源代码", en="Remove it from the package: ship the source only.")
_ENTRY_POINT = Bilingual(
    zh='请在 pyproject.toml 的 [project.entry-points."yimen.miniapps"] 中正好写一个，指向自己的包',
    en='Write exactly one under [project.entry-points."yimen.miniapps"] in pyproject.toml, naming your package.',
)
ADVICE: Mapping[WheelRule, Bilingual] = {
    WheelRule.TOO_LARGE: Bilingual(
        zh="请去掉用不到的文件，把图片改小", en="Drop what is not needed; make pictures smaller."
    ),
    WheelRule.NOT_A_ZIP: _BUILD_ANEW,
    WheelRule.LAYOUT: _BUILD_ANEW,
    WheelRule.HEADERS_DISAGREE: _BUILD_ANEW,
    WheelRule.FLAGS: _BUILD_ANEW,
    WheelRule.METHOD: _BUILD_ANEW,
    WheelRule.EXTRA: _BUILD_ANEW,
    WheelRule.COMMENT: _BUILD_ANEW,
    WheelRule.TOO_MANY: Bilingual(zh="请减少文件", en="Ship fewer files."),
    WheelRule.BOMB: Bilingual(zh="请去掉展开后很大的文件", en="Remove the files that unpack to so much."),
    WheelRule.CONTENT: _BUILD_ANEW,
    WheelRule.DUPLICATE: _RENAME,
    WheelRule.ESCAPE: _BUILD_ANEW,
    WheelRule.CHARACTERS: _RENAME,
    WheelRule.NOT_A_FILE: Bilingual(zh="请把链接换成文件本身", en="Put the file itself where the link is."),
    WheelRule.FILE_NAME: Bilingual(
        zh="请构建纯 Python 的包，不要改文件名", en="Build a pure-Python wheel, and do not rename it."
    ),
    WheelRule.DIST_INFO: _BUILD_ANEW,
    WheelRule.WHEEL_FILE: _BUILD_ANEW,
    WheelRule.RECORD: _BUILD_ANEW,
    WheelRule.DATA_DIRECTORY: Bilingual(zh="请把这些文件放进自己的包", en="Put these files into your package."),
    WheelRule.METADATA: Bilingual(zh="请改正 pyproject.toml 的 [project]", en="Correct [project] in pyproject.toml."),
    WheelRule.IDENTITY: Bilingual(
        zh="请让名称和版本处处一致，再重新构建", en="Give it one name and one version, and build it anew."
    ),
    WheelRule.DEPENDENCY: Bilingual(
        zh="请只依赖平台提供的库，版本范围要包含平台的版本",
        en="Depend on the platform's libraries only, in a range that holds its versions.",
    ),
    WheelRule.PYTHON: Bilingual(zh="请放宽 requires-python", en="Widen requires-python."),
    WheelRule.ENTRY_POINT: _ENTRY_POINT,
    WheelRule.FOREIGN_ENTRY_POINT: Bilingual(
        zh="请去掉 yimen.miniapps 以外的入口点", en="Remove the entry points of other groups."
    ),
    WheelRule.TOP_LEVEL: Bilingual(
        zh="顶层只留小程序自己的一个包", en="Leave only the mini-app's own package at the top level."
    ),
    WheelRule.SHADOW: Bilingual(zh="请给包换个名字", en="Give the package another name."),
    WheelRule.STARTUP: _SOURCE_ONLY,
    WheelRule.NATIVE: _SOURCE_ONLY,
    WheelRule.BYTECODE: _SOURCE_ONLY,
    WheelRule.NESTED: _SOURCE_ONLY,
    WheelRule.MANIFEST: Bilingual(
        zh="请改正 miniapp.toml；`yimen check` 会先指出",
        en="Correct miniapp.toml; `yimen check` tells before.",
    ),
    WheelRule.APP_ID: Bilingual(zh="请让入口点的名字与清单的 id 相同", en="Name the entry point as the manifest's id."),
    WheelRule.SDK_RANGE: Bilingual(
        zh="请让清单的 sdk 范围包含平台的版本", en="Let the manifest's sdk range hold the platform's version."
    ),
}
"""By rule; each has one."""


def advised(rules: Iterable[WheelRule]) -> list[str]:
    """Return what to change, each thing once: who reads a refusal by `twine` has told nobody their language."""
    advice = dict.fromkeys(ADVICE[rule] for rule in rules)
    return [f"→ {each.en} {each.zh}。" for each in advice]
