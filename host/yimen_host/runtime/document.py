"""Write why layers are missing and releases do not run into a page: `python -m yimen_host.runtime.document PAGE`."""

import sys
from pathlib import Path

from yimen_host.runtime.complaints import COMPLAINTS
from yimen_host.runtime.sandbox.reasons import REASONS
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.kindtable import advised, placed

_BY_ITSELF = Bilingual(zh="—", en="—")


def renewed(page: str) -> str:
    """Return the page with its tables replaced. Raises ValueError when the page has no place for them."""
    page = placed(page, "reasons", advised(REASONS, _BY_ITSELF))
    return placed(page, "complaints", advised(COMPLAINTS, _BY_ITSELF))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text("utf-8")), "utf-8")
