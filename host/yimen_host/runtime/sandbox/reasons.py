"""Why a layer is missing, or not whole: kinds with words in both languages."""

import errno

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Kind, Said

_MORE_RIGHTS = Bilingual(
    zh="请以 root（含 CAP_SYS_ADMIN）运行监管进程，或允许本账户建立用户命名空间",
    en="run the supervisor as root with CAP_SYS_ADMIN, or allow this account to make user namespaces",
)
_NEWER_KERNEL = Bilingual(zh="请换较新的内核", en="use a newer kernel")
_NOT_ALLOWED = Kind(
    "layer-not-allowed", Bilingual(zh="系统不允许（{how}）", en="the system does not allow it ({how})"), _MORE_RIGHTS
)
_NOT_SUPPORTED = Kind(
    "layer-not-supported",
    Bilingual(zh="内核没有这项功能（{how}）", en="the kernel does not have it ({how})"),
    _NEWER_KERNEL,
)
_REFUSED = Kind("layer-refused", Bilingual(zh="系统拒绝了（{how}）", en="the system refused it ({how})"))
_PATH_CLOSED = Kind(
    "layer-path-closed",
    Bilingual(zh="小程序的账户不能打开 {path}（{how}）", en="mini-apps' accounts cannot open {path} ({how})"),
    Bilingual(
        zh="请对它和上层目录 chmod o+rX，或把 Python 装在别处",
        en="chmod o+rX it and the directories above, or install Python elsewhere",
    ),
)
NO_NAMESPACES = Kind(
    "layer-no-namespaces",
    Bilingual(zh="本账户在这里不能建立命名空间", en="this account cannot make namespaces here"),
    _MORE_RIGHTS,
)
ROOT_HAS_NUMBERS = Kind(
    "layer-not-needed",
    Bilingual(zh="不需要：root 给每个小程序一个用户号", en="not needed: root gives each mini-app a user number"),
)
NOT_ROOT = Kind(
    "layer-shared-user",
    Bilingual(
        zh="监管进程不是 root，小程序共用它的用户号",
        en="the supervisor is not root, so mini-apps share its user number",
    ),
    Bilingual(
        zh="要让每个小程序有自己的用户号，请以 root 运行监管进程", en="run the supervisor as root to give each its own"
    ),
)
NO_GROUPS = Kind(
    "groups-not-writable",
    Bilingual(zh="没有可写的控制组", en="no control group that may be written"),
    Bilingual(
        zh="请把监管进程作为 systemd 服务运行（deploy/yimen.service）", en="run it as a service (deploy/yimen.service)"
    ),
)
GROUP_REFUSED = Kind("groups-refused", Bilingual(zh="控制组 {group}：{how}", en="control group {group}: {how}"))
NOT_HANDED_DOWN = Kind(
    "groups-not-handed-down",
    Bilingual(
        zh="没有把控制器 {controllers} 交给 {group}", en="the controllers {controllers} are not handed down to {group}"
    ),
    Bilingual(zh="请给服务单元加上 Delegate=yes", en="give the unit Delegate=yes"),
)
GROUP_OF_SYSTEMD = Kind(
    "groups-of-systemd",
    Bilingual(zh="{unit} 归 systemd 管", en="{unit} belongs to systemd"),
    Bilingual(zh="请给服务单元加上 Delegate=yes", en="give the unit Delegate=yes"),
)
NO_SHARE = Kind(
    "groups-without-processor",
    Bilingual(
        zh="不能限制处理器份额：{group} 没有控制器 cpu", en="no share of the processor: {group} has no controller cpu"
    ),
    Bilingual(zh="请给服务单元加上 Delegate=yes", en="give the unit Delegate=yes"),
)
REASONS = (
    _NOT_ALLOWED, _NOT_SUPPORTED, _REFUSED, _PATH_CLOSED, NO_NAMESPACES, ROOT_HAS_NUMBERS, NOT_ROOT, NO_GROUPS,
    GROUP_REFUSED, NOT_HANDED_DOWN, GROUP_OF_SYSTEMD, NO_SHARE,
)  # fmt: skip
"""All of these."""
_BY_NUMBER = {
    errno.EPERM: _NOT_ALLOWED,
    errno.EACCES: _NOT_ALLOWED,
    errno.ENOSYS: _NOT_SUPPORTED,
    errno.EOPNOTSUPP: _NOT_SUPPORTED,
}


def refused(error: OSError) -> Said:
    """Say what the kernel answered."""
    number = error.errno or 0
    how = f"{errno.errorcode.get(number, '')} {error.strerror}".strip()
    if number == errno.EACCES and error.filename:
        return _PATH_CLOSED.said(path=error.filename, how=how)
    return _BY_NUMBER.get(number, _REFUSED).said(how=how)
