"""QR codes: the long one carries the offline proof, the short one only the address (for packaging).

Both use error level M, the largest that stayed readable in blurred 20 mm prints, and the four quiet modules the
standard asks for. No code is longer than 300 characters.
"""

from functools import lru_cache
from itertools import groupby

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from certificates.credential import certificate_url

MAX_URL_CHARACTERS = 300
QUIET_MODULES = 4
DRAWINGS_KEPT = 500
"""Some six kilobytes each; a certificate's code never changes."""
_ANY_MASK = 3

Matrix = tuple[tuple[bool, ...], ...]


class UrlTooLong(ValueError):
    """The address leaves a code that small prints cannot carry; choose a shorter public origin."""

    code = "qr_url_too_long"

    def __init__(self, url: str) -> None:
        super().__init__(f"{len(url)} characters, {MAX_URL_CHARACTERS} at most: {url[:80]}")


def proof_url(issuer_url: str, number: str, proof: str) -> str:
    """Address and proof in one; the part after # stays in the reader's device. Raises UrlTooLong."""
    return _checked(f"{certificate_url(issuer_url, number)}#{proof}")


def short_url(issuer_url: str, number: str) -> str:
    """Raises UrlTooLong."""
    return _checked(certificate_url(issuer_url, number))


def qr_matrix(url: str) -> Matrix:
    """Rows of dark (True) and light modules, quiet zone included."""
    # A mask breaks up patterns. A proof's random bits have none, and trying all eight takes three quarters of the time.
    mask = _ANY_MASK if "#" in url else None
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES, mask_pattern=mask)
    code.add_data(_checked(url), optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


@lru_cache(maxsize=DRAWINGS_KEPT)
def qr_svg(url: str) -> str:
    """A standalone SVG, one unit per module, dark on its own white ground whatever lies behind it."""
    matrix = qr_matrix(url)
    size = len(matrix)
    path = "".join(_strokes(row, y) for y, row in enumerate(matrix) if any(row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path stroke="#000" d="{path}"/></svg>'
    )


def _strokes(row: tuple[bool, ...], y: int) -> str:
    """A stroke, one unit wide, along each unbroken run of dark modules: half the bytes of rectangles."""
    runs = [(dark, len(list(modules))) for dark, modules in groupby(row)]
    (_, margin), *inked = runs[:-1] if not runs[-1][0] else runs
    return f"M{margin} {y}.5" + "".join(f"h{length}" if dark else f"m{length} 0" for dark, length in inked)


def _checked(url: str) -> str:
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlTooLong(url)
    return url
