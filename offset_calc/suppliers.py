"""Electricity suppliers and their menus, as a pick list: what a customer's bill names."""

from __future__ import annotations

from dataclasses import dataclass

from offset_calc.factors import Factor, FactorSet

CURRENT_LIST = "jp.elec.fy2024."


@dataclass(frozen=True, slots=True)
class Supplier:
    """One supplier.  registration: its number in the official list.  ordinary: the factor of a customer without a menu.

    `ordinary` is the residual menu where there are menus, and None where a supplier serves every customer under one.
    """

    registration: str
    name_ja: str
    menus: tuple[Factor, ...]
    ordinary: Factor | None


def suppliers(factors: FactorSet, of_list: str = CURRENT_LIST) -> tuple[Supplier, ...]:
    """The suppliers of one official list with their adjusted factors, in the order of registration.

    The overall figure of a supplier with menus is never among them: it is no customer's factor.
    """
    by_registration: dict[str, list[Factor]] = {}
    for factor in factors.matching(of_list, ".adjusted"):
        registration, menu = factor.id.removeprefix(of_list).split(".")[:2]
        if menu != "overall":
            by_registration.setdefault(registration, []).append(factor)
    return tuple(
        Supplier(registration, menus[0].name_ja.split()[0], tuple(menus), _ordinary(menus))
        for registration, menus in sorted(by_registration.items())
    )


def _ordinary(menus: list[Factor]) -> Factor | None:
    for menu in menus:
        name = menu.id.split(".")[-2]
        if name.endswith("_residual") or name == "all":
            return menu
    return None
