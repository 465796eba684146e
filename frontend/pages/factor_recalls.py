"""Factors that turned out wrong: an operator marks one, and sees every footprint, order and certificate that rests on it."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.audit.service import ReasonMissing
from marketplace.footprints.recalls import affected_footprints, recall_factor, recalls_in_force
from offset_calc import factors as factor_sets
from offset_calc.errors import FactorNotFound, QuantityRefused

MOST_SHOWN = 500


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    """Every recall in force, newest first, and the form for another."""
    return await _overview(request)


@only(Role.OPERATOR)
async def submit(request: Request) -> Response:
    """Recall a factor and show what it touched."""
    typed = await read_typed(request)
    locale = PageContext.of(request).locale
    corrected = typed.get("corrected_value", "").strip() or None
    try:
        recalled = await recall_factor(
            typed.get("factor_id", "").strip(),
            reason=typed.get("reason", ""),
            corrected_value=corrected,
            clock=services_of(request).market.clock,
            actor=actor_of(request),
        )
    except FactorNotFound:
        return await _overview(request, typed, {"factor_id": words("recalls", "unknown_factor", locale)})
    except QuantityRefused as refused:
        return await _overview(request, typed, {"corrected_value": sentence(refused.reason, refused.params, locale)})
    except ReasonMissing as refused:
        return await _overview(request, typed, {"reason": sentence(refused.code, refused.params, locale)})
    return RedirectResponse(PageContext.of(request).url(f"/operations/recalls/{recalled.factor_id}"), status_code=303)


@only(Role.OPERATOR, Role.AUDITOR)
async def report(request: Request) -> Response:
    """What a recalled factor touched: the first MOST_SHOWN footprints; the command `ashiato factors recalls` lists all."""
    recalled = (await recalls_in_force()).get(request.path_params["factor_id"])
    if recalled is None:
        raise HTTPException(404)
    touched = []
    async for footprint in affected_footprints(recalled):
        touched.append(footprint)
        if len(touched) > MOST_SHOWN:
            break
    factor = factor_sets.load().by_id(recalled.factor_id)
    return page_response(
        request,
        "pages/factor_recall.html",
        recalled=recalled,
        factor=factor,
        name=CalculatorWords(PageContext.of(request).locale).factor(factor),
        touched=touched[:MOST_SHOWN],
        has_more=len(touched) > MOST_SHOWN,
    )


async def _overview(
    request: Request, typed: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> Response:
    newest_first = sorted((await recalls_in_force()).values(), key=lambda recall: recall.id, reverse=True)
    return page_response(
        request,
        "pages/factor_recalls.html",
        status=422 if problems else 200,
        recalls=newest_first,
        may_act=actor_of(request).is_any(Role.OPERATOR),
        typed=typed or {},
        problems=problems or {},
    )
