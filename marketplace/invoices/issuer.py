"""Who issues the invoices: the operator of the service, as it stands on paper."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issuer:
    """`registration_number` is T and 13 digits; None if the operator is not registered for qualified invoices."""

    name: str
    address: str
    registration_number: str | None


SANDBOX_ISSUER = Issuer("Ashiato（サンドボックス）", "架空の住所", "T0000000000000")
"""Invented, as everything in a sandbox; no registration number consists of zeros."""
