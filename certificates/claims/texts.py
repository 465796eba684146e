"""What the sentences of a claim say about one certificate, in its own words."""

from certificates.claims.wording import ClaimTexts, Language
from certificates.sheet import long_date, strings
from certificates.statement import DisclosedField, Disclosures, Statement


def texts_of(statement: Statement, disclosures: Disclosures, language: Language) -> ClaimTexts:
    """A subject that is not public is named by the certificate's number. More than the footprint is never covered."""
    tables = strings(language)
    words, act_words = tables["words"], tables["act"]
    footprint_g = statement.footprint.total_g if statement.footprint else None
    subject = disclosures.get(DisclosedField.SUBJECT)
    first, last = (long_date(day, language) for day in (statement.period.first, statement.period.last))
    kinds = {tables["kind"].get(one.credit_kind, one.credit_kind) for one in statement.cancellations}
    acts = {act_words.get(f"{one.registry} {one.act}", one.act) for one in statement.cancellations}
    return ClaimTexts(
        subject=subject.value if subject else statement.number,
        period=first if first == last else words["date_span"].format(first=first, last=last),
        credits=words["list_joiner"].join(sorted(kinds)),
        act=words["act_joiner"].join(sorted(acts)),
        covered_g=statement.grams if footprint_g is None else min(statement.grams, footprint_g),
        footprint_g=footprint_g,
    )
