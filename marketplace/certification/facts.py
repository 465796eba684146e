"""What a certificate of an order states: the facts of the order, its confirmed cancellations and its footprint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certificates.facts import Drawn, Share, StatementFacts
from certificates.records import CertificateRecord
from certificates.statement import (
    GRAMS_PER_TONNE,
    BlockEnergy,
    Cancellation,
    DisclosedField,
    Disclosures,
    Exclusion,
    FootprintLine,
    FootprintSummary,
    Period,
    Permanence,
    ProjectFacts,
    SerialSpan,
    Vintage,
)
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.footprints.models import StoredFootprint
from marketplace.inventory.models import Block, Interval
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.kinds import CreditKind
from marketplace.quotes.models import Quote
from marketplace.registries.profiles import load_profiles
from marketplace.retirements.models import Retirement
from marketplace.retirements.service import request_of


class NoticeMissing(Exception):
    """A retirement counts as confirmed and has no notice: nothing may be certified."""

    code = "notice_missing"


async def footprints_of(quotes: Sequence[Quote]) -> dict[str, StoredFootprint | None]:
    """The footprint that each of these was made for, by the quote's id."""
    wanted = sorted({quote.footprint_id for quote in quotes if quote.footprint_id is not None})
    stored = {one.id: one for one in await rows.find_all(StoredFootprint, id=wanted)}
    return {quote.id: None if quote.footprint_id is None else stored[quote.footprint_id] for quote in quotes}


async def facts_of(
    market: Market,
    order: Order,
    quote: Quote,
    *,
    reference: str,
    confirmed: Sequence[Retirement],
    intervals: Mapping[str, Interval],
    drawn: tuple[Drawn, ...] = (),
    pool: bool = False,
) -> StatementFacts:
    """The certificate called `reference`, on these retirements of the order, whose `intervals` stand under their ids with their
    whole holdings, and on what it has `drawn` from pools. Raises NoticeMissing."""
    footprints = await footprints_of([quote])
    return facts_of_cancelled(
        market,
        order,
        reference=reference,
        confirmed=confirmed,
        intervals=intervals,
        footprint=footprints[quote.id],
        drawn=drawn,
        pool=pool,
        adds_to=(await Order.get(id=quote.tops_up)).certificate_number if quote.tops_up else None,
    )


def facts_of_cancelled(
    market: Market,
    order: Order,
    *,
    reference: str,
    confirmed: Sequence[Retirement],
    intervals: Mapping[str, Interval],
    footprint: StoredFootprint | None,
    drawn: tuple[Drawn, ...] = (),
    pool: bool = False,
    adds_to: str | None = None,
) -> StatementFacts:
    """As facts_of. `adds_to` is the certificate of the fulfilled order whose rest this one covers."""
    instruction = Instruction.model_validate_json(order.instruction)
    texts = _texts(instruction)
    if drawn and not confirmed:
        texts = _as_registered(texts, drawn[0].texts)
    return _stated(
        market,
        reference,
        instruction,
        texts=texts,
        drawn=drawn,
        footprint=footprint,
        cancellations=[_cancellation(group, intervals) for group in _by_application(confirmed)],
        pool=pool,
        adds_to=adds_to,
    )


@dataclass(frozen=True, slots=True)
class PooledOrder:
    """An order without tonnes of its own: its stored footprint if it has one, and what it has `drawn` from pools."""

    order: Order
    footprint: StoredFootprint | None
    drawn: tuple[Drawn, ...]


def facts_of_pooled(
    market: Market, pooled: Sequence[PooledOrder], parents: Mapping[str, CertificateRecord]
) -> list[StatementFacts]:
    """As facts_of, for many orders at once. `parents` are the pools' certificates by number."""
    facts = []
    for one in pooled:
        instruction = Instruction.model_validate_json(one.order.instruction)
        texts = _as_registered(_texts(instruction), parents[one.drawn[0].pool.number].disclosures)
        facts.append(_stated(market, one.order.id, instruction, texts=texts, drawn=one.drawn, footprint=one.footprint))
    return facts


def _texts(instruction: Instruction) -> dict[DisclosedField, str]:
    texts = {
        DisclosedField.SUBJECT: instruction.subject,
        DisclosedField.BENEFICIARY: instruction.beneficiary,
        DisclosedField.CREDIT_USER: instruction.credit_user,
        DisclosedField.PURPOSE_DETAIL: instruction.purpose_detail,
    }
    if instruction.purchaser is not None:
        texts[DisclosedField.PURCHASER] = instruction.purchaser
    return texts


def _stated(
    market: Market,
    reference: str,
    instruction: Instruction,
    *,
    texts: Mapping[DisclosedField, str],
    drawn: tuple[Drawn, ...],
    footprint: StoredFootprint | None,
    cancellations: Sequence[Cancellation] = (),
    pool: bool = False,
    adds_to: str | None = None,
) -> StatementFacts:
    return StatementFacts(
        order_reference=reference,
        environment=market.signing_keys.environment,
        type=instruction.type,
        period=Period(first=instruction.period_first, last=instruction.period_last),
        shares=tuple(Share(cancellation, cancellation.tonnes * GRAMS_PER_TONNE) for cancellation in cancellations),
        reduction_effort=instruction.reduction_effort,
        footprint=_summary(footprint) if footprint else None,
        texts=texts,
        drawn=drawn,
        pool=pool,
        contact=market.base_url,
        adds_to=adds_to,
    )


def _as_registered(texts: Mapping[DisclosedField, str], of_pool: Disclosures) -> dict[DisclosedField, str]:
    """The texts as the registry has them where nothing was cancelled in the buyer's own name: those of the pool."""
    of_registry = {DisclosedField.CREDIT_USER, DisclosedField.PURPOSE_DETAIL}
    return {
        **{field: text for field, text in texts.items() if field not in of_registry},
        **{field: text.value for field, text in of_pool.items() if field in of_registry},
    }


def _by_application(confirmed: Sequence[Retirement]) -> Sequence[Sequence[Retirement]]:
    """Rows that rest on the same request: a partial notice may name several runs of its serials (retirements/partly.py)."""
    groups: dict[str, list[Retirement]] = {}
    for retirement in confirmed:
        groups.setdefault(request_of(retirement).reference, []).append(retirement)
    return list(groups.values())


def _cancellation(confirmed: Sequence[Retirement], cancelled: Mapping[str, Interval]) -> Cancellation:
    retirement = confirmed[0]
    intervals = sorted([cancelled[one.interval_id] for one in confirmed], key=lambda one: one.serials)
    holding = intervals[0].holding
    block, provider = holding.block, holding.account.provider
    request = request_of(retirement)
    registry = load_profiles()[block.registry]
    if retirement.notice_number is None or retirement.recorded_on is None or retirement.notice_sha256 is None:
        raise NoticeMissing(f"retirement {retirement.id} has no notice")
    return Cancellation(
        registry=block.registry,
        registry_name_ja=registry.name.ja,
        registry_name_en=registry.name.en,
        credit_kind=block.credit_kind,
        project=_project(block),
        block=block.id,
        certification_number=block.certification_number,
        vintages=tuple(Vintage(basis=v["basis"], label=v["label"]) for v in json.loads(block.vintages)),
        serials=tuple(
            SerialSpan(
                first_text=block.serial_text(interval.first_serial),
                last_text=block.serial_text(interval.last_serial),
                first_serial=interval.first_serial,
                last_serial=interval.last_serial,
            )
            for interval in intervals
        ),
        tonnes=sum(len(interval.serials) for interval in intervals),
        act=registry.act(request.act).name.ja,
        purpose=registry.use(request.purpose).name.ja,
        executed_by=provider.name_ja,
        our_reference=request.reference,
        notice_number=retirement.notice_number,
        recorded_on=retirement.recorded_on,
        notice_sha256=retirement.notice_sha256,
        invented=block.invented,
        authorised=block.jcm_authorised,
        corresponding_adjustment=block.corresponding_adjustment,
        block_energy=_energy(block),
        permanence=Permanence.FOREST_PLAN_AND_BUFFER if block.credit_kind == CreditKind.JCREDIT_FOREST else None,
    )


def _energy(block: Block) -> BlockEnergy | None:
    if block.mwh is None and block.gj is None:
        return None
    return BlockEnergy(mwh=block.mwh, gj=block.gj, tonnes=block.size)


def _project(block: Block) -> ProjectFacts:
    project = load_catalogue()[block.project_key]
    activity = project.activity(block.methodology)
    return ProjectFacts(
        key=project.key,
        name_ja=activity.name_ja,
        name_en=activity.name_en,
        operator=project.operator,
        country=project.country,
        place=project.place,
        methodology=" ".join(filter(None, (activity.methodology, activity.version))),
        source_url=project.source.url,
    )


def _summary(stored: StoredFootprint) -> FootprintSummary:
    document = json.loads(stored.document)
    factors = {factor["id"]: factor for factor in (*document["factors"], *document["own_factors"])}
    return FootprintSummary(
        id=stored.id,
        sha256=stored.sha256,
        total_g=stored.total_g,
        factor_set=document["factor_set"]["edition"],
        calculated_on=japan_date(stored.created_at),
        lines=tuple(
            FootprintLine(
                category=line["category"],
                method=line["method"],
                quantity=line["quantity"],
                unit=line["unit"],
                factor_id=line["factor_id"],
                factor_value=factors[line["factor_id"]]["value"],
                factor_unit=factors[line["factor_id"]]["unit"],
                grams=line["grams"],
            )
            for line in document["lines"]
        ),
        excluded=tuple(Exclusion(category=e["category"], reason=e["reason"]) for e in document["excluded"]),
    )
