"""What the public may see of a certificate: its statement whole, and the names only as far as the buyer wished."""

from dataclasses import dataclass

from certificates.records import CertificateRecord, find
from certificates.statement import DisclosedField, Disclosures
from marketplace.errors import MarketplaceError
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order

NAMING = frozenset(
    {
        DisclosedField.BENEFICIARY,
        DisclosedField.PURCHASER,
        DisclosedField.CREDIT_USER,
        DisclosedField.PURPOSE_DETAIL,
    }
)
"""Texts that name somebody, or may do so: kept back when the beneficiary is not public."""


class CertificateEnded(MarketplaceError):
    """A revoked or corrected certificate is not printed any more; params: number, state, replaced_by."""

    code = "certificate_ended"


@dataclass(frozen=True, slots=True)
class Publication:
    """`disclosures` are the texts anyone may see; those missing were erased or are kept back (`withheld`)."""

    record: CertificateRecord
    disclosures: Disclosures
    withheld: frozenset[DisclosedField]


async def published(number: str) -> Publication:
    """By number, however typed. Raises CertificateNotFound."""
    record = await find(number)
    withheld = frozenset() if await _beneficiary_is_public(record) else NAMING & record.disclosures.keys()
    shown = {name: text for name, text in record.disclosures.items() if name not in withheld}
    return Publication(record, shown, withheld)


async def printable(number: str) -> Publication:
    """Raises CertificateNotFound, CertificateEnded."""
    publication = await published(number)
    ended = publication.record.ended
    if ended is not None:
        raise CertificateEnded(
            f"certificate {publication.record.number} is {ended.state}",
            number=publication.record.number,
            state=ended.state.value,
            replaced_by=ended.replaced_by,
        )
    return publication


async def _beneficiary_is_public(record: CertificateRecord) -> bool:
    """As the order says; a correction has no order of its own and goes by that of the certificate it replaces."""
    order = await Order.get_or_none(id=record.order_reference)
    if order is not None:
        return Instruction.model_validate_json(order.instruction).beneficiary_public
    if record.statement.replaces is not None:
        return await _beneficiary_is_public(await find(record.statement.replaces))
    return False
