"""The certificate on paper: how fast it is set and how large it is, beside WeasyPrint with the same content."""

import sys

from certificates.compact_proof import sign_proof
from certificates.credential import StatusSlot, sign_credential
from certificates.mark import mark_svg
from certificates.qr import proof_url, qr_svg, short_url
from certificates.render_pdf import render_pdf
from certificates.sheet import Locale, sheet
from tests.bench.report import Figure, interleaved_medians_us
from tests.certificates.authority import a_ring
from tests.certificates.builders import a_statement, some_disclosures

ISSUER = "https://ashiato.example"


def figures() -> list[Figure]:
    try:
        from tests.bench import weasyprint_certificate as other
    except OSError as missing:
        sys.stderr.write(f"pdf_vs_weasyprint is not measured: WeasyPrint needs Pango ({missing})\n")
        return _sizes()
    ring, statement, disclosures = a_ring(), a_statement(), some_disclosures()
    credential = sign_credential(statement, ring=ring, issuer_url=ISSUER, slot=StatusSlot(1, 4711))
    url = short_url(ISSUER, statement.number)
    code = qr_svg(proof_url(ISSUER, statement.number, sign_proof(statement, ring=ring)))
    content = sheet(statement, disclosures, verification_url=url, locale="ja")
    attached = {"certificate.jwt": credential}
    mark, fonts = mark_svg(statement.sha256()), other.compiled()
    ours, theirs = interleaved_medians_us(
        lambda: render_pdf(
            statement, disclosures, verification_url=url, qr_svg=code, locale="ja", credential_jwt=credential
        ),
        lambda: other.pdf_of(content, mark=mark, qr=code, attached=attached, fonts=fonts),
        rounds=7,
    )
    ratio = theirs / ours
    return [Figure("pdf_vs_weasyprint", ours / 1000, "ms", baseline=theirs / 1000, ratio=ratio, goal=">= 5"), *_sizes()]


def _sizes() -> list[Figure]:
    return [Figure(f"pdf_{locale}_kb", _size(locale) / 1000, "kB", goal="<= 60") for locale in ("ja", "en")]


def _size(locale: Locale) -> int:
    """Of the two-page certificate of a conference, with a calculation of seven lines and two credits; not signed."""
    ring, statement = a_ring(), a_statement()
    pdf = render_pdf(
        statement,
        some_disclosures(),
        verification_url=short_url(ISSUER, statement.number),
        qr_svg=qr_svg(proof_url(ISSUER, statement.number, sign_proof(statement, ring=ring))),
        locale=locale,
        credential_jwt=sign_credential(statement, ring=ring, issuer_url=ISSUER, slot=StatusSlot(1, 4711)),
    )
    return len(pdf)
