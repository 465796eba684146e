"""What a visitor types about a month's electricity, as the market wants it, and the market's refusals at their fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from certificates.render_pdf import TextNotPrintable
from frontend.formatting import number
from frontend.forms import Typed
from frontend.locales import Locale
from frontend.problems import sentence
from frontend.wording import words
from marketplace.errors import MarketplaceError
from marketplace.plans.usage import Usage, in_force, menu_key, supplier_list
from offset_calc import Factor
from offset_calc.methods.household_energy import SIZES

UNLISTED = "unlisted"
_FIELD_OF = {
    "menu_unknown": "menu",
    "month_without_emissions": "menu",
    "month_too_large": "kwh",
    "public_name_refused": "public_name",
    "mail_address_refused": "email",
    "effort_missing": "reduction_effort",
    "text_not_printable": "reduction_effort",
    "consent_missing": "consent",
    "below_smallest_payment": "kwh",
    "gift_months_refused": "months",
}


@dataclass(frozen=True, slots=True)
class SupplierView:
    name: str
    menus: Sequence[tuple[str, str]]


def read_usage(typed: Typed) -> Usage:
    """kWh count if there are any, else the household's size; what cannot be right is refused when it is calculated."""
    kwh = typed.get("kwh", "").strip() or None
    menu = typed.get("menu", "").strip()
    size = typed.get("household_size", "").strip() or None
    if kwh is None and size is not None:
        return Usage(None, None, size)
    return Usage(None if menu in ("", UNLISTED) else menu, kwh or "", None)


def supplier_views(locale: Locale) -> Sequence[SupplierView]:
    """All suppliers of the list in force with their menus, as they are chosen from."""
    return [
        SupplierView(
            _supplier_name(supplier.name_ja, supplier.menus[0], locale),
            [(menu_key(menu), _menu_label(menu, locale)) for menu in supplier.menus],
        )
        for supplier in supplier_list(in_force())
    ]


def menu_name(factor: Factor, locale: Locale) -> str:
    """Supplier and menu in one line, with the figure."""
    name = factor.name_ja if locale is Locale.JA else factor.name_en
    figure = f"{number(factor.value, locale=locale)} kg-CO₂/kWh"
    return f"{_without_kind(name)} {figure}"


def _supplier_name(name_ja: str, menu: Factor, locale: Locale) -> str:
    if locale is Locale.JA:
        return name_ja
    # in English the name and the menu stand in one text, and the menu is the last word
    return _without_kind(menu.name_en).rpartition(" ")[0] or menu.name_en


def _menu_label(menu: Factor, locale: Locale) -> str:
    return menu_name(menu, locale)


def _without_kind(name: str) -> str:
    return name.replace("（調整後排出係数）", "").replace("(adjusted)", "").strip()


def size_options(locale: Locale) -> Sequence[tuple[str, str]]:
    return [(size, words("calculator", f"choice.household_size.{size}", locale)) for size in SIZES]


def field_errors(refused: MarketplaceError | TextNotPrintable, locale: Locale) -> dict[str, str]:
    """Field → sentence."""
    if isinstance(refused, TextNotPrintable):
        return {"reduction_effort": sentence(refused.code, {"characters": refused.characters}, locale)}
    if refused.code == "usage_refused":
        params = dict(refused.params)
        return {str(params.pop("field")): sentence(str(params.pop("reason")), params, locale)}
    return {_FIELD_OF.get(refused.code, "listing"): sentence(refused.code, refused.params, locale)}
