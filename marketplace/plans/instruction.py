"""What the certificate of a plan's month says. In the registry stands the pool's user name, never the household's."""

from datetime import date

from certificates.statement import OffsetType
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.plans import words
from marketplace.plans.models import Plan
from marketplace.plans.usage import Usage


def instruction_for(market: Market, plan: Plan, usage: Usage, first_day: date, last_day: date) -> Instruction:
    """The days are Japan time, both included."""
    return Instruction(
        type=OffsetType.PRODUCT_SERVICE,
        subject=words.subject(usage, first_day, last_day, plan.locale),
        period_first=first_day,
        period_last=last_day,
        beneficiary=words.beneficiary(plan.public_name, plan.locale),
        beneficiary_public=True,
        purpose_detail=words.purpose_detail(plan.locale),
        credit_user=market.terms.pools.credit_user,
        reduction_effort=plan.reduction_effort,
    )
