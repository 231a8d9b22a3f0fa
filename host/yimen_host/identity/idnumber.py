"""The ID number 公民身份号码 (GB 11643-1999): six digits of a place, eight of a birth date, three, a check digit."""

import datetime as dt
import re
from dataclasses import dataclass

from stdnum import numdb
from stdnum.cn import ric

from yimen_host.identity.errors import FieldError

OLDEST_YEARS = 130  # nobody alive is older
_SHAPE = re.compile(r"\d{17}[\dX]")


@dataclass(frozen=True)
class IdNumber:
    """A well-formed number, and what it says by itself."""

    value: str
    region: str
    birth: dt.date

    @property
    def masked(self) -> str:
        """The number as a page may show it."""
        return f"{self.value[:4]}**********{self.value[-4:]}"

    def age(self, today: dt.date) -> int:
        """Full years on a day."""
        return today.year - self.birth.year - ((today.month, today.day) < (self.birth.month, self.birth.day))


def id_number(typed: str, *, today: dt.date) -> IdNumber:
    """Read an ID number. Raises FieldError saying which part is wrong: form, date, place or check digit."""
    value = re.sub(r"\s", "", typed).upper()
    if not _SHAPE.fullmatch(value):
        raise FieldError("id_number", "身份证号应为18位：17位数字，最后一位是数字或X")
    try:
        birth = ric.get_birth_date(value)
    except ric.InvalidComponent:
        raise FieldError("id_number", "身份证号中的出生日期不存在，请核对第7至14位") from None
    if birth > today or birth.year < today.year - OLDEST_YEARS:
        raise FieldError("id_number", "身份证号中的出生日期不可能，请核对第7至14位")
    if not _known_place(value[:6], birth.year):
        raise FieldError("id_number", "身份证号开头的地区代码不存在，请核对前6位")
    if value[-1] != ric.calc_check_digit(value):  # ISO 7064 MOD 11-2
        raise FieldError("id_number", "身份证号校验不通过，请检查是否输错了某一位")
    return IdNumber(value, value[:6], birth)


def region_name(region: str) -> str:
    """The province, city and county of a GB/T 2260 code, in Chinese; empty for an unknown one."""
    city = _county(region[:4] + "00") if region[2:4] != "00" else ""
    return "".join(dict.fromkeys((_place(region).get("province", ""), city, _county(region))))


def _county(code: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", _place(code).get("county", "").split(",")[-1])


def _known_place(code: str, birth_year: int) -> bool:
    """A code that was given up before the birth is impossible; one that began after it is not.

    Numbers were first given in 1984 and carry the place of registration, so the old often bear newer codes.
    """
    if code.endswith("00"):
        return False
    for span in _place(code).get("county", "").split(","):
        ended = re.match(r"\[\d*-(\d*)\]", span)
        if span and (ended is None or not ended[1] or int(ended[1]) >= birth_year):
            return True
    return False


def _place(code: str) -> dict[str, str]:
    found = numdb.get("cn/loc").info(code)
    return {key: value for _, properties in found for key, value in properties.items()}
