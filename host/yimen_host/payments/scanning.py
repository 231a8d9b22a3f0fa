"""Draws what is to be scanned as a QR code (ISO/IEC 18004), in SVG, so that it is sharp on every screen."""

import io

import segno

QUIET_ZONE = 4  # modules of white around it: what the standard asks for
LONGEST = 512  # what a channel's code may hold; more could not be scanned from a phone


def picture(content: str) -> bytes:
    """The QR code of a text."""
    drawn = io.BytesIO()
    segno.make_qr(content[:LONGEST], error="m").save(drawn, kind="svg", border=QUIET_ZONE, scale=4, light="#fff")
    return drawn.getvalue()
