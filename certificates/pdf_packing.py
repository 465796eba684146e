"""The same document in fewer bytes: its small objects, mostly the tags, in compressed streams, about a quarter smaller."""

import io

import pikepdf


def packed(pdf: bytes) -> bytes:
    """The same input gives the same bytes."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        save_packed(document, output, deterministic_id=True)
    return output.getvalue()


def save_packed(document: pikepdf.Pdf, output: io.BytesIO, *, deterministic_id: bool) -> None:
    """Write the document; a signed one differs each time and needs no deterministic id."""
    document.save(
        output,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=deterministic_id,
        fix_metadata_version=False,
    )
