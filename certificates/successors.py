"""Which certificate stands today for one that was issued once: itself, or what it was corrected to."""

from collections.abc import Sequence

from certificates.models import Certificate, CertificateEnd


async def newest_of(numbers: Sequence[str]) -> list[str]:
    """For each number, in the order given, the number that corrections have led to."""
    led_to = {number: number for number in numbers}
    looked_at = set(numbers)
    while looked_at:
        ids = {row.id: row.number for row in await Certificate.filter(number__in=list(looked_at))}
        ends = await CertificateEnd.filter(certificate_id__in=list(ids), replaced_by__isnull=False) if ids else []
        replaced = {ids[end.certificate_id]: str(end.replaced_by) for end in ends}
        led_to = {number: replaced.get(now, now) for number, now in led_to.items()}
        looked_at = set(replaced.values())
    return [led_to[number] for number in numbers]


async def issued_first_as(number: str) -> str:
    """The number of the certificate that corrections began with."""
    row = await Certificate.get_or_none(number=number)
    while row is not None and row.replaces is not None:
        number = row.replaces
        row = await Certificate.get_or_none(number=number)
    return number
