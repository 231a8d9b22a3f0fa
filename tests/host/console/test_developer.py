"""What a publisher sees of what runs, and of what does not."""

import re
from dataclasses import replace

from tests.host.village import Village


async def test_a_publisher_sees_why_a_release_is_left_out(here: Village) -> None:
    resident_id = await here.settle("13800000002", person=102)
    founded = await here.node.registry.create_publisher(name="tea-co", title="茶叶合作社", owner=resident_id)
    await here.node.registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=resident_id)
    cookie, _ = await here.sign_in(resident_id)
    before = await here.browser(cookie).get("/developer/apps/tea")
    shared = here.services.settings.model_copy(update={"portal_url": "https://yimen.test"})
    here.node.directory._services = replace(here.services, settings=type(shared)(**shared.model_dump()))

    await here.node.refresh()

    after = await here.browser(cookie, language="en").get("/developer/apps/tea")
    chinese = await here.browser(cookie).get("/developer/apps/tea")
    assert (before.status_code, "没有在提供服务" in before.text) == (200, False)
    assert "1.0.0 is not served: https://tea.yimen.test shares the portal" in after.text
    assert "1.0.0 没有在提供服务：https://tea.yimen.test 与门户共用一个注册域名<br>→ 请运营者用" in chinese.text


async def test_the_list_says_how_far_each_mini_app_reaches(here: Village) -> None:
    resident_id = await here.settle("13800000002", person=102)
    registry = here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=resident_id)
    for app_id in ("cakes", "herbs"):
        await registry.reserve(app_id=app_id, distribution=f"yimen-{app_id}", publisher_id=founded.id, by=resident_id)
    await registry.suspend_app("herbs", by="admin", reason="看一看")
    cookie, _ = await here.sign_in(resident_id)

    pages = [(await here.browser(cookie, language=language).get("/developer")).text for language in ("zh-CN", "en")]
    await registry.suspend_publisher(founded.id, by="admin", reason="看一看")
    stopped = (await here.browser(cookie).get("/developer")).text

    assert [_tags(page) for page in (*pages, stopped)] == [
        ["未发布", "已暂停", "所有者"],
        ["Not released", "Paused", "Owner"],
        ["已暂停", "已暂停", "所有者"],
    ]


def _tags(page: str) -> list[str]:
    return re.findall(r'class="y-tag[^"]*">([^<]*)<', page)
