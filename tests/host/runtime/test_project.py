"""A project under development: what is wrong with it is told once."""

from pathlib import Path

import pytest
from tests.host.village import Shelf

from yimen_host.runtime.project import Project
from yimen_sdk.scaffold import Names, write_project


def test_a_fault_is_told_once_until_it_is_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_project(Names("tea", "茶馆", "Tea house"), tmp_path)
    manifest, project = tmp_path / "yimen_tea" / "miniapp.toml", Project(Shelf(), tmp_path)
    good = manifest.read_text("utf-8")

    def looked(text: str) -> list[bool]:
        manifest.write_text(text, "utf-8")
        return [project.copy() is None for _ in range(3)]

    faulty, other = good.replace('"life"', '"lif"'), good.replace('"payments.order"', '"payment.order"')
    seen = [looked(text) for text in (faulty, good, faulty, other)]

    assert seen == [[True] * 3, [False] * 3, [True] * 3, [True] * 3]
    assert [record.getMessage().splitlines()[1].split(":")[1].strip() for record in caplog.records] == [
        "category", "category", "scopes[1].name",
    ]  # fmt: skip
