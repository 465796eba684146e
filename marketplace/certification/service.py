"""The last step: a certificate for an order whose every retirement the registry has confirmed."""

import json
from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service as certificates
from certificates import visibility
from certificates.facts import Share, StatementFacts
from certificates.statement import (
    GRAMS_PER_TONNE,
    Cancellation,
    DisclosedField,
    Exclusion,
    FootprintLine,
    FootprintSummary,
    Period,
    ProjectFacts,
    SerialSpan,
    Vintage,
)
from marketplace.certification import public_log
from marketplace.certification.publication import NAMING
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.footprints.models import StoredFootprint
from marketplace.inventory.models import Block, Holding, Interval
from marketplace.ledger.sale import book_sale
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.projects.catalogue import load_catalogue
from marketplace.quotes import service as quotes
from marketplace.quotes.models import QuoteLine
from marketplace.registries.profiles import load_profiles
from marketplace.retirements.models import Retirement
from marketplace.retirements.service import request_of
from marketplace.retirements.states import RetirementState


class NotFullyCancelled(Exception):
    """The confirmed tonnes are not the order's tonnes: nothing may be certified."""

    code = "not_fully_cancelled"


async def certify(market: Market, order_id: str) -> None:
    """Issue the order's certificate, book the sale and fulfil the order, in one transaction. Safe to repeat."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await orders.find(order_id)
        if order.state != OrderState.RETIRING:
            return
        quote = await quotes.find(order.quote_id)
        confirmed = await Retirement.filter(order_id=order.id, state=RetirementState.CONFIRMED).order_by("id")
        cancellations = [await _cancellation(retirement) for retirement in confirmed]
        if sum(cancellation.tonnes for cancellation in cancellations) != quote.tonnes:
            raise NotFullyCancelled(f"order {order.id} is not cancelled to its {quote.tonnes} t")
        record = await certificates.issue(
            await _facts(market, order, quote.footprint_id, cancellations),
            ring=market.signing_keys,
            issuer_url=market.base_url,
            now=now,
        )
        if not Instruction.model_validate_json(order.instruction).beneficiary_public:
            await visibility.hide(record.number, NAMING, until=None)
        await public_log.announce(tx, record.number, at=now)
        await book_sale(order.id, await _net_by_provider(confirmed), at=now)
        await orders.move(order, OrderState.FULFILLED, certificate_number=record.number)
        await note(order.id, Happened.CERTIFIED, at=now, number=record.number)

    await run_tx(work)


async def _facts(
    market: Market, order: Order, footprint_id: str | None, cancellations: list[Cancellation]
) -> StatementFacts:
    instruction = Instruction.model_validate_json(order.instruction)
    texts = {
        DisclosedField.SUBJECT: instruction.subject,
        DisclosedField.BENEFICIARY: instruction.beneficiary,
        DisclosedField.CREDIT_USER: instruction.credit_user,
        DisclosedField.PURPOSE_DETAIL: instruction.purpose_detail,
    }
    if instruction.purchaser is not None:
        texts[DisclosedField.PURCHASER] = instruction.purchaser
    return StatementFacts(
        order_reference=order.id,
        environment=market.signing_keys.environment,
        type=instruction.type,
        period=Period(first=instruction.period_first, last=instruction.period_last),
        shares=tuple(Share(cancellation, cancellation.tonnes * GRAMS_PER_TONNE) for cancellation in cancellations),
        reduction_effort=instruction.reduction_effort,
        footprint=await _footprint(footprint_id) if footprint_id else None,
        texts=texts,
    )


async def _cancellation(retirement: Retirement) -> Cancellation:
    interval = await Interval.get(id=retirement.interval_id)
    holding = await Holding.get(id=interval.holding_id).prefetch_related("block", "account__provider")
    block, provider = holding.block, holding.account.provider
    request = request_of(retirement)
    registry = load_profiles()[block.registry]
    if retirement.notice_number is None or retirement.recorded_on is None or retirement.notice_sha256 is None:
        raise NotFullyCancelled(f"retirement {retirement.id} has no notice")
    return Cancellation(
        registry=block.registry,
        registry_name_ja=registry.name.ja,
        registry_name_en=registry.name.en,
        credit_kind=block.credit_kind,
        project=_project(block),
        block=block.id,
        certification_number=block.certification_number,
        vintages=tuple(Vintage(**vintage) for vintage in json.loads(block.vintages)),
        serials=(
            SerialSpan(
                first_text=block.serial_text(interval.first_serial),
                last_text=block.serial_text(interval.last_serial),
                first_serial=interval.first_serial,
                last_serial=interval.last_serial,
            ),
        ),
        tonnes=len(interval.serials),
        act=registry.act(request.act).name.ja,
        purpose=registry.use(request.purpose).name.ja,
        executed_by=provider.name_ja,
        our_reference=retirement.reference,
        notice_number=retirement.notice_number,
        recorded_on=retirement.recorded_on,
        notice_sha256=retirement.notice_sha256,
        invented=block.invented,
    )


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


async def _footprint(footprint_id: str) -> FootprintSummary:
    stored = await StoredFootprint.get(id=footprint_id)
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


async def _net_by_provider(confirmed: list[Retirement]) -> Mapping[str, int]:
    net: dict[str, int] = {}
    for retirement in confirmed:
        interval = await Interval.get(id=retirement.interval_id)
        line = await QuoteLine.get(id=interval.quote_line_id)
        holding = await Holding.get(id=interval.holding_id).prefetch_related("account")
        provider = holding.account.provider_id
        net[provider] = net.get(provider, 0) + len(interval.serials) * line.yen_per_tonne
    return net
