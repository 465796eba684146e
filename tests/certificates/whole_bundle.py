"""An exit bundle with everything in it that a bundle can hold, all of it genuine."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from certificates.bundle import Bundle
from certificates.log.checkpoint import LogTrust
from certificates.pdf_signing import sign_pdf
from certificates.qr import proof_url, qr_svg, short_url
from certificates.render_pdf import render_pdf
from certificates.signing_authority import SigningAuthority, make_sandbox_authority
from tests.certificates.authority import ISSUER, NOW, Issued
from tests.certificates.builders import a_cancellation

NOTICE = b"%PDF-1.7 what the registry wrote"


@cache
def an_authority() -> SigningAuthority:
    return make_sandbox_authority(datetime.now(UTC))


def with_notice(**changes: Any) -> Issued:
    """A certificate that names NOTICE as the registry's document."""
    cancellation = a_cancellation(notice_sha256=hashlib.sha256(NOTICE).hexdigest())
    return Issued(changes={"cancellations": (cancellation,), "grams": 3_000_000}, **changes)


def a_signed_pdf(one: Issued) -> bytes:
    authority = an_authority()
    return render_pdf(
        one.statement,
        one.disclosures,
        verification_url=short_url(ISSUER, one.statement.number),
        qr_svg=qr_svg(proof_url(ISSUER, one.statement.number, one.proof)),
        locale="en",
        credential_jwt=one.credential,
        finish=partial(sign_pdf, key=authority.key, chain=authority.chain),
    )


def a_whole_bundle(issued: Issued | None = None, **changes: Any) -> Bundle:
    one = issued or with_notice()
    whole = Bundle(
        issuer_url=ISSUER,
        statement=one.statement,
        disclosures=one.disclosures,
        credential=one.credential,
        proof=one.proof,
        jwks=one.ring.jwks(),
        status_list=one.status_list(),
        made_at=NOW,
        log_proof=one.log_proof(),
        log=LogTrust(one.log.key),
        pdf=a_signed_pdf(one),
        notices={"SBX-N-2026-000123.pdf": NOTICE},
    )
    return replace(whole, **changes)


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
