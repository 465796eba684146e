"""The list of all pages, in one place: what is photographed, and what axe looks at. Whoever adds a page adds a line."""

from collections.abc import Mapping
from dataclasses import dataclass

from frontend.content_pages import PAGES as CONTENT
from frontend.locales import Locale


@dataclass(frozen=True)
class Shown:
    """A page by name; `path` may hold names of the story in braces. Addresses without a language get ?lang=.

    `unfolded` opens everything that can be opened first. `role` is who has to be signed in.
    """

    name: str
    path: str
    unfolded: bool = False
    role: str | None = None

    def address(self, story: Mapping[str, str], locale: Locale) -> str:
        path = self.path.format_map(story)
        if path.startswith(("/c/", "/p/")):
            return f"{path}?lang={locale}"
        return f"/{locale}{path}"


PAGES = (
    Shown("home", "/"),
    Shown("calculators", "/calculate"),
    Shown("event-form", "/calculate/event"),
    Shown("event-form-filled", "/calculate/event?example=sapporo", unfolded=True),
    Shown("household-form", "/calculate/household", unfolded=True),
    Shown("product-form", "/calculate/product", unfolded=True),
    Shown("organisation-form", "/calculate/organisation", unfolded=True),
    Shown("bulk-form", "/calculate/bulk"),
    Shown("bulk-run", "{bulk_run}"),
    Shown("draft", "/calculate/event?{draft}"),
    Shown("event-result", "{event_footprint}"),
    Shown("event-result-unfolded", "{event_footprint}", unfolded=True),
    Shown("household-result", "{household_footprint}"),
    Shown("product-result", "{product_footprint}"),
    Shown("organisation-result", "{organisation_footprint}", unfolded=True),
    Shown("reduce", "{event_footprint}/reduce?percent.online_seats=20&status.online_seats=done"),
    Shown("comparison", "{comparison}"),
    Shown("credits", "/credits"),
    Shown("credits-for-a-footprint", "/credits?footprint={event_footprint_id}"),
    Shown("project", "{project}"),
    Shown("offset", "{event_footprint}/offset"),
    Shown("quote", "{quote}"),
    Shown("order", "{event_order}"),
    Shown("event-certificate", "{event_certificate}"),
    Shown("product-certificate", "{product_certificate}"),
    Shown("organisation-certificate", "{organisation_certificate}"),
    Shown("household-certificate", "{household_certificate}"),
    Shown("hidden-certificate", "{hidden_certificate}"),
    Shown("exports", "{event_certificate}/exports", unfolded=True),
    Shown("event-disclosure", "{event_certificate}/disclosure"),
    Shown("product-disclosure", "{product_certificate}/disclosure"),
    Shown("organisation-disclosure", "{organisation_certificate}/disclosure"),
    Shown("household-disclosure", "{household_certificate}/disclosure"),
    Shown("badges", "/badges"),
    Shown("badge", "/badges?of={product_id}&layout=card&theme=auto"),
    Shown("verify", "/verify"),
    *(Shown(name, f"/{name}") for name in CONTENT),
    Shown("contact", "/contact"),
    Shown("news", "/news"),
    Shown("news-item", "/news/2026-11-22-sandbox"),
    Shown("log", "/log", unfolded=True),
    Shown("factors", "/factors"),
    Shown("factors-found", "/factors?q=都市ガス"),
    Shown("factor", "/factors/jp.grid.fy2024.national_average"),
    Shown("plan-begin", "/plans?menu=A0002.all&kwh=300"),
    Shown("plan-gift", "/plans/gift?kwh=300"),
    Shown("plan-given", "/plans/given"),
    Shown("plan", "{plan}", unfolded=True),
    Shown("plan-end", "{plan}/end"),
    Shown("plan-year", "{plan}/years/{plan_year}"),
    Shown("plans-mine", "/plans/mine", role="buyer"),
    Shown("ledger", "/ledger"),
    Shown("registries", "/registries"),
    Shown("providers", "/providers"),
    Shown("provider-in-public", "/providers/{provider}"),
    Shown("mailbox", "/mailbox"),
    Shown("letter", "{letter}"),
    Shown("sign-in", "/sign-in"),
    Shown("account", "/account", role="buyer"),
    Shown("account-members", "/account/members", role="owner"),
    Shown("account-balance", "/account/balance", role="owner"),
    Shown("account-keys", "/account/keys", role="owner"),
    Shown("account-webhooks", "/account/webhooks", role="owner"),
    Shown("account-webhook", "{webhook}", role="owner"),
    Shown("account-events", "/account/events", role="owner"),
    Shown("account-event", "{account_event}", role="owner"),
    Shown("joining", "{joining}"),
    Shown("joining-offer", "{joining_offer}"),
    Shown("joining-done", "{joining_done}"),
    Shown("account-products", "/account/products", role="owner"),
    Shown("account-product", "{product}", unfolded=True, role="owner"),
    Shown("account-product-cover", "{product}/cover", role="owner"),
    Shown("account-product-sales", "{product}/sales", role="owner"),
    Shown("product-in-public", "{product_in_public}"),
    Shown("account-product-items", "{product}/items", role="owner"),
    Shown("item-by-hand", "/items"),
    Shown("account-security", "/account/security", role="buyer"),
    Shown("account-agreement", "/account/agreement", role="buyer"),
    Shown("account-privacy", "/account/privacy", role="buyer"),
    Shown("second-factor", "/account/second-factor", role="operator"),
    Shown("provider", "/provider", role="provider"),
    Shown("provider-import", "/provider/import", role="provider"),
    Shown("provider-list", "{checked_list}", role="provider"),
    Shown("provider-holding", "{holding}", role="provider"),
    Shown("provider-payouts", "/provider/payouts", role="provider"),
    Shown("operations", "/operations", role="operator"),
    Shown("operations-reconciliation", "/operations/reconciliation", role="operator"),
    Shown("operations-messages", "/operations/messages", role="operator"),
    Shown("operations-money", "/operations/money", role="operator"),
    Shown("operations-ledger", "/operations/ledger", role="operator"),
    Shown("operations-recalls", "/operations/recalls", role="operator"),
    Shown("operations-audit", "/operations/audit", role="operator"),
    Shown("operations-switches", "/operations/switches", role="operator"),
    Shown("operations-people", "/operations/people", role="operator"),
    Shown("desk", "/desk", role="operator"),
    Shown("style", "/style"),
    Shown("nothing-here", "/nothing-here"),
)
