"""What comes in, what is refused, and that a refusal leaves nothing behind."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from yimen_registry import Invalid, NotAllowed
from yimen_registry.apps.naming import NameNotYours
from yimen_registry.testing import Town, WheelDraft
from yimen_registry.uploads.receive import FileExists, Form
from yimen_registry.wheel import WheelRefused, tree_digest


def blobs(town: Town) -> list[str]:
    """Return every file under the blobs, whatever it is."""
    root = town.registry.blobs.root
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


async def receive(town: Town, form: Form, data: bytes, at: str = "w") -> object:
    path = town.incoming.with_name(at)
    path.write_bytes(data)
    return await town.registry.receive_upload(town.token, form, path)


async def test_an_upload_keeps_the_wheel_and_its_tree(town: Town) -> None:
    build = await town.upload()

    data = WheelDraft().to_bytes()
    assert build.sha256 == hashlib.sha256(data).hexdigest()
    assert town.registry.blobs.file(build.sha256).read_bytes() == data
    assert tree_digest(town.registry.blobs.tree(build.tree_digest)) == build.tree_digest
    assert (build.app_id, build.version, build.module, build.uploaded_by) == (
        "greeting",
        "1.0.0",
        "yimen_greeting",
        "mei",
    )


async def test_the_same_file_again_is_the_same_build(town: Town) -> None:
    first = await town.upload()
    log = await town.registry.log()

    assert await town.upload() == first
    assert await town.registry.log() == log


async def test_a_refused_wheel_leaves_nothing_behind(town: Town) -> None:
    log = await town.registry.log()

    with pytest.raises(WheelRefused):
        await town.upload(WheelDraft().adding("evil.pth", "import os\n"))

    assert blobs(town) == []
    assert await town.registry.app("greeting") is None
    assert await town.registry.log() == log


async def test_other_bytes_need_another_version(town: Town) -> None:
    await town.upload()
    kept = blobs(town)

    with pytest.raises(FileExists, match="File already exists"):
        await town.upload(WheelDraft().adding("yimen_greeting/more.py", "x = 1\n"))
    assert blobs(town) == kept

    build = await town.upload(WheelDraft(version="1.0.1").adding("yimen_greeting/more.py", "x = 1\n"))
    assert [b.version for b in await town.registry.builds_of("greeting")] == ["1.0.1", "1.0.0"]
    assert build.version == "1.0.1"


async def test_one_version_written_two_ways_is_one_version(town: Town) -> None:
    await town.upload(WheelDraft(version="1.0"))

    with pytest.raises(FileExists):
        await town.upload(WheelDraft(version="1.0", distribution="yimen.greeting"))


async def test_a_digest_that_is_not_the_bytes_is_refused(town: Town) -> None:
    draft = WheelDraft()

    for form in (Form(draft.file_name, sha256="0" * 64), Form(draft.file_name, blake2_256="0" * 64)):
        with pytest.raises(Invalid):
            await receive(town, form, draft.to_bytes())
    assert blobs(town) == []


async def test_a_form_that_says_otherwise_than_the_wheel_is_refused(town: Town) -> None:
    draft = WheelDraft()
    form = Form(draft.file_name, name="yimen-other", version="9")

    with pytest.raises(WheelRefused) as caught:
        await receive(town, form, draft.to_bytes())

    assert [fault.rule.value for fault in caught.value.faults] == ["metadata.identity", "metadata.identity"]


async def test_a_mini_app_belongs_to_who_uploaded_it_first(town: Town) -> None:
    await town.upload()
    other = await town.registry.create_publisher(name="others", title="others", owner="zhou")
    thief = (await town.registry.issue_token(other.id, by="zhou", name="x")).token

    with pytest.raises(NameNotYours):
        await town.upload(WheelDraft(version="1.0.1"), token=thief)
    with pytest.raises(NameNotYours):
        await town.upload(token=thief)
    with pytest.raises(NameNotYours):
        await town.upload(WheelDraft(app="greetlng", module="yimen_x", distribution="yimen-x"), token=thief)
    with pytest.raises(NameNotYours):
        await town.upload(WheelDraft(app="other", version="3.0"), token=thief)


async def test_a_token_for_one_mini_app_uploads_no_other(town: Town) -> None:
    await town.upload()
    narrow = (await town.registry.issue_token(town.publisher.id, by="mei", name="ci", app_id="greeting")).token

    assert (await town.upload(WheelDraft(version="1.1"), token=narrow)).version == "1.1"
    with pytest.raises(NotAllowed):
        await town.upload(WheelDraft(app="tea", module="yimen_tea", distribution="yimen-tea"), token=narrow)


async def test_of_many_uploads_of_one_version_one_wins(town: Town) -> None:
    drafts = [WheelDraft().adding("yimen_greeting/n.py", f"n = {n}\n") for n in range(6)]
    form = Form(WheelDraft().file_name)

    results = await asyncio.gather(
        *(receive(town, form, draft.to_bytes(), at=f"w{n}") for n, draft in enumerate(drafts)),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["Build", *["FileExists"] * 5]
    (build,) = await town.registry.builds_of("greeting")
    assert [name for name in blobs(town) if name.startswith("files/")] == [f"files/{build.sha256}.whl"]
    trees = {Path(name).parts[1] for name in blobs(town) if name.startswith("trees/")}
    assert trees == {build.tree_digest}


async def test_the_tree_is_shown_file_by_file(town: Town) -> None:
    build = await town.upload()

    files = await town.registry.tree_files(build.tree_digest)

    contents = WheelDraft().contents()
    assert {file.path: file.size for file in files} == {name: len(data) for name, data in contents.items()}
    text = await town.registry.tree_text(build.tree_digest, "yimen_greeting/miniapp.toml")
    assert text.encode() == contents["yimen_greeting/miniapp.toml"]
