"""Prints certificates, signs them where an authority is configured, and keeps the newest in memory.

What a PDF says is fixed by the certificate and the texts that are shown, so it is printed once for both.
"""

import asyncio
from collections import OrderedDict

from api.pdf_authority import read_authority
from api.settings import Settings
from certificates.pdf_packing import packed
from certificates.qr import proof_url, qr_svg, short_url
from certificates.render_pdf import render_pdf
from certificates.sheet import Locale
from certificates.signing_authority import SigningAuthority
from marketplace.certification.publication import Publication

KEPT = 200
"""About 10 MB."""


class PdfPress:
    """`authority` None leaves PDFs unsigned; the credential inside is signed all the same."""

    def __init__(self, authority: SigningAuthority | None) -> None:
        self._authority = authority
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    async def print(self, publication: Publication, *, issuer_url: str, locale: Locale) -> bytes:
        """Raises TextNotPrintable."""
        # an erased or hidden text is another key, so no copy that still shows it is ever handed out
        shown = tuple(sorted((name, text.salt) for name, text in publication.disclosures.items()))
        wanted = (publication.record.number, locale, shown)
        pdf = self._kept.get(wanted)
        if pdf is None:
            # off the event loop: typesetting and signing are work for the processor
            pdf = await asyncio.to_thread(self._printed, publication, issuer_url, locale)
        self._kept[wanted] = pdf
        self._kept.move_to_end(wanted)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return pdf

    def _printed(self, publication: Publication, issuer_url: str, locale: Locale) -> bytes:
        record = publication.record
        return render_pdf(
            record.statement,
            publication.disclosures,
            verification_url=short_url(issuer_url, record.number),
            qr_svg=qr_svg(proof_url(issuer_url, record.number, record.proof)),
            locale=locale,
            credential_jwt=record.credential,
            finish=packed if self._authority is None else self._signed,
        )

    def _signed(self, pdf: bytes) -> bytes:
        # the signing library takes a second to import: the first PDF waits for it, not the start of the service
        from certificates.pdf_signing import sign_pdf  # noqa: PLC0415

        authority = self._authority
        return pdf if authority is None else sign_pdf(pdf, authority.key, authority.chain)


def signing_authority(settings: Settings) -> SigningAuthority | None:
    """Raises UnusableKey and OSError for configured files that cannot sign."""
    if settings.pdf_signing_key_file is None or settings.pdf_signing_chain_file is None:
        return None
    return read_authority(settings.pdf_signing_key_file, settings.pdf_signing_chain_file)
