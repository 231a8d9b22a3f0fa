"""The scopes 权限 a mini-app may ask for: what each gives, how sensitive it is, which assurance it needs.

This table is the only list. The manifest, the rules, the consent page and the review draw from it.
"""

from dataclasses import dataclass
from enum import StrEnum

from yimen_sdk.bilingual import Bilingual


class Sensitivity(StrEnum):
    """How much harm a scope can do when it is abused."""

    ORDINARY = "ordinary"
    """Tells nothing about the resident."""
    PERSONAL = "personal"
    """Personal information 个人信息 (PIPL article 4): every read is shown to the resident."""
    SENSITIVE = "sensitive"
    """Sensitive personal information 敏感个人信息 (PIPL article 28): approved by two reviewers."""


@dataclass(frozen=True)
class Scope:
    """One right that a mini-app can ask for, a reviewer approve and a resident grant."""

    name: str
    title: Bilingual
    gives: Bilingual
    sensitivity: Sensitivity
    level: int
    """The lowest identity assurance level (0 to 3) at which the scope means anything."""


def _scope(name: str, zh: str, en: str, gives: tuple[str, str], sensitivity: Sensitivity, level: int) -> Scope:
    title = Bilingual(zh=zh, en=en)
    return Scope(name, title, Bilingual(zh=gives[0], en=gives[1]), sensitivity, level)


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        _scope(
            "identity.name",
            "姓名",
            "Name",
            ("您实名认证的姓名", "Your verified name"),
            Sensitivity.PERSONAL,
            1,
        ),
        _scope(
            "identity.id_number",
            "身份证号",
            "ID number",
            ("您的18位身份证号码", "Your 18-digit ID number"),
            Sensitivity.SENSITIVE,
            1,
        ),
        _scope(
            "identity.phone",
            "手机号",
            "Phone number",
            ("您验证过的手机号", "Your verified phone number"),
            Sensitivity.PERSONAL,
            0,
        ),
        _scope(
            "identity.region",
            "所在地区",
            "Region",
            ("您户籍所在的县（市、区），不含详细地址", "Your registered county, without the street"),
            Sensitivity.PERSONAL,
            1,
        ),
        _scope(
            "identity.age",
            "年龄",
            "Age",
            ("您的周岁年龄，不含出生日期", "Your age in years, not your birth date"),
            Sensitivity.PERSONAL,
            1,
        ),
        _scope(
            "payments.order",
            "发起订单",
            "Open orders",
            (
                "为您创建订单；付款仍由您在收银台确认",
                "Opens orders for you; paying stays with you, at the cashier",
            ),
            Sensitivity.ORDINARY,
            0,
        ),
        _scope(
            "notices.send",
            "发送通知",
            "Send notices",
            ("按已审核的模板给您发送通知", "Sends you notices from reviewed templates"),
            Sensitivity.ORDINARY,
            0,
        ),
        _scope(
            "bills.mandate",
            "代办家人账单",
            "Family bills",
            (
                "在对方授权范围内，为家人查询和缴纳账单",
                "Reads and pays bills of people who gave you a mandate, within that mandate",
            ),
            Sensitivity.SENSITIVE,
            1,
        ),
        _scope(
            "location",
            "位置",
            "Location",
            ("您使用时的位置", "Where you are while you use it"),
            Sensitivity.SENSITIVE,
            0,
        ),
        _scope(
            "camera",
            "相机",
            "Camera",
            ("使用时扫码或拍照", "Scans codes or takes pictures while you use it"),
            Sensitivity.PERSONAL,
            0,
        ),
        _scope(
            "storage",
            "云端存储",
            "Storage",
            ("为您保存设置，换设备后仍可用", "Keeps your settings, on every device"),
            Sensitivity.ORDINARY,
            0,
        ),
    )
}
