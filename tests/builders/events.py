"""Event pages with an organiser that has money, and attendees who join them."""

from dataclasses import replace
from datetime import date

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.database.transactions import run_tx
from marketplace.footprints.service import StoredFootprints
from marketplace.ids import new_token
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders.words import consent_version
from marketplace.participation import event_pages
from marketplace.participation.event_pages import EventTerms
from marketplace.participation.joining import JoinWish, join
from marketplace.participation.models import EventPage, Participation, Payer
from marketplace.participation.shares import shares_of
from marketplace.participation.travel import footprint_of
from tests.builders.market import SmallMarket
from tests.signed_in import an_actor

PERCENT = {Payer.ORGANISER: 100, Payer.ATTENDEE: 0, Payer.SPLIT: 40}


async def an_organiser(small: SmallMarket, *, yen: int = 100_000) -> Actor:
    organiser = await an_actor(small, Role.OWNER, email="organiser@ashiato.example")
    await give_balance(small, organiser, yen)
    return organiser


async def give_balance(small: SmallMarket, organiser: Actor, yen: int) -> None:
    async def work(_: object) -> None:
        event = f"gift:{new_token()}"
        await balance.credit(str(organiser.organisation_id), yen, taken_from=ledger.LOSS, event=event, at=small.clock())

    await run_tx(work)


def event_terms(payer: Payer, **changes: object) -> EventTerms:
    facts = {
        "name": "第1回 足跡学会",
        "place": "札幌市",
        "venue": "札幌市 中央会館",
        "first_day": date(2026, 12, 1),
        "last_day": date(2026, 12, 2),
        "reduction_effort": "資料を電子配布に変えた",
        "payer": payer,
        "organiser_percent": PERCENT[payer],
        "cap_yen": 0 if payer is Payer.ATTENDEE else 50_000,
    }
    return EventTerms.model_validate(facts | changes)


async def an_event_page(small: SmallMarket, payer: Payer, *, yen: int = 100_000, **changes: object) -> EventPage:
    organiser = await an_organiser(small, yen=yen)
    return await event_pages.open_page(small.market, organiser, event_terms(payer, **changes))


async def a_wish_to_join(small: SmallMarket, page: EventPage, *, km: int = 1_000, **changes: object) -> JoinWish:
    """What an attendee sends who came by plane and was shown the parts as they are now."""
    footprint = footprint_of(page, {"mode": "air_domestic", "distance_km": str(km)})
    stored = await StoredFootprints(small.clock).save(footprint)
    shares = await shares_of(small.market, page, footprint.total.value)
    wish = JoinWish(
        footprint_id=stored,
        key=new_token(),
        attendee_yen=shares.attendee.yen,
        organiser_yen=shares.organiser.yen,
        consent_version=consent_version(),
        locale="ja",
    )
    return replace(wish, **changes)


async def an_attendee(small: SmallMarket, page: EventPage, **changes: object) -> Participation:
    return await join(small.market, page, await a_wish_to_join(small, page, **changes))


async def after(joined: Participation) -> Participation:
    return await Participation.get(id=joined.id)


async def page_now(page: EventPage) -> EventPage:
    return await EventPage.get(id=page.id)
