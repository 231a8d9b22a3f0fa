"""Why what was given to check is no mini-app: kinds with words in both languages."""

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Catalogue, Kind, Said

NO_ENTRY_POINTS = Kind(
    "no-entry-points-file",
    Bilingual(
        zh="{place} 里没有唯一的 .dist-info/entry_points.txt",
        en="{place} has no entry_points.txt in one .dist-info directory",
    ),
)
NO_PROJECT = Kind(
    "no-project",
    Bilingual(
        zh="{place} 里没有 pyproject.toml；`yimen new NAME` 可以新建项目",
        en="{place} has no pyproject.toml; `yimen new NAME` makes a project",
    ),
)
PROJECT_NOT_TOML = Kind("project-not-toml", Bilingual(zh="{file} 不是 TOML：{why}", en="{file} is not TOML: {why}"))
NAMELESS = Kind(
    "project-without-name",
    Bilingual(zh="{file} 的 [project] 缺少 name 或 version", en="{file} needs name and version under [project]"),
)
ENTRY_POINTS = Kind(
    "entry-points",
    Bilingual(
        zh="{place} 在 “{group}” 中有 {count} 个入口点；小程序应当正好有一个",
        en="{place} has {count} entry points in group '{group}'; a mini-app has exactly one",
    ),
)
NO_PACKAGE = Kind(
    "no-package",
    Bilingual(
        zh="入口点 “{name}” 指向 “{module}”，{place} 里没有这个包",
        en="the entry point '{name}' names '{module}', which is no package in {place}",
    ),
)
NO_MANIFEST = Kind("no-manifest", Bilingual(zh="缺少 {file}", en="{file} is missing"))
OTHER_ID = Kind(
    "other-id",
    Bilingual(
        zh="入口点叫 “{name}”，清单的 id 是 “{id}”", en="the entry point is named '{name}', the manifest's id is '{id}'"
    ),
)
KINDS = (NO_ENTRY_POINTS, NO_PROJECT, PROJECT_NOT_TOML, NAMELESS, ENTRY_POINTS, NO_PACKAGE, NO_MANIFEST, OTHER_ID)
"""All of these."""
_CATALOGUE = Catalogue(KINDS)


class NotAMiniApp(Exception):
    """What was given to check is no mini-app; it says what is missing."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.message)
        self.why = why

    def tell(self, language: str) -> str:
        """Say it in a language."""
        return _CATALOGUE.tell(self.why, language)
