"""Put together what an invoice or a credit note says, from the order's quote and what was given back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.database import rows
from marketplace.invoices.content import Content, Item, Kind, Line, Seller
from marketplace.invoices.issuer import Issuer
from marketplace.invoices.models import SellerRegistration
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.money import allocate, consumption_tax, tax_within
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.pools.models import PoolLine
from marketplace.projects.catalogue import load_catalogue
from marketplace.quotes import service as quotes
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote, QuoteLine
from marketplace.quotes.service import Part


class InvoiceDiffers(Exception):
    """The lines of an invoice do not add up to what was paid: a person must look."""

    code = "invoice_differs"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the lines."""

    number: str
    issued_on: date
    on: date
    sandbox: bool
    issuer: Issuer


@dataclass(frozen=True, slots=True)
class Lines:
    """What quotes sold, by quote, and the registration numbers of the sellers that have one."""

    parts: Mapping[str, Sequence[Part]]
    registered: Mapping[str, str]


async def lines_of(sold: Sequence[Quote]) -> Lines:
    parts = await quotes.parts_of_all(sold)
    sellers = {
        part.listing.holding.account.provider_id
        for many in parts.values()
        for part in many
        if isinstance(part.line, QuoteLine)
    }
    registrations = await rows.find_all(SellerRegistration, provider_id=sorted(sellers))
    return Lines(parts, {one.provider_id: one.registration_number for one in registrations})


def invoice(order: Order, quote: Quote, heading: Heading, lines: Lines) -> Content:
    """Raises InvoiceDiffers."""
    parts, net_yen = lines.parts[quote.id], json.loads(quote.terms)["net_yen_by_provider"]
    sellers = [
        *(_provider(provider, net, parts, lines.registered.get(provider)) for provider, net in net_yen.items()),
        _service(quote, heading.issuer, parts),
    ]
    content = _content(Kind.INVOICE, order, heading, [seller for seller in sellers if seller.lines], concerns=None)
    if content.total_yen != order.total_yen:
        raise InvoiceDiffers(f"order {order.id} was paid with {order.total_yen} yen, not {content.total_yen}")
    return content


async def credit_note(
    order: Order, heading: Heading, invoiced: Content, earlier: Sequence[Content], yen: int
) -> Content:
    """What `yen`, tax included, take off each seller's part of the invoice, after `earlier` credit notes."""
    left = {
        seller.provider_id: seller.gross_yen
        - sum(part.gross_yen for note in earlier for part in note.sellers if part.provider_id == seller.provider_id)
        for seller in invoiced.sellers
    }
    taken = await _not_earned(order, left, yen) or dict(zip(left, allocate(yen, list(left.values())), strict=True))
    sellers = [_reduced(seller, taken[seller.provider_id]) for seller in invoiced.sellers if taken[seller.provider_id]]
    return _content(Kind.CREDIT_NOTE, order, heading, sellers, concerns=invoiced.number)


async def _not_earned(order: Order, left: Mapping[str | None, int], yen: int) -> dict[str | None, int] | None:
    """If the order is sold and `yen` is just what its sellers did not earn of it: who did not. Else None."""
    earned = await ledger.earned_with(order.id)
    if not earned:
        return None
    by_seller: dict[str | None, int] = dict.fromkeys(left, 0)
    for account, amount in earned.items():
        kind, _, provider = account.partition(":")
        seller = provider if kind == "provider" else None
        by_seller[seller] = by_seller.get(seller, 0) + amount
    missing = {seller: left.get(seller, 0) - amount for seller, amount in by_seller.items()}
    exact = sum(missing.values()) == yen and min(missing.values()) >= 0 and set(missing) == set(left)
    return missing if exact else None


def _reduced(seller: Seller, gross_yen: int) -> Seller:
    tax_yen = tax_within(gross_yen)
    line = Line(item=Item.REDUCTION, net_yen=gross_yen - tax_yen)
    return seller.model_copy(update={"lines": (line,), "tax_yen": tax_yen})


def _content(kind: Kind, order: Order, heading: Heading, sellers: Sequence[Seller], *, concerns: str | None) -> Content:
    instruction = Instruction.model_validate_json(order.instruction)
    return Content(
        kind=kind,
        number=heading.number,
        issued_on=heading.issued_on,
        on=heading.on,
        sandbox=heading.sandbox,
        issuer_name=heading.issuer.name,
        issuer_address=heading.issuer.address,
        issuer_number=heading.issuer.registration_number,
        recipient=instruction.purchaser or instruction.beneficiary,
        subject=instruction.subject,
        order_id=order.id,
        concerns=concerns,
        tax_percent=10,
        sellers=tuple(sellers),
    )


def _provider(provider_id: str, net_yen: int, parts: Sequence[Part], registration_number: str | None) -> Seller:
    of_own = [
        (part.line, part.listing)
        for part in parts
        if isinstance(part.line, QuoteLine) and part.listing.holding.account.provider_id == provider_id
    ]
    provider = of_own[0][1].holding.account.provider
    return Seller(
        provider_id=provider_id,
        name_ja=provider.name_ja,
        name_en=provider.name_en,
        registration_number=registration_number,
        qualified=registration_number is not None,
        lines=tuple(
            _line(
                Item.CREDITS,
                listing,
                line.tonnes * GRAMS_PER_TONNE,
                line.yen_per_tonne,
                line.tonnes * line.yen_per_tonne,
            )
            for line, listing in of_own
        ),
        tax_yen=consumption_tax(net_yen),
    )


def _service(quote: Quote, issuer: Issuer, parts: Sequence[Part]) -> Seller:
    lines = []
    drawn = [(part.line, part.listing) for part in parts if isinstance(part.line, PoolLine)]
    # each line's price was rounded down; what the whole is above them belongs to the last
    rest = quote.pooled_yen
    for place, (one, listing) in enumerate(drawn, start=1):
        yen = rest if place == len(drawn) else one.grams * one.yen_per_tonne // GRAMS_PER_TONNE
        rest -= yen
        lines.append(_line(Item.POOL, listing, one.grams, one.yen_per_tonne, yen))
    if quote.fee_yen:
        lines.append(Line(item=Item.FEE, net_yen=quote.fee_yen))
    return Seller(
        provider_id=None,
        name_ja=issuer.name,
        name_en=issuer.name,
        registration_number=issuer.registration_number,
        qualified=issuer.registration_number is not None,
        lines=tuple(lines),
        tax_yen=consumption_tax(quote.pooled_yen + quote.fee_yen),
    )


def _line(item: Item, listing: Listing, grams: int, yen_per_tonne: int, yen: int) -> Line:
    block = listing.holding.block
    activity = load_catalogue()[block.project_key].activity(block.methodology)
    return Line(
        item=item,
        project_ja=activity.name_ja,
        project_en=activity.name_en,
        grams=grams,
        yen_per_tonne=yen_per_tonne,
        net_yen=yen,
    )
