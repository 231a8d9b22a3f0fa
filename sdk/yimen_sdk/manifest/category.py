"""The shelves of the portal: which kind of service a mini-app is."""

from enum import StrEnum

from yimen_sdk.bilingual import Bilingual


class Category(StrEnum):
    """One shelf. A mini-app stands on exactly one."""

    GOVERNMENT = "government"
    """Certificates, filings and other dealings with departments."""
    TAX = "tax"
    """Declaring and paying tax."""
    UTILITIES = "utilities"
    """Power, water, gas, heating, broadband."""
    HEALTH = "health"
    """Hospitals, insurance, vaccination."""
    EDUCATION = "education"
    """Schools, examinations, grants."""
    WORK = "work"
    """Jobs, social security, housing fund."""
    TRANSPORT = "transport"
    """Buses, vehicles, driving licences, travel."""
    HOUSING = "housing"
    """Renting, buying, property, housekeeping."""
    MARKET = "market"
    """Shops and village produce."""
    CULTURE = "culture"
    """Libraries, museums, sports, tourism."""
    LIFE = "life"
    """Everyday services that stand on no other shelf."""


CATEGORY_TITLES: dict[Category, Bilingual] = {
    Category.GOVERNMENT: Bilingual(zh="政务办事", en="Government"),
    Category.TAX: Bilingual(zh="税务", en="Tax"),
    Category.UTILITIES: Bilingual(zh="生活缴费", en="Utilities"),
    Category.HEALTH: Bilingual(zh="医疗健康", en="Health"),
    Category.EDUCATION: Bilingual(zh="教育考试", en="Education"),
    Category.WORK: Bilingual(zh="就业社保", en="Work"),
    Category.TRANSPORT: Bilingual(zh="交通出行", en="Transport"),
    Category.HOUSING: Bilingual(zh="住房家政", en="Housing"),
    Category.MARKET: Bilingual(zh="市集", en="Market"),
    Category.CULTURE: Bilingual(zh="文化旅游", en="Culture"),
    Category.LIFE: Bilingual(zh="便民生活", en="Everyday life"),
}
