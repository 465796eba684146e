"""A small market whose registry is operated by hand, people who work at its desk, and notices as they read them."""

from dataclasses import dataclass, replace
from datetime import timedelta

from frontend.agreement import versions_in_force
from marketplace.accounts import agreements, people, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.accounts.roles import Role
from marketplace.clock import japan_date
from marketplace.desk import batches, documents, handling, notices
from marketplace.desk.rules import DeskRules
from marketplace.inventory.models import Provider
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.registries.desk.entered_notice import EnteredNotice
from marketplace.registries.desk.gateway import DeskGateway
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import DeskState, ItemState
from marketplace.registries.profiles import load_profiles
from tests.builders.market import SmallMarket, a_listing, a_quote, a_small_market, a_wish, an_instruction

SCAN = b"%PDF-1.7 scanned notice"
OPERATOR = Actor("per_one", "担当者一", "one@ashiato.example", None, None, frozenset({Role.OPERATOR}))
COLLEAGUE = Actor("per_two", "担当者二", "two@ashiato.example", None, None, frozenset({Role.OPERATOR}))
AUDITOR = Actor("per_aud", "監査人", "audit@ashiato.example", None, None, frozenset({Role.AUDITOR}))


def a_provider_person(provider_id: str) -> Actor:
    roles = frozenset({Role.PROVIDER})
    return Actor(f"per_{provider_id}", "供給者", "p@provider.example", f"org_{provider_id}", provider_id, roles)


def a_desk_market(*, four_eyes: bool = False) -> SmallMarket:
    small = a_small_market()
    profile = load_profiles()["jcredit"]
    market = replace(
        small.market,
        registries={"jcredit": DeskGateway(profile, small.clock)},
        desk=DeskRules(four_eyes=four_eyes),
    )
    return replace(small, market=market)


async def a_paid_order(
    small: SmallMarket, *, tonnes: int = 3, subject: str = "足跡学会", listing=None, **texts
) -> Order:
    """Its units are on the desk, waiting."""
    listing = listing or await a_listing(small)
    quote = await a_quote(small, listing, tonnes=tonnes)
    wish = a_wish(quote, instruction=an_instruction(subject=subject, **texts))
    order = await orders.open_checkout(small.market, (await orders.place(small.market, wish)).id)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return await Order.get(id=order.id)


async def the_order(order: Order) -> Order:
    return await Order.get(id=order.id)


async def a_frozen_application(small: SmallMarket, actor: Actor = OPERATOR, **order) -> ApplicationRecord:
    await a_paid_order(small, **order)
    (key,) = {item.batch_key for item in await ItemRecord.filter(state=ItemState.WAITING)}
    return await ApplicationRecord.get(id=await batches.freeze(small.market, actor, key))


async def an_executed_application(small: SmallMarket, actor: Actor = OPERATOR, **order) -> ApplicationRecord:
    record = await a_frozen_application(small, actor, **order)
    return await done_at_the_registry(small, record, actor)


async def done_at_the_registry(
    small: SmallMarket, record: ApplicationRecord, actor: Actor = OPERATOR
) -> ApplicationRecord:
    await handling.take(small.market, actor, record.id)
    today = japan_date(small.clock())
    await handling.record_act(small.market, actor, record.id, executed_on=today, seen=record.fingerprint)
    small.clock.advance(timedelta(hours=2))
    return await ApplicationRecord.get(id=record.id)


async def the_right_notice(small: SmallMarket, record: ApplicationRecord, **changed) -> EnteredNotice:
    """What the registry's notice says, but for what a test changes."""
    application = record.as_frozen()
    facts = {
        "number": "無-2026-0123",
        "recorded_on": japan_date(small.clock()),
        "act": application.act,
        "use": application.use,
        "purpose_detail": application.purpose_detail,
        "credit_user": application.credit_user,
        "lines": tuple((line.block, span) for line in application.lines for span in line.serials),
        "tonnes": application.tonnes,
        "document": SCAN,
    }
    facts |= changed
    if "lines" in changed and "tonnes" not in changed:
        facts["tonnes"] = sum(len(span) for _, span in changed["lines"])
    return EnteredNotice(**facts)


@dataclass
class Entering:
    """One person copies a notice of one application."""

    small: SmallMarket
    record: ApplicationRecord
    actor: Actor = OPERATOR

    async def enter(self, *, part_because: str | None = None, seen: str | None = None, **changed) -> DeskState:
        notice = await the_right_notice(self.small, self.record, **changed)
        kept = await documents.keep(self.small.market, self.actor, self.record.id, notice.document)
        return await notices.enter(
            self.small.market,
            self.actor,
            self.record.id,
            notice,
            kept,
            seen=seen or self.record.fingerprint,
            part_because=part_because,
        )


async def state_of(record: ApplicationRecord) -> DeskState:
    return DeskState((await ApplicationRecord.get(id=record.id)).state)


async def signed_in(site, actor: Actor) -> None:
    """The site's browser carries this person's session from now on, second factor shown."""
    now = site.small.clock()
    person, _ = await Person.get_or_create(
        {"name": actor.name, "email": actor.email, "locale": "ja", "created_at": now}, id=actor.person_id
    )
    for role in actor.roles & {Role.OPERATOR, Role.AUDITOR}:
        await people.grant(person.id, role, now=now)
    if actor.provider_id is not None and actor.organisation_id is not None:
        await Provider.get_or_create(
            {"name_ja": "供給者", "name_en": "Provider", "invented": True}, id=actor.provider_id
        )
        await Organisation.get_or_create(
            {"name": "供給者", "provider_id": actor.provider_id, "created_at": now}, id=actor.organisation_id
        )
        await Membership.get_or_create(
            {"id": f"mem_{person.id}", "role": Role.OWNER, "created_at": now},
            person_id=person.id,
            organisation_id=actor.organisation_id,
        )
    await agreements.agree(person.id, versions_in_force(), locale="ja", clock=lambda: now)
    session, _ = await sessions.start(person, device="test", now=now)
    token = await sessions.note_second_factor(session, now=now)
    site.client.cookies.set("__Host-session", token, domain="ashiato.example", path="/")


def with_limits(small: SmallMarket, **limits: int) -> Market:
    """The market whose registry form takes at most so many characters by field."""
    profile = load_profiles()["jcredit"].with_settings(limits=limits)
    return replace(small.market, desk=DeskRules(profiles={"jcredit": profile}))
