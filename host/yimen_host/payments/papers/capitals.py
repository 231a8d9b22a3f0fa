"""Amounts in Chinese capitals 大写, as on every voucher in China. Arithmetic only.

By the rules for filling in bills and vouchers of the People's Bank of China (支付结算办法 1997, 附件一: 正确填写票据和
结算凭证的基本规定): 整 after whole yuan and whole jiao, none after fen, one 零 for a run of zeros inside.
"""

from yimen_sdk.money import Money

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ((1000, "仟"), (100, "佰"), (10, "拾"), (1, ""))
_GROUPS = ((10**8, "亿"), (10**4, "万"))


def capitals(amount: Money) -> str:
    """Write an amount of CNY, such as 人民币壹仟肆佰零玖元伍角整; one below zero begins with 负.

    Raises ValueError for another currency: the rules know no other.
    """
    if amount.currency != "CNY":
        raise ValueError(f"{amount.currency} has no capitals")
    yuan, rest = divmod(abs(amount.fen), 100)
    return "人民币" + ("负" if amount.fen < 0 else "") + _written(yuan, *divmod(rest, 10))


def _written(yuan: int, jiao: int, fen: int) -> str:
    whole = f"{_whole(yuan)}元" if yuan or not (jiao or fen) else ""
    if not jiao and not fen:
        return f"{whole}整" if yuan else "零元整"
    gap = "零" if yuan and (not jiao or yuan % 10 == 0) else ""
    tenths = f"{_DIGITS[jiao]}角" if jiao else ""
    return f"{whole}{gap}{tenths}" + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole(number: int) -> str:
    """A number above zero, by groups of four places."""
    for size, name in _GROUPS:
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return f"{_whole(high)}{name}{gap}{_whole(low) if low else ''}"
    return _four(number)


def _four(number: int) -> str:
    written, gap = "", False
    for size, name in _PLACES:
        digit, number = divmod(number, size)
        if digit:
            written += ("零" if gap and written else "") + _DIGITS[digit] + name
        gap = not digit
    return written
