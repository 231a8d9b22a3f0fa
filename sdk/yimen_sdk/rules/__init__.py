"""The rules of `yimen check`. The registry runs this same code; it reads the mini-app and never imports it."""

from yimen_sdk.rules.check import RULES, check
from yimen_sdk.rules.nominiapp import NotAMiniApp
from yimen_sdk.rules.report import Finding, Outcome, Report, Result, Tier
from yimen_sdk.rules.rule import NothingToLookAt, Rule
from yimen_sdk.rules.subject import Subject, from_project, from_tree

__all__ = [
    "RULES",
    "Finding",
    "NotAMiniApp",
    "NothingToLookAt",
    "Outcome",
    "Report",
    "Result",
    "Rule",
    "Subject",
    "Tier",
    "check",
    "from_project",
    "from_tree",
]
