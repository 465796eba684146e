"""What a reader program finds in a PDF: text, pictures of the pages, attachments."""

import io
import re
from typing import Any

import pypdfium2
from PIL import Image


def words_of(pdf: bytes, page: int | None = None) -> str:
    """The text of a page, or of all, without any space: a line may end anywhere in Japanese."""
    document = pypdfium2.PdfDocument(pdf)
    pages = range(len(document)) if page is None else [page]
    return unspaced("".join(document[index].get_textpage().get_text_bounded() for index in pages))


def lines_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [line for page in document for line in page.get_textpage().get_text_bounded().splitlines()]


def unspaced(text: str) -> str:
    return re.sub(r"\s", "", text)


def page_count(pdf: bytes) -> int:
    return len(pypdfium2.PdfDocument(pdf))


def picture_of(pdf: bytes, page: int = 0, *, dpi: int = 110) -> Image.Image:
    image: Image.Image = pypdfium2.PdfDocument(pdf)[page].render(scale=dpi / 72).to_pil()
    return image.convert("RGB")


def attachments_of(pdf: bytes) -> dict[str, bytes]:
    document = pypdfium2.PdfDocument(pdf)
    found = [document.get_attachment(index) for index in range(document.count_attachments())]
    return {attachment.get_name(): bytes(attachment.get_data()) for attachment in found}


def metadata_of(pdf: bytes) -> dict[str, Any]:
    return dict(pypdfium2.PdfDocument(pdf).get_metadata_dict())


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The picture as it comes back from a strong JPEG compression."""
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=quality)
    return Image.open(packed)
