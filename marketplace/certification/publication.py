"""What the public may see of a certificate: its statement whole, and the names only as far as their owner wishes."""

from dataclasses import dataclass

from certificates.records import CertificateNotFound, CertificateRecord, find
from certificates.statement import DisclosedField, Disclosures
from certificates.visibility import visibility_of
from marketplace.clock import japan_date
from marketplace.errors import MarketplaceError
from marketplace.market import Market

NAMING = frozenset(
    {
        DisclosedField.BENEFICIARY,
        DisclosedField.PURCHASER,
        DisclosedField.CREDIT_USER,
        DisclosedField.PURPOSE_DETAIL,
    }
)
"""Texts that name somebody, or may do so: hidden when the beneficiary is not public."""


class CertificateEnded(MarketplaceError):
    """A revoked or corrected certificate is not printed any more; params: number, state, replaced_by."""

    code = "certificate_ended"


@dataclass(frozen=True, slots=True)
class Publication:
    """`disclosures` are the texts anyone may see; those missing were erased or are kept back (`withheld`).

    An unlisted certificate is not `listed`; whoever reads this has shown its link code.
    """

    record: CertificateRecord
    disclosures: Disclosures
    withheld: frozenset[DisclosedField]
    listed: bool


async def published(market: Market, number: str, *, link_code: str | None = None) -> Publication:
    """By number, however typed.

    Raises CertificateNotFound, also for an unlisted certificate without its link code: a guesser learns nothing.
    """
    record = await find(number)
    visibility = await visibility_of(record)
    if not visibility.opens_with(link_code):
        raise CertificateNotFound(record.number)
    shown = visibility.shown(record.disclosures, today=japan_date(market.clock()))
    return Publication(record, shown, frozenset(record.disclosures.keys() - shown.keys()), visibility.listed)


async def printable(market: Market, number: str, *, link_code: str | None = None) -> Publication:
    """Raises CertificateNotFound (as published), CertificateEnded."""
    publication = await published(market, number, link_code=link_code)
    ended = publication.record.ended
    if ended is not None:
        raise CertificateEnded(
            f"certificate {publication.record.number} is {ended.state}",
            number=publication.record.number,
            state=ended.state.value,
            replaced_by=ended.replaced_by,
        )
    return publication
