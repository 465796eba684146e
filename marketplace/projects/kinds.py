"""What kind of unit a credit is: the property that decides what its buyer may use it for."""

from datetime import date
from enum import StrEnum

PARIS_PERIOD_STARTS = date(2021, 1, 1)
"""JCM units for reductions before this day never count for a target under the Paris rules."""


class CreditKind(StrEnum):
    """J-Credits by methodology group, the two legacy units in the same registry, and the units of other systems.

    `JCREDIT_RENEWABLE_OTHER` is renewable fuel or a share of power and heat that is only stated per certification round.
    """

    JCREDIT_ENERGY_SAVING = "jcredit_energy_saving"
    JCREDIT_RENEWABLE_POWER = "jcredit_renewable_power"
    JCREDIT_RENEWABLE_HEAT = "jcredit_renewable_heat"
    JCREDIT_RENEWABLE_OTHER = "jcredit_renewable_other"
    JCREDIT_INDUSTRIAL_PROCESS = "jcredit_industrial_process"
    JCREDIT_AGRICULTURE = "jcredit_agriculture"
    JCREDIT_WASTE = "jcredit_waste"
    JCREDIT_FOREST = "jcredit_forest"
    DOMESTIC_CREDIT = "domestic_credit"
    JVER = "jver"
    JCM_2020_OR_BEFORE = "jcm_2020_or_before"
    JCM_2021_ON = "jcm_2021_on"
    A6_4ER_AUTHORISED = "a6_4er_authorised"
    A6_4ER_UNAUTHORISED = "a6_4er_unauthorised"
    CER = "cer"
    GREEN_POWER_CERTIFICATE = "green_power_certificate"
    GREEN_HEAT_CERTIFICATE = "green_heat_certificate"
    J_BLUE_CREDIT = "j_blue_credit"


class RegistryCode(StrEnum):
    """The registries whose units the catalogue knows; the registry profiles use the same codes."""

    JCREDIT = "jcredit"
    JCM_JAPAN = "jcm_jp"


JCM_GENERATIONS = (CreditKind.JCM_2020_OR_BEFORE, CreditKind.JCM_2021_ON)


def jcm_generation(monitored_to: date) -> CreditKind:
    """The generation of units for a monitoring period that ends on `monitored_to` (included).

    A period that crosses the border is not split here: it ends in 2021 or later and the registry has to split it.
    """
    return CreditKind.JCM_2020_OR_BEFORE if monitored_to < PARIS_PERIOD_STARTS else CreditKind.JCM_2021_ON
