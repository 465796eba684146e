"""Before words are frozen and paid for: can the certificate print them?"""

from certificates.render_pdf import TextNotPrintable, check_printable
from marketplace.orders.instruction import Instruction

PRINTED = ("subject", "beneficiary", "purchaser", "purpose_detail", "credit_user", "reduction_effort")


def unprintable_fields(instruction: Instruction) -> dict[str, str]:
    """The characters that no font of the certificate has, by field. CPU work of some milliseconds."""
    found = {}
    for field in PRINTED:
        text = getattr(instruction, field)
        try:
            if text:
                check_printable(text)
        except TextNotPrintable as problem:
            found[field] = problem.characters
    return found
