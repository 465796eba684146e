"""Certificates set on paper, for tests that read them again."""

from certificates.qr import qr_svg, short_url
from certificates.render_pdf import render_pdf
from certificates.sheet import Locale
from certificates.statement import Disclosures, Statement
from tests.certificates.authority import ISSUER
from tests.certificates.builders import (
    a_statement,
    some_disclosures,
)

LOCALES: tuple[Locale, ...] = ("ja", "en")


def a_pdf(
    statement: Statement, disclosures: Disclosures | None = None, *, locale: Locale = "ja", jwt: str = "e30.e30.c2ln"
) -> bytes:
    url = short_url(ISSUER, statement.number)
    return render_pdf(
        statement,
        some_disclosures() if disclosures is None else disclosures,
        verification_url=url,
        qr_svg=qr_svg(printed_url(statement)),
        locale=locale,
        credential_jwt=jwt,
    )


def printed_url(statement: Statement) -> str:
    """As long as a real one."""
    return f"{short_url(ISSUER, statement.number)}#{'A1b_' * 33}"


def of_texts(locale: Locale = "ja", **texts: str) -> bytes:
    disclosures = some_disclosures(**texts)
    return a_pdf(a_statement(disclosures), disclosures, locale=locale)
