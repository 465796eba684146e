"""What a buyer may say, and may not, with the reasons: for the last look and the disclosure sheet."""

from dataclasses import dataclass

from certificates.claims.judge import Judgement
from certificates.claims.wording import ClaimTexts, sentence
from frontend.locales import Locale
from frontend.wording import words

TABLE = "claims"


@dataclass(frozen=True, slots=True)
class WordingView:
    """One wording; `reasons` are empty if it is allowed."""

    name: str
    allowed: bool
    sentence: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """From the most to the least one can say."""

    edition: str
    wordings: tuple[WordingView, ...]

    @property
    def may_say(self) -> tuple[WordingView, ...]:
        return tuple(one for one in self.wordings if one.allowed)

    @property
    def may_not_say(self) -> tuple[WordingView, ...]:
        return tuple(one for one in self.wordings if not one.allowed)


def view_of(judgement: Judgement, texts: ClaimTexts, locale: Locale) -> ClaimView:
    """Sentences only for what is allowed: a refused one should not be there to be copied."""
    return ClaimView(
        judgement.edition,
        tuple(
            WordingView(
                name=words(TABLE, f"wording.{decision.wording.value}", locale),
                allowed=decision.allowed,
                sentence=sentence(decision.wording, texts, locale.value) if decision.allowed else "",
                reasons=tuple(rule.explanation[locale.value] for rule in decision.against),
            )
            for decision in judgement.decisions
        ),
    )
