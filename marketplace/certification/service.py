"""The last step: a certificate for what the registry has confirmed of an order, once all of the order is decided."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service as certificates
from certificates import visibility
from certificates.facts import Drawn, Share, StatementFacts
from certificates.pools import find_pools
from certificates.statement import (
    GRAMS_PER_TONNE,
    BlockEnergy,
    Cancellation,
    DisclosedField,
    Exclusion,
    FootprintLine,
    FootprintSummary,
    Period,
    Permanence,
    ProjectFacts,
    SerialSpan,
    Vintage,
)
from marketplace.certification import public_log
from marketplace.certification.publication import NAMING
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.footprints.models import StoredFootprint
from marketplace.inventory import service as inventory
from marketplace.inventory.holdings import whole_holding
from marketplace.inventory.models import Block, Holding, Interval, RegistryAccount
from marketplace.ledger.sale import book_sale
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders import shortfalls
from marketplace.orders.fulfilment import owe_refund
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.pools import opening
from marketplace.products import covers
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.kinds import CreditKind
from marketplace.quotes import service as quotes
from marketplace.registries.profiles import load_profiles
from marketplace.retirements.models import Retirement
from marketplace.retirements.service import request_of
from marketplace.retirements.states import RetirementState


class NotFullyCancelled(Exception):
    """The confirmed tonnes are not the order's, less what nothing could replace: nothing may be certified."""

    code = "not_fully_cancelled"


async def certify(market: Market, order_id: str) -> None:
    """Issue the order's certificate, book the sale and fulfil the order, in one transaction. Safe to repeat.

    While anything of the order is undecided, nothing happens. What could not be cancelled is not certified: its price goes
    back, and with nothing confirmed at all, everything.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await orders.find(order_id)
        if order.state != OrderState.RETIRING:
            return
        drawn = await opening.drawn_for(order)
        if drawn is None or await inventory.under_way(await orders.line_ids(order)):
            return
        quote, short = await quotes.find(order.quote_id), await shortfalls.tonnes_of(order.id)
        confirmed = await rows.find_all(Retirement, order_id=order.id, state=RetirementState.CONFIRMED, order_by="id")
        intervals = [await rows.get(Interval, id=retirement.interval_id) for retirement in confirmed]
        cancelled = {one.id: one for one in intervals}
        cancellations = [await _cancellation(group, cancelled) for group in _by_application(confirmed)]
        if sum(cancellation.tonnes for cancellation in cancellations) != quote.own_tonnes - short:
            raise NotFullyCancelled(f"order {order.id} is not cancelled to its {quote.own_tonnes - short} t")
        if sum(one.grams for one in drawn) != quote.pool_g:
            raise NotFullyCancelled(f"order {order.id} has not drawn its {quote.pool_g} g")
        if not confirmed and not drawn:
            await owe_refund(market, tx, order, "registry_refused")
            return
        pool = await opening.pool_of_order(order.id)
        facts = await _facts(market, order, quote.footprint_id, cancellations)
        record = await certificates.issue(
            replace(facts, drawn=drawn, pool=pool is not None, texts=await _registered(facts.texts, drawn, confirmed)),
            ring=market.signing_keys,
            issuer_url=market.base_url,
            now=now,
        )
        if not Instruction.model_validate_json(order.instruction).beneficiary_public:
            await visibility.hide(record.number, NAMING, until=None)
        await public_log.announce(tx, record.number, at=now)
        net = await _net_by_provider(order.quote_id, intervals)
        given_back = await shortfalls.give_back(tx, order, quote, net, at=now) if short else 0
        await book_sale(order.id, net, at=now, pooled_yen=json.loads(quote.terms).get("pool_net_yen", 0))
        await orders.move(order, OrderState.FULFILLED, certificate_number=record.number)
        less = {"short_tonnes": short, "refund_yen": given_back} if short else {}
        await note(order.id, Happened.CERTIFIED, at=now, number=record.number, **less)
        if drawn:
            await opening.hand_on(market, tx, order, now=now)
        await covers.certified(market, tx, order, record.number, record.grams, now=now)
        if pool is not None:
            await opening.opened(market, tx, pool, record, now=now)

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
        contact=market.base_url,
    )


async def _registered(
    texts: Mapping[DisclosedField, str], drawn: Sequence[Drawn], confirmed: Sequence[Retirement]
) -> Mapping[DisclosedField, str]:
    """The texts as the registry has them: where nothing was cancelled in the buyer's own name, those of the pool."""
    if confirmed or not drawn:
        return texts
    (pool, *_) = await find_pools([drawn[0].pool.number])
    of_registry = {DisclosedField.CREDIT_USER, DisclosedField.PURPOSE_DETAIL}
    return {
        **{field: text for field, text in texts.items() if field not in of_registry},
        **{field: text.value for field, text in pool.disclosures.items() if field in of_registry},
    }


def _by_application(confirmed: Sequence[Retirement]) -> Sequence[Sequence[Retirement]]:
    """Rows that rest on the same request: a partial notice may name several runs of its serials (retirements/partly.py)."""
    groups: dict[str, list[Retirement]] = {}
    for retirement in confirmed:
        groups.setdefault(request_of(retirement).reference, []).append(retirement)
    return list(groups.values())


async def _cancellation(confirmed: Sequence[Retirement], cancelled: Mapping[str, Interval]) -> Cancellation:
    retirement = confirmed[0]
    intervals = sorted([cancelled[one.interval_id] for one in confirmed], key=lambda one: one.serials)
    holding = await whole_holding(intervals[0].holding_id)
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


async def _net_by_provider(quote_id: str, cancelled: Sequence[Interval]) -> Mapping[str, int]:
    prices = {line.id: line.yen_per_tonne for line in await quotes.lines_of(quote_id)}
    net: dict[str, int] = {}
    for interval in cancelled:
        holding = await rows.get(Holding, id=interval.holding_id)
        account = await rows.get(RegistryAccount, id=holding.account_id)
        price = prices[str(interval.quote_line_id)]
        net[account.provider_id] = net.get(account.provider_id, 0) + len(interval.serials) * price
    return net
