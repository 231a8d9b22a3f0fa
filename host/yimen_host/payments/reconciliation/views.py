"""The words that pages say for kinds, states and ends of breaks, and the age groups of what is unexplained."""

from dataclasses import dataclass

from yimen_host.payments.reconciliation.breaks import BUCKETS, BreakState, Resolution, bucket
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.resolving import Overview
from yimen_host.payments.reconciliation.sides import Side, Verdict

KIND_WORDS = {
    BreakKind.MISSING_THERE: "对方账单缺失",
    BreakKind.MISSING_HERE: "本方未入账",
    BreakKind.REVERSED_HERE: "本方已退款，对方仍入账",
    BreakKind.UNKNOWN_REFERENCE: "单号不明",
    BreakKind.DUPLICATE_THERE: "对方账单重复",
    BreakKind.DUPLICATE_HERE: "本方重复入账",
    BreakKind.AMOUNT_DIFFERS: "金额不符",
    BreakKind.FEE_DIFFERS: "手续费不符",
    BreakKind.KIND_DIFFERS: "收退方向不符",
    BreakKind.STATE_DIFFERS: "本方仍在处理中",
    BreakKind.WRONG_DAY: "入账日期不符",
    BreakKind.CURRENCY_DIFFERS: "币种不符",
    BreakKind.NOT_POSTED: "账本无分录",
}
STATE_WORDS = {
    BreakState.OPEN: ("待认领", "warn"),
    BreakState.ASSIGNED: ("处理中", "plain"),
    BreakState.RESOLVED: ("已处理", "good"),
    BreakState.WRITTEN_OFF: ("已核销", "plain"),
}
RESOLUTION_WORDS = {
    Resolution.TAKEN_IN: "已补入账，按迟到款项处理",
    Resolution.SUSPENSE: "差额已转入挂账科目",
    Resolution.TIMING: "与另一日的差异相互抵消",
    Resolution.GONE: "重新对账后不再存在",
    Resolution.SEEN: "不涉及本方资金，已核实",
    Resolution.LOSS: "经两人同意核销",
}


SIDE_WORDS = {
    Verdict.AGREES: ("与账本一致", "good"),
    Verdict.WAITS: ("尚未对账", "plain"),
    Verdict.NO_BOOKS: ("没有外部账单", "plain"),
}


def side_words(side: Side) -> tuple[str, str]:
    """What is said of one side of an order, and its tone."""
    return (KIND_WORDS[side.kind], "warn") if side.kind is not None else SIDE_WORDS[side.verdict]


@dataclass(frozen=True)
class AgeGroup:
    """What is unexplained of one age: from so many days to so many, the last group without an end."""

    begin: int
    end: int | None
    count: int
    fen: int


def age_groups(overview: Overview) -> list[AgeGroup]:
    """The open breaks by age, the youngest first."""
    counts, sums = [0] * (len(BUCKETS) + 1), [0] * (len(BUCKETS) + 1)
    for day, count, fen in overview.by_day:
        group = bucket(day, overview.today)
        counts[group] += count
        sums[group] += fen
    begins, ends = (0, *(end + 1 for end in BUCKETS)), (*BUCKETS, None)
    return [AgeGroup(*group) for group in zip(begins, ends, counts, sums, strict=True)]
