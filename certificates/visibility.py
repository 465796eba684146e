"""Who may see what of a certificate: unlisted ones open with a link code only, names can be hidden for a time or for ever.

The commitments under the signature never change, so the owner, who keeps the texts and their salts (in the exit bundle),
can still prove a hidden name to whoever it likes. Every function runs inside the caller's transaction.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from certificates import models
from certificates.records import CertificateRecord, find
from certificates.statement import DisclosedField, Disclosures

_LINK_CODE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Visibility:
    """`hidden_until` is the first day (Japan time) the texts show again; None with hidden texts means for ever."""

    link_code_sha256: str | None = None
    hidden: frozenset[DisclosedField] = frozenset()
    hidden_until: date | None = None

    @property
    def listed(self) -> bool:
        return self.link_code_sha256 is None

    def opens_with(self, link_code: str | None) -> bool:
        """Whether a visitor with this code (None without one) may see the certificate; takes the same time for any."""
        if self.link_code_sha256 is None:
            return True
        return hmac.compare_digest(_hash(link_code or ""), self.link_code_sha256)

    def shown(self, disclosures: Disclosures, *, today: date) -> Disclosures:
        """The texts the public may see today."""
        if self.hidden_until is not None and today >= self.hidden_until:
            return disclosures
        return {name: text for name, text in disclosures.items() if name not in self.hidden}


async def visibility_of(record: CertificateRecord) -> Visibility:
    row = await models.CertificateVisibility.get_or_none(certificate_id=record.id)
    if row is None:
        return Visibility()
    return Visibility(
        link_code_sha256=row.link_code_sha256,
        hidden=frozenset(DisclosedField(name) for name in row.hidden_fields.split()),
        hidden_until=row.hidden_until,
    )


async def unlist(number: str) -> str:
    """Close the public page; returns the link code of 128 random bits that opens it. An earlier code opens it no more.

    The code is not kept and cannot be told again. Raises CertificateNotFound.
    """
    link_code = secrets.token_urlsafe(_LINK_CODE_BYTES)
    await _change(number, link_code_sha256=_hash(link_code))
    return link_code


async def list_again(number: str) -> None:
    """Raises CertificateNotFound."""
    await _change(number, link_code_sha256=None)


async def hide(number: str, fields: Collection[DisclosedField], *, until: date | None) -> None:
    """Hide exactly these texts from the public, until a day or (None) for ever; none of them shows all again.

    Raises CertificateNotFound.
    """
    names = " ".join(sorted(field.value for field in fields))
    await _change(number, hidden_fields=names, hidden_until=until if names else None)


async def _change(number: str, **values: str | date | None) -> None:
    record = await find(number)
    fresh = models.CertificateVisibility(certificate_id=record.id, hidden_fields="")
    await models.CertificateVisibility.bulk_create([fresh], ignore_conflicts=True)
    await models.CertificateVisibility.filter(certificate_id=record.id).update(**values)


def _hash(link_code: str) -> str:
    return hashlib.sha256(link_code.encode()).hexdigest()
