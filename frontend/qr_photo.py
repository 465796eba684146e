"""Reading the QR code out of a photograph, for browsers that cannot do it themselves."""

import io
from typing import Any

import zxingcpp
from PIL import Image, ImageOps

LONGEST_SIDE = 2_400
MOST_PIXELS = 60_000_000


class NoCodeInPhoto(ValueError):
    """No QR code could be read in what was sent, whatever the cause."""

    code = "no_code_in_photo"


def read_qr(photo: bytes) -> str:
    """Return the text of the first QR code in a photograph. CPU work: call it in a thread. Raises: NoCodeInPhoto."""
    try:
        return _text_in(photo)
    except NoCodeInPhoto:
        raise
    except Exception as broken:
        # image libraries fail in a hundred ways on broken files; to the visitor they all mean the same
        raise NoCodeInPhoto from broken


def _text_in(photo: bytes) -> str:
    with Image.open(io.BytesIO(photo)) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise NoCodeInPhoto("too many pixels")
        upright = ImageOps.exif_transpose(opened).convert("L")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    found: list[Any] = zxingcpp.read_barcodes(upright, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    if not found:
        raise NoCodeInPhoto("no code found")
    return str(found[0].text)
