"""What may be said of a product's covered units once a purchase is cancelled, by the rules of today and of its market."""

from certificates.claims.wording import ClaimTexts
from frontend.bill import listings_of
from frontend.claim_view import ClaimView, view_of
from frontend.formatting import period as period_text
from frontend.market_words import MarketWords
from marketplace.badges.badge import audience_of
from marketplace.certification.claims import judge_purchase
from marketplace.listings.offers import offers_of
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.products import service as products
from marketplace.products.buying import CoverQuote, g_emitted_now
from marketplace.products.models import Product
from marketplace.products.states import SalesMarket
from marketplace.projects.kinds import CreditKind
from marketplace.registries.profiles import load_profiles


async def claim_on_cover(
    market: Market, product: Product, bought: CoverQuote, instruction: Instruction, words: MarketWords
) -> ClaimView:
    quote, cover = bought.quote, bought.cover
    period = await products.period_of(product.id, cover.period_id)
    offers = (await offers_of(await listings_of(quote.id))).values()
    footprint_g = max(cover.units, 1) * await g_emitted_now(market, product, period)
    covered_g = min(quote.grams, footprint_g)
    judgement = judge_purchase(
        type=instruction.type,
        on=products.today(market),
        covered_g=covered_g,
        footprint_g=footprint_g,
        reduction_effort=instruction.reduction_effort,
        kinds=[CreditKind(offer.block.credit_kind) for offer in offers],
        audience=audience_of(SalesMarket(product.market)),
    )
    profiles = [load_profiles()[offer.block.registry] for offer in offers]
    acts = {words.name(profile.act(profile.use_for(instruction.purpose).act).name) for profile in profiles}
    texts = ClaimTexts(
        subject=instruction.subject,
        period=period_text(period.first_day, period.last_day, locale=words.locale),
        credits=words.list_of(sorted({words.kind(offer.block.credit_kind) for offer in offers})),
        act=words.list_of(sorted(acts)),
        covered_g=covered_g,
        footprint_g=footprint_g,
    )
    return view_of(judgement, texts, words.locale)
