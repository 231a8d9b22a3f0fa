"""The strict reader of wheels."""

from yimen_registry.wheel.limits import Limits
from yimen_registry.wheel.reader import Wheel, read_wheel
from yimen_registry.wheel.refusal import WheelFault, WheelRefused, WheelRule
from yimen_registry.wheel.tree import TreeAltered, tree_digest, verify_tree

__all__ = [
    "Limits",
    "TreeAltered",
    "Wheel",
    "WheelFault",
    "WheelRefused",
    "WheelRule",
    "read_wheel",
    "tree_digest",
    "verify_tree",
]
