"""Reads the form of a new campaign into terms, and tells every fault of it at once. Touches no database."""

import datetime as dt
import re
from collections.abc import Collection, Mapping

from yimen_host.core.errors import Invalid
from yimen_host.payments.coupons.terms import Terms, region_prefix
from yimen_host.payments.typed import Typed
from yimen_sdk.money import Money, yuan
from yimen_sdk.pages import CHINA

MAX_TITLE = 40
MAX_COUPONS = 50_000_000  # half the country's largest campaign so far would fit in one of ours
MAX_PER_PERSON = 20
DEFAULT_GROUP = "government"
_REGION = re.compile(r"\d{6}")
_GROUP = re.compile(r"[a-z][a-z0-9\-]{0,30}")


def read_plan(typed: Mapping[str, str], *, classes: Collection[str], chosen: Collection[str]) -> Terms:
    """Read what a planner typed; ``chosen`` are the merchant classes ticked, of ``classes``. Raises Invalid."""
    form = Typed(typed)
    title = form.read("title", _name, "活动名称为1至40个字")
    department = form.read("department", _name, "出资单位为1至40个字")
    face = form.read("face", _positive_money, "请输入面额，例如 10 或 10.00")
    threshold = form.read("threshold", _positive_money, "请输入使用门槛，例如 100")
    stock = form.read("stock", lambda text: _count(text, MAX_COUPONS), "请输入发放张数，1至50000000")
    budget = form.read("budget", _positive_money, "请输入预算金额，例如 100000")
    day_stock = form.read("day_stock", lambda t: _count(t, MAX_COUPONS) if t else None, "每日张数应为正整数，或留空")
    per_person = form.read("per_person", lambda text: _count(text, MAX_PER_PERSON), "每人限领1至20张")
    residents = form.read("resident_regions", _regions, "行政区划代码应为6位数字，用空格分开")
    merchants = form.read("merchant_regions", _regions, "行政区划代码应为6位数字，用空格分开")
    group = form.read("stack_group", _group, "叠加组只用小写字母、数字和连字符")
    claim_from = form.read("claim_from", _moment, "请输入开始领取的时间")
    claim_until = form.read("claim_until", _moment, "请输入结束领取的时间")
    use_from = form.read("use_from", _moment, "请输入开始使用的时间")
    use_until = form.read("use_until", _moment, "请输入结束使用的时间")
    if set(chosen) - set(classes):
        form.faults["merchant_classes"] = "请从列出的商户类别中选择"
    if face and threshold and threshold <= face:
        form.faults["threshold"] = "使用门槛必须高于面额"
    if face and stock and budget and face.fen * stock > budget.fen:
        form.faults["budget"] = "预算不够：至少是面额乘以张数"
    if claim_from and claim_until and claim_from >= claim_until:
        form.faults["claim_until"] = "结束领取必须晚于开始领取"
    if use_from and use_until and use_from >= use_until:
        form.faults["use_until"] = "结束使用必须晚于开始使用"
    elif claim_until and use_until and claim_until > use_until:
        form.faults["use_until"] = "结束使用不能早于结束领取"
    if form.faults:
        raise Invalid("the plan has faults", form.faults)
    assert title and department and face and threshold and stock and budget and per_person  # noqa: PT018 - each was read without a fault
    assert claim_from and claim_until and use_from and use_until  # noqa: PT018 - as above
    return Terms(
        title=title,
        department=department,
        face=face,
        threshold=threshold,
        stock=stock,
        budget=budget,
        day_stock=day_stock,
        per_person=per_person,
        resident_regions=residents or (),
        merchant_regions=merchants or (),
        merchant_classes=tuple(sorted(chosen)),
        stack_group=group or DEFAULT_GROUP,
        claim_from=claim_from,
        claim_until=claim_until,
        use_from=use_from,
        use_until=use_until,
    )


def _name(text: str) -> str:
    if not 1 <= len(text) <= MAX_TITLE:
        raise ValueError(text)
    return text


def _positive_money(text: str) -> Money:
    amount = yuan(text)
    if amount.fen <= 0:
        raise ValueError(text)
    return amount


def _count(text: str, most: int) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise ValueError(text)
    return number


def _regions(text: str) -> tuple[str, ...]:
    codes = re.split(r"[\s,，、]+", text) if text else []
    if not all(_REGION.fullmatch(code) for code in codes):
        raise ValueError(text)
    return tuple(sorted({region_prefix(code) for code in codes}))


def _group(text: str) -> str:
    if text and not _GROUP.fullmatch(text):
        raise ValueError(text)
    return text or DEFAULT_GROUP


def _moment(text: str) -> dt.datetime:
    """What ``<input type=datetime-local>`` sends: the time in China, without saying so."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(dt.UTC)
