"""What a plan is begun with: the suppliers' menus that electricity is calculated by, and the words to agree to."""

from typing import Literal

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import View, Wish
from marketplace.plans.usage import in_force, menu_key, supplier_list
from marketplace.plans.words import consent_text, consent_version

Locale = Literal["ja", "en"]


class ConsentQuery(Wish):
    locale: Locale = "ja"


class PlanConsentView(View):
    version: str
    locale: Locale
    wording: str


class MenuView(View):
    menu: str
    supplier: str
    name: str
    kg_per_kwh: str
    factor_id: str


class MenusView(View):
    """The list of suppliers in force, of the named edition of the factors."""

    edition: str
    data: list[MenuView]


@endpoint("GET", "/v1/plan_menus", answers={200: MenusView}, tag="Plans", cache="public, max-age=3600")
async def list_plan_menus(call: Call) -> Reply:
    """List suppliers and menus

    By which the electricity of a household is calculated; the figures are those that the ministries publish.
    """
    factors = in_force()
    rows = [
        MenuView(
            menu=menu_key(menu),
            supplier=supplier.name_ja,
            name=menu.name_ja,
            kg_per_kwh=str(menu.value),
            factor_id=menu.id,
        )
        for supplier in supplier_list(factors)
        for menu in supplier.menus
    ]
    return Reply(MenusView(edition=factors.edition, data=rows))


@endpoint("GET", "/v1/plan_consent", answers={200: PlanConsentView}, tag="Plans", cache="public, max-age=300")
async def read_plan_consent(call: Call, query: ConsentQuery) -> Reply:
    """Read the words of a subscription

    Show them to the person before the plan begins, and send their version.
    """
    wording = consent_text(query.locale, pool_user=call.services.market.terms.pools.credit_user)
    return Reply(PlanConsentView(version=consent_version(), locale=query.locale, wording=wording))
