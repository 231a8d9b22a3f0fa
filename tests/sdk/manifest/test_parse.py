"""The manifest parser: what it accepts, and every fault it finds at once."""

import pytest

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest import Category, Fault, Manifest, ManifestError, ScopeRequest, parse_manifest

GREETING = """\
# yimen_greeting/miniapp.toml
id = "greeting"                       # a DNS label: it becomes the origin
title = { zh = "问候", en = "Greeting" }
category = "life"
sdk = ">=1.0,<2"
[[scopes]]
name = "identity.name"
reason = { zh = "用姓名称呼您", en = "To greet you by name" }
[[scopes]]
name = "payments.order"
reason = { zh = "为您下单", en = "To open an order for you" }
"""

SMALLEST = 'id = "tea"\ntitle = { zh = "茶", en = "Tea" }\ncategory = "life"\nsdk = ">=1.0,<2"\n'


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text)
    return caught.value.faults


def test_the_greeting_of_the_design_parses_as_written() -> None:
    manifest = parse_manifest(GREETING, distribution="yimen-greeting", version="1.0.0", module="yimen_greeting")

    assert manifest == Manifest(
        id="greeting",
        title=Bilingual(zh="问候", en="Greeting"),
        category=Category.LIFE,
        sdk=">=1.0,<2",
        scopes=(
            ScopeRequest(name="identity.name", reason=Bilingual(zh="用姓名称呼您", en="To greet you by name")),
            ScopeRequest(name="payments.order", reason=Bilingual(zh="为您下单", en="To open an order for you")),
        ),
        distribution="yimen-greeting",
        version="1.0.0",
        module="yimen_greeting",
    )


def test_a_manifest_survives_its_json_form() -> None:
    manifest = parse_manifest(GREETING, version="1.0.0")

    assert Manifest.model_validate(manifest.model_dump(mode="json")) == manifest


def test_every_fault_is_reported_at_once_with_its_line() -> None:
    text = """\
id = "Greeting"
titel = { zh = "x", en = "x" }
title = { zh = "问候" }
sdk = ">>1"
regions = [
  "520100",
  "99",
]
[[scopes]]
reson = { zh = "a", en = "b" }
name = "storage"
  [scopes.reason]
  zh = "好"
[[scopes]]
name = "storage"
reason = { zh = "a", en = "b" }
[[notices]]
id = "due"
title = { zh = "a", en = "b" }
text = { zh = "{a}", en = "{b}" }
"""

    assert [(fault.line, fault.path, fault.message) for fault in faults_of(text)] == [
        (1, "category", "'category' is missing"),
        (
            1,
            "id",
            "id: 'Greeting' is not a DNS label: lower-case letters, digits and hyphens, a letter first, at most 63",
        ),
        (2, "titel", "'titel' is not a key of the manifest; did you mean 'title'?"),
        (3, "title.en", "'title.en' is missing"),
        (4, "sdk", "sdk: '>>1' is not a version range such as '>=1.0,<2'"),
        (7, "regions[1]", "regions[1]: '99' is not a GB/T 2260 code of six digits such as '520100'"),
        (10, "scopes[0].reson", "'scopes[0].reson' is not a key of the manifest; did you mean 'reason'?"),
        (12, "scopes[0].reason.en", "'scopes[0].reason.en' is missing"),
        (15, "scopes[1].name", "name 'storage' is already in scopes"),
        (17, "notices[0]", "notices[0]: the Chinese text names ['a'] but the English text names ['b']"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("id = ", Fault(1, "", "not TOML: Invalid value")),
        ('id = "a"\n\nid = "b"\n', Fault(3, "", "not TOML: Cannot overwrite a value")),
        ("x = " + "[" * 5000, Fault(1, "", "the manifest is nested too deeply")),
        ("#" * 70_000, Fault(1, "", "the manifest is larger than 65536 bytes")),
    ],
)
def test_text_that_is_no_toml_names_its_line(text: str, fault: Fault) -> None:
    assert faults_of(text) == (fault,)


@pytest.mark.parametrize("taken", ["admin", "portal", "www", "xn--fiqs8s"])
def test_an_id_that_looks_like_the_platform_is_refused(taken: str) -> None:
    assert faults_of(SMALLEST.replace('"tea"', f'"{taken}"')) == (
        Fault(1, "id", f"id: {taken!r} is kept for the platform; choose another id"),
    )


@pytest.mark.parametrize(
    "line",
    [
        '[[network]]\nhost = "https://api.example.cn/x"\nreason = { zh = "a", en = "b" }',
        '[[network]]\nhost = "localhost"\nreason = { zh = "a", en = "b" }',
        '[[network]]\nhost = "10.0.0.1"\nreason = { zh = "a", en = "b" }',
        '[[pages]]\npath = "https://evil.example/"',
        '[[pages]]\npath = "//evil.example"',
        '[[pages]]\npath = "/../x"',
        '[[icons]]\nsrc = "../secret"',
        'contact = "javascript:alert(1)"',
        'licence = "free for all!"',
        '[[data]]\nid = "x"\nwhat = { zh = "a", en = "b" }\npurpose = { zh = "a", en = "b" }\nkept = "always"',
        '[[notices]]\nid = "x"\ntitle = { zh = "a", en = "b" }\ntext = { zh = "{a.b}", en = "{a.b}" }',
        '[[notices]]\nid = "x"\ntitle = { zh = "a", en = "b" }\ntext = { zh = "{", en = "{" }',
        "audience = []",
        'events = ["payments.settled"]',
    ],
)
def test_a_value_outside_its_grammar_is_one_fault(line: str) -> None:
    assert len(faults_of(SMALLEST + line)) == 1


def test_the_notice_knows_the_places_to_fill() -> None:
    manifest = parse_manifest(
        SMALLEST
        + '[[notices]]\nid = "due"\ntitle = { zh = "账单", en = "Bill" }\n'
        + 'text = { zh = "{account} 应缴 {amount}", en = "{amount} due for {account}" }\n'
    )

    notice = manifest.notice("due")

    assert notice is not None
    assert notice.places == {"account", "amount"}
    assert manifest.notice("other") is None


def test_the_sdk_range_decides_what_it_runs_on() -> None:
    manifest = parse_manifest(SMALLEST)

    assert [manifest.works_with(version) for version in ("0.9", "1.0", "1.9.3", "2.0")] == [
        False,
        True,
        True,
        False,
    ]
