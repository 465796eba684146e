"""What the buyer asks to be written, frozen with the order: the certificate's subject and the registry's own fields."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from certificates.statement import OffsetType
from marketplace.projects.eligibility import Purpose

# Our own bound: the registries' limits are not published (marketplace/registries/profiles).
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class Instruction(BaseModel):
    """`purpose` (as the registry's own use), `purpose_detail` and `credit_user` go into the registry and can never be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: OffsetType
    subject: Text
    period_first: date
    period_last: date
    beneficiary: Text
    beneficiary_public: bool
    purchaser: Text | None = None
    purpose: Purpose = Purpose.VOLUNTARY_OFFSET
    purpose_detail: Text
    credit_user: Text
    reduction_effort: Annotated[LongText, Field(min_length=1)]

    @property
    def scope(self) -> str:
        """What the claim covers: uses of different scope may not share an application to a registry."""
        return f"{self.type}: {self.subject} ({self.period_first}/{self.period_last})"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.period_last < self.period_first:
            raise ValueError("period_ends_before_it_begins")
        return self


class Consent(BaseModel):
    """The buyer's agreement to the irreversible texts: which version of which words, when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    text: str
    agreed_at: str
