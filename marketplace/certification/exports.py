"""A certificate laid out for reports and declarations, with what the table of uses says today."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from certificates.claims.judge import CreditUse
from certificates.claims.texts import texts_of
from certificates.exports.forms import Uses, export
from certificates.exports.model import Export, Form
from certificates.paper import disclosure_pdf, export_pdf
from certificates.qr import short_url
from certificates.sheet import Locale
from marketplace.certification.claims import judge_certificate
from marketplace.certification.publication import Publication
from marketplace.clock import japan_date
from marketplace.market import Market
from marketplace.projects.eligibility import Purpose, load_eligibility, uses_for
from marketplace.projects.kinds import CreditKind

PURPOSES = {
    Form.CLIMATE_LAW: Purpose.CLIMATE_LAW_REPORT,
    Form.ENERGY_LAW: Purpose.ENERGY_LAW_JOINT_SAVING,
    Form.CDP: Purpose.CDP,
    Form.DECLARATION: Purpose.VOLUNTARY_OFFSET,
    Form.LABEL: Purpose.VOLUNTARY_OFFSET,
}


def export_of(market: Market, publication: Publication, form: Form, locale: Locale) -> Export:
    """The entries of one form, names only as far as they are public. Raises UsesNotKnown."""
    statement = publication.record.statement
    return export(
        form,
        statement,
        publication.disclosures,
        uses=uses_on(frozenset(one.credit_kind for one in statement.cancellations), japan_date(market.clock())),
        verification_url=short_url(market.base_url, statement.number),
        locale=locale,
    )


def printed_export(market: Market, publication: Publication, form: Form, locale: Locale) -> bytes:
    """The same as PDF. Raises UsesNotKnown, TextNotPrintable."""
    return export_pdf(export_of(market, publication, form, locale), publication.record.statement, locale)


def printed_disclosure(market: Market, publication: Publication, locale: Locale) -> bytes:
    """The disclosure sheet as PDF. Raises UsesNotKnown, TextNotPrintable."""
    statement = publication.record.statement
    return disclosure_pdf(
        statement,
        publication.disclosures,
        verification_url=short_url(market.base_url, statement.number),
        locale=locale,
        judgement=judge_certificate(statement, on=japan_date(market.clock())),
        texts=texts_of(statement, publication.disclosures, locale),
    )


@lru_cache(maxsize=64)
def uses_on(kinds: Iterable[str], on: date) -> Uses:
    """What may be put to which form on a day in Japan time. Raises UsesNotKnown."""
    by_kind: dict[str, dict[Form, CreditUse]] = {}
    for kind in kinds:
        uses = {use.purpose: use.usability for use in uses_for(CreditKind(kind), on)}
        by_kind[kind] = {form: CreditUse(uses[purpose].value) for form, purpose in PURPOSES.items()}
    return Uses(load_eligibility().edition, by_kind)
