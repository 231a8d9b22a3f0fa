"""Tracebacks as an author needs them: from the first line of their own package on, without the frames above it."""

import logging
from pathlib import Path
from types import TracebackType


def own(trace: TracebackType | None, place: Path | None) -> TracebackType | None:
    """The part of a traceback that begins in a package's directory; None when it never gets there."""
    while trace is not None and not _is_in(trace, place):
        trace = trace.tb_next
    return trace


class FromPackage(logging.Filter):
    """Cuts the tracebacks in a log; one that never gets to the package stays whole."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = place

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the record's traceback, and let every record pass."""
        if record.exc_info and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            record.exc_info = (kind, error, own(trace, self._place) or trace)
        return True


def _is_in(trace: TracebackType, place: Path | None) -> bool:
    return place is not None and Path(trace.tb_frame.f_code.co_filename).is_relative_to(place)
