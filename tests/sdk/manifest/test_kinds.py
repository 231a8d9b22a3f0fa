"""Every kind of fault of a manifest, in both languages."""

import pytest

from yimen_sdk.manifest import Fault, ManifestError, parse_manifest
from yimen_sdk.manifest.kinds import KINDS
from yimen_sdk.manifest.parse import MAX_MANIFEST

SMALLEST = 'id = "tea"\ntitle = { zh = "茶", en = "Tea" }\ncategory = "life"\nsdk = ">=1.0,<2"\n'
BOTH = '{ zh = "a", en = "b" }'
NOTICE = f'[[notices]]\nid = "due"\ntitle = {BOTH}\ntext = '
WAYS = {
    "manifest-too-large": "#" * (MAX_MANIFEST + 1),
    "manifest-too-deep": "x = " + "[" * 5000,
    "not-toml": "id = ",
    "repeated": f'{SMALLEST}[[scopes]]\nname = "storage"\nreason = {BOTH}\n'
    + f'[[scopes]]\nname = "storage"\nreason = {BOTH}\n',
    "missing": SMALLEST.replace('category = "life"\n', ""),
    "unknown-key": f"{SMALLEST}zzz = 1\n",
    "misspelt-key": f"{SMALLEST}licens = 1\n",
    "bad-id": SMALLEST.replace('"tea"', '"Tea!"'),
    "bad-host": f'{SMALLEST}[[network]]\nhost = "localhost"\nreason = {BOTH}\n',
    "bad-page": f'{SMALLEST}[[pages]]\npath = "//evil.example"\n',
    "bad-file": f'{SMALLEST}[[icons]]\nsrc = "../secret"\n',
    "bad-slug": f'{SMALLEST}[[notices]]\nid = "A B"\ntitle = {BOTH}\ntext = {BOTH}\n',
    "bad-time": f'{SMALLEST}[[data]]\nid = "x"\nwhat = {BOTH}\npurpose = {BOTH}\nkept = "always"\n',
    "bad-region": f'{SMALLEST}regions = ["99"]\n',
    "bad-contact": f'{SMALLEST}contact = "javascript:alert(1)"\n',
    "bad-licence": f'{SMALLEST}licence = "free for all!"\n',
    "bad-version-range": SMALLEST.replace(">=1.0,<2", ">>1"),
    "unknown-scope": f'{SMALLEST}[[scopes]]\nname = "everything"\nreason = {BOTH}\n',
    "unknown-event": f'{SMALLEST}events = ["payments.settled"]\n',
    "reserved-id": SMALLEST.replace('"tea"', '"admin"'),
    "bad-title": SMALLEST.replace('"Tea"', f'"{"T" * 31}"'),
    "other-places": SMALLEST + NOTICE + '{ zh = "{a}", en = "{b}" }\n',
    "unpaired-brace": SMALLEST + NOTICE + '{ zh = "{", en = "{" }\n',
    "bad-place": SMALLEST + NOTICE + '{ zh = "{a.b}", en = "{a.b}" }\n',
    "text-wanted": f"{SMALLEST}contact = 1\n",
    "text-too-long": f'{SMALLEST}keywords = ["{"k" * 21}"]\n',
    "text-too-short": f'{SMALLEST}keywords = [""]\n',
    "text-unlike": f'{SMALLEST}[[icons]]\nsrc = "a.png"\nsizes = "large"\n',
    "not-listed": SMALLEST.replace('"life"', '"death"'),
    "list-too-long": f"{SMALLEST}keywords = {['k'] * 21}\n",
    "list-too-short": f"{SMALLEST}audience = []\n",
    "list-wanted": f"{SMALLEST}events = 1\n",
    "yes-or-no-wanted": f'{SMALLEST}[[scopes]]\nname = "storage"\nreason = {BOTH}\noptional = "perhaps"\n',
    "table-wanted": f"{SMALLEST}description = 1\n",
}
"""A way to each of them. Pydantic has types that no manifest reaches today; `wrong-value` is for those."""


def fault_of(text: str) -> Fault:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text)
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize("code", WAYS)
def test_each_way_leads_to_its_kind_alone(code: str) -> None:
    fault = fault_of(WAYS[code])

    assert fault.said is not None
    assert (fault.said.code, str(fault)) == (code, fault.tell("en"))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.tell("zh"))


def test_there_is_a_way_to_every_kind() -> None:
    assert {*WAYS, "wrong-value"} == {kind.code for kind in KINDS}


def test_faults_are_told_in_the_readers_language() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest('id = "tea"\ntitel = 1\nsdk = ">>1"\ncategory = "life"\n')

    assert caught.value.tell("zh") == (
        "miniapp.toml 有错误：\n"
        "  第 1 行：缺少“title” [missing]\n"
        "  第 2 行：清单没有“titel”这一项；是不是“title”？ [misspelt-key]\n"
        "  第 3 行：sdk：“>>1”不是版本范围，例如 '>=1.0,<2' [bad-version-range]"
    )
