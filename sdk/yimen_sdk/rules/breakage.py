"""What is said when a check does not come to its end, by the rules themselves and by whoever runs them elsewhere."""

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Kind

RULE_BROKE = Kind(
    "rule-broke",
    Bilingual(zh="规则本身出错：{error}", en="the rule broke: {error}"),
    Bilingual(zh="请再检查一次；仍然出错时，请告诉平台", en="Check again; when it breaks again, tell the platform."),
)
CHECK_TOO_SLOW = Kind(
    "check-too-slow",
    Bilingual(zh="检查在 {seconds} 秒内没有完成", en="the check did not finish within {seconds} seconds"),
    Bilingual(
        zh="请再检查一次；仍然太慢时，请减少文件", en="Check again; when it is too slow again, ship fewer files."
    ),
)
CHECK_CRASHED = Kind(
    "check-crashed",
    Bilingual(zh="检查异常结束，状态 {status}", en="the check ended with status {status}"),
    Bilingual(zh="请再检查一次；仍然出错时，请告诉平台", en="Check again; when it crashes again, tell the platform."),
)
NO_REPORT = Kind(
    "check-without-report",
    Bilingual(zh="检查没有给出报告", en="the check did not end in a report"),
    Bilingual(
        zh="请再检查一次；仍然没有时，请告诉平台", en="Check again; when there is none again, tell the platform."
    ),
)
BREAKAGES = (RULE_BROKE, CHECK_TOO_SLOW, CHECK_CRASHED, NO_REPORT)
"""All of these."""
