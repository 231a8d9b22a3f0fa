"""Reads what a printed paper says."""

import io

from pypdf import PdfReader


def words(pdf: bytes) -> str:
    """All text of a PDF, in reading order, without spaces: a typesetter needs none."""
    return "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)
