"""Signs the PDF as a whole (PAdES): a reader program shows at once that not a byte of the paper form has changed.

The file is written once, with room for the signature in it; it is hashed around that room, and the library's CMS message goes
there. Signing on top of a finished file, as the library does, would cost twice the time and seven kilobytes more.
"""

import hashlib
import io
from datetime import UTC, datetime
from typing import Final

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pikepdf import Array, Dictionary, Name, String
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest

from certificates.pdf_message import SIGNATURE_BYTES, form_of
from certificates.pdf_packing import save_packed
from certificates.signing_authority import AlreadySigned

_FIELD: Final = "Ashiato"
# Printed and locked: a format for archives allows no hidden annotation, and this one has no area.
_ANNOTATION_FLAGS: Final = 4 | 128
# Signatures exist, and the file may only be appended to.
_FORM_FLAGS: Final = 1 | 2
_NO_CHANGES: Final = 1
# As wide as any offset, so that the real ones fit in its place.
_OFFSET_TO_COME: Final = 999_999_999
_BYTE_RANGE: Final = f"/ByteRange [ 0 {_OFFSET_TO_COME} {_OFFSET_TO_COME} {_OFFSET_TO_COME} ]".encode()


def sign_pdf(pdf: bytes, key: ec.EllipticCurvePrivateKey, chain: tuple[x509.Certificate, ...]) -> bytes:
    """The PDF with a certifying, invisible signature that permits no change at all; attachments stay as they are.

    `chain` starts with the certificate of `key`; a self-signed root at its end is left out, since whoever trusts it has it.
    The signing time is the clock's; two calls give different bytes. CPU work that must not run inside an event loop
    (call it with asyncio.to_thread). Raises: AlreadySigned.
    """
    form = form_of(chain)
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        _add_field(document, len(form.blank), datetime.now(UTC))
        save_packed(document, output, deterministic_id=False)
    prepared = _hashed_around(output, len(form.blank))
    digest = prepared.document_digest
    prepared.fill_with_cms(output, form.filled(digest, _longest(key, form.attributes(digest))))
    return output.getvalue()


def _add_field(document: pikepdf.Pdf, room: int, signed_at: datetime) -> None:
    if Name.AcroForm in document.Root:
        raise AlreadySigned("the PDF carries a signature already")
    signature = document.make_indirect(
        Dictionary(
            Type=Name.Sig,
            Filter=Name("/Adobe.PPKLite"),
            SubFilter=Name("/ETSI.CAdES.detached"),
            M=String(signed_at.strftime("D:%Y%m%d%H%M%SZ")),
            ByteRange=Array([0, _OFFSET_TO_COME, _OFFSET_TO_COME, _OFFSET_TO_COME]),
            Contents=String(bytes(room)),
            Reference=Array(
                [
                    Dictionary(
                        Type=Name.SigRef,
                        TransformMethod=Name.DocMDP,
                        TransformParams=Dictionary(Type=Name.TransformParams, P=_NO_CHANGES, V=Name("/1.2")),
                    )
                ]
            ),
        )
    )
    page = document.pages[0].obj
    field = document.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(_FIELD),
            TU=String(_FIELD),
            V=signature,
            F=_ANNOTATION_FLAGS,
            Rect=Array([0, 0, 0, 0]),
            P=page,
        )
    )
    page.Annots = Array([*page.get(Name.Annots, []), field])
    document.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=_FORM_FLAGS)
    document.Root.Perms = Dictionary(DocMDP=signature)


def _hashed_around(output: io.BytesIO, room: int) -> PreparedByteRangeDigest:
    """Write the offsets of the room into the file, and hash everything else."""
    data = output.getbuffer()
    start = bytes(data).index(b"<" + b"00" * room + b">")
    end = start + 2 * room + 2
    place = bytes(data).index(_BYTE_RANGE)
    offsets = f"/ByteRange [ 0 {start} {end} {len(data) - end} ]".encode()
    data[place : place + len(_BYTE_RANGE)] = offsets.ljust(len(_BYTE_RANGE))
    digest = hashlib.sha256(data[:start])
    digest.update(data[end:])
    data.release()
    return PreparedByteRangeDigest(digest.digest(), start, end)


def _longest(key: ec.EllipticCurvePrivateKey, attributes: bytes) -> bytes:
    """Every fourth signature is as long as the form's blank."""
    while True:
        signature = key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        if len(signature) == SIGNATURE_BYTES:
            return signature
