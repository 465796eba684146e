"""The texts of an order as they are typed: what the certificate says, and what the registry will keep for ever."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from certificates.statement import OffsetType
from frontend.forms import Typed
from frontend.locales import Locale
from frontend.problems import sentence
from frontend.wording import words
from marketplace.orders.instruction import Instruction
from offset_calc import Footprint
from offset_calc.reading import Problems, read_date

# It travels in the address from the choice to the order; 500 characters of Japanese still fit there.
LONGEST_EFFORT = 500
FIELDS = (
    "subject",
    "period_first",
    "period_last",
    "beneficiary",
    "beneficiary_public",
    "purchaser",
    "purpose_detail",
    "credit_user",
    "reduction_effort",
)
# Which kind of offset the footprint of a calculator leads to. Whoever uses electricity or gas uses a service: a household offsets its own
# use of it. A bare list of activities has no subject of its own.
OFFSET_TYPES = {
    "event": OffsetType.EVENT,
    "product": OffsetType.PRODUCT_SERVICE,
    "organisation": OffsetType.ORGANISATION,
    "household": OffsetType.PRODUCT_SERVICE,
    "activities": OffsetType.OTHER,
}
PUBLIC = {"yes": True, "no": False}


class OrderTextsRefused(Exception):
    """Some texts cannot be taken; `errors` maps field names to sentences."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def prefilled(footprint: Footprint, reduction_effort: str, locale: Locale) -> Typed:
    """What can be known beforehand; the buyer may change all of it."""
    subject = footprint.subject["name"]
    return {
        "subject": subject,
        "period_first": footprint.period.start.isoformat(),
        "period_last": footprint.period.end.isoformat(),
        "purpose_detail": words("orders", "default.purpose_detail", locale, {"subject": subject}),
        "reduction_effort": reduction_effort,
    }


def read_instruction(typed: Typed, footprint_type: str, locale: Locale) -> Instruction:
    """Check everything at once. An empty credit user is the beneficiary. Raises: OrderTextsRefused."""
    errors: dict[str, str] = {}
    given: dict[str, Any] = {name: typed.get(name, "") for name in FIELDS}
    for name in ("period_first", "period_last"):
        problems = Problems()
        given[name] = read_date(given[name], name, problems)
        for problem in problems.found:
            errors[name] = sentence(problem.code, problem.params, locale)
    if given["beneficiary_public"] not in PUBLIC:
        errors["beneficiary_public"] = sentence("choose_one", {}, locale)
    given["beneficiary_public"] = PUBLIC.get(given["beneficiary_public"], False)
    follows_beneficiary = not given["credit_user"].strip()
    given["credit_user"] = given["beneficiary"] if follows_beneficiary else given["credit_user"]
    given["purchaser"] = given["purchaser"].strip() or None
    if given["period_first"] and given["period_last"] and given["period_last"] < given["period_first"]:
        errors["period_last"] = sentence("end_before_start", {}, locale)
        given["period_last"] = given["period_first"]
    try:
        instruction = Instruction.model_validate({**given, "type": OFFSET_TYPES[footprint_type]})
    except ValidationError as refused:
        for error in refused.errors():
            code, params = _problem(error["type"], error.get("ctx", {}))
            errors.setdefault(str(error["loc"][0]), sentence(code, params, locale))
        if follows_beneficiary and "beneficiary" in errors:
            errors.pop("credit_user", None)
        raise OrderTextsRefused(_in_order(errors)) from refused
    if errors:
        raise OrderTextsRefused(_in_order(errors))
    return instruction


def _problem(kind: str, context: Mapping[str, Any]) -> tuple[str, Mapping[str, object]]:
    match kind:
        case "string_too_short" | "missing" | "date_type":
            return "required", {}
        case "string_too_long":
            return "too_long", {"most": context["max_length"]}
        case "string_pattern_mismatch":
            return "control_characters", {}
        case _:
            raise AssertionError(f"no sentence for {kind}")


def _in_order(errors: Mapping[str, str]) -> dict[str, str]:
    return {name: errors[name] for name in FIELDS if name in errors}
