"""Before words are frozen and paid for: can the certificate print them?"""

import asyncio

from certificates.render_pdf import TextNotPrintable, check_printable, is_known_printable
from marketplace.orders.instruction import Instruction

PRINTED = ("subject", "beneficiary", "purchaser", "purpose_detail", "credit_user", "reduction_effort")


async def find_unprintable(instruction: Instruction) -> dict[str, str]:
    """As unprintable_fields, for whoever serves others meanwhile."""
    if all(is_known_printable(text) for text in _texts(instruction).values()):
        return {}
    return await asyncio.to_thread(unprintable_fields, instruction)


def unprintable_fields(instruction: Instruction) -> dict[str, str]:
    """The characters that no font of the certificate has, by field. CPU work of some milliseconds."""
    found = {}
    for field, text in _texts(instruction).items():
        try:
            check_printable(text)
        except TextNotPrintable as problem:
            found[field] = problem.characters
    return found


def _texts(instruction: Instruction) -> dict[str, str]:
    return {field: text for field in PRINTED if (text := getattr(instruction, field))}
