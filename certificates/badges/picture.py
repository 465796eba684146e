"""A badge as PNG, for mails and shops that take no SVG. Drawn with the fonts of the installed packages."""

from certificates.typesetting import to_png


def badge_png(svg: str, *, width: int) -> bytes:
    """`width` in pixels; a whole multiple of the drawing's own keeps hairlines sharp.

    A style sheet in the drawing is not followed: a picture has one theme.
    """
    return to_png("badge", {"drawing": svg, "width": str(width)})
