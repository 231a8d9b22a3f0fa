"""What the supervisor says of layers and releases is told in the reader's language, with what to change."""

import errno
from pathlib import Path

import pytest

from yimen_host.runtime import document
from yimen_host.runtime.complaints import EXITED, LAYER_FAILED, LEVEL_TOO_LOW, THREE_DEATHS, WENT_ON, Why, in_english
from yimen_host.runtime.contract import IsolationReport, LayerReport
from yimen_host.runtime.health.isolation import LayerSaid, layers
from yimen_host.runtime.sandbox.layers import Layer, LayerState
from yimen_host.runtime.sandbox.reasons import refused
from yimen_host.runtime.whys import advise, tell
from yimen_sdk.saying import Said

PAGE = Path(__file__).parents[3] / "docs/reference/isolation.md"
CLOSED = refused(OSError(errno.EACCES, "Permission denied", "/root/python"))
NOT_ALLOWED = "系统不允许（EPERM Operation not permitted）"
MORE_RIGHTS = "请以 root（含 CAP_SYS_ADMIN）运行监管进程，或允许本账户建立用户命名空间"
REFUSED = refused(OSError(errno.EPERM, "Operation not permitted"))


@pytest.mark.parametrize(
    ("why", "chinese", "english", "advice"),
    [
        ((), "", "", ""),
        ((WENT_ON.said(),), "它关了通道还继续运行", "it closed its channel and went on", ""),
        (
            (THREE_DEATHS.said(), EXITED.said(status=9)),
            "一分钟内结束了三次，最后一次：进程以状态 9 结束",
            "three deaths within a minute; the last: its worker ended with status 9",
            "see its log",
        ),
        (
            (LAYER_FAILED.said(layer=Layer.PID), REFUSED),
            "隔离层 pid 失败：系统不允许（EPERM Operation not permitted）",
            "layer pid failed: the system does not allow it (EPERM Operation not permitted)",
            "run the supervisor as root with CAP_SYS_ADMIN, or allow this account to make user namespaces",
        ),
        (
            (LEVEL_TOO_LOW.said(needs=2, has=1),),
            "它需要隔离等级 2，本机是 1",
            "it needs isolation level 2, this machine has 1",
            "see what the host's health page says of each layer",
        ),
        ((Said(message="it fell over"),), "it fell over", "it fell over", ""),
    ],
)
def test_a_complaint_is_told_with_its_cause(why: Why, chinese: str, english: str, advice: str) -> None:
    assert (tell(why, "zh-CN"), tell(why, "en"), advise(why, "en")) == (chinese, english, advice)
    assert in_english(why) == english


def test_each_layer_that_is_missing_says_why_and_what_would_bring_it() -> None:
    told = (
        LayerReport(Layer.SECCOMP, LayerState.ENFORCED),
        LayerReport(Layer.IPC, LayerState.UNAVAILABLE, REFUSED),
        LayerReport(Layer.UTS, LayerState.UNAVAILABLE, REFUSED),
        LayerReport(Layer.LANDLOCK, LayerState.UNAVAILABLE, CLOSED),
        LayerReport(Layer.PID, LayerState.UNAVAILABLE, refused(OSError(errno.ENOSYS, "no call"))),
    )

    assert layers(IsolationReport(1, "partial", told), "zh") == [
        LayerSaid(Layer.SECCOMP, LayerState.ENFORCED, "", ""),
        LayerSaid(Layer.IPC, LayerState.UNAVAILABLE, NOT_ALLOWED, MORE_RIGHTS),
        LayerSaid(Layer.UTS, LayerState.UNAVAILABLE, NOT_ALLOWED, ""),
        LayerSaid(
            Layer.LANDLOCK,
            LayerState.UNAVAILABLE,
            "小程序的账户不能打开 /root/python（EACCES Permission denied）",
            "请对它和上层目录 chmod o+rX，或把 Python 装在别处",
        ),
        LayerSaid(Layer.PID, LayerState.UNAVAILABLE, "内核没有这项功能（ENOSYS no call）", "请换较新的内核"),
    ]


def test_the_reference_has_them_all() -> None:
    page = PAGE.read_text("utf-8")

    assert document.renewed(page) == page, f"run python -m yimen_host.runtime.document {PAGE}"
