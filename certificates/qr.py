"""QR codes: the long one carries the offline proof, the short one only the address (for packaging).

Both use error level M, the largest that stayed readable in blurred 20 mm prints, and the four quiet modules the
standard asks for. No code is longer than 300 characters.
"""

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from certificates.credential import certificate_url

MAX_URL_CHARACTERS = 300
QUIET_MODULES = 4

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
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES)
    code.add_data(_checked(url), optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


def qr_svg(url: str) -> str:
    """A standalone SVG, one unit per module, dark on its own white ground whatever lies behind it."""
    matrix = qr_matrix(url)
    size = len(matrix)
    path = "".join(_runs(row, y) for y, row in enumerate(matrix))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def _runs(row: tuple[bool, ...], y: int) -> str:
    """One rectangle per unbroken run of dark modules in a row."""
    pieces, start = [], None
    for x, dark in enumerate((*row, False)):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            pieces.append(f"M{start} {y}h{x - start}v1H{start}z")
            start = None
    return "".join(pieces)


def _checked(url: str) -> str:
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlTooLong(url)
    return url
