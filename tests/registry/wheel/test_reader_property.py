"""Whatever is done to a wheel's bytes: it is refused by a rule, or it still unpacks to the very same files."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from yimen_registry.testing import WheelDraft
from yimen_registry.wheel import WheelRefused, read_wheel

GOOD = WheelDraft()
BYTES = GOOD.to_bytes()
FILES = {name: hashlib.sha256(data).hexdigest() for name, data in GOOD.contents().items()}


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Draw the good wheel after a few bytes were changed, put in, taken out, moved or doubled."""
    data = bytearray(BYTES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(1, 64))
        match draw(st.sampled_from(["change", "insert", "cut", "truncate", "double", "swap"])):
            case "change":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=16))
            case "cut":
                del data[at : at + length]
            case "truncate":
                del data[at:]
            case "double":
                data[at:at] = data[at : at + length]
            case _:
                data[at : at + length] = data[at : at + length][::-1]
    return bytes(data)


def outcome(data: bytes) -> dict[str, str] | None:
    """Return the files of a wheel that was read, or None when it was refused."""
    with tempfile.TemporaryDirectory() as directory:
        path, tree = Path(directory, "w"), Path(directory, "tree")
        path.write_bytes(data)
        tree.mkdir()
        try:
            return dict(read_wheel(path, GOOD.file_name, tree).files)
        except WheelRefused:
            return None


@settings(max_examples=400, deadline=None)
@example(BYTES)
@given(spoilt())
def test_spoilt_bytes_are_refused_or_mean_the_same(data: bytes) -> None:
    assert outcome(data) in (None, FILES)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert outcome(data) is None
