"""The one immutable record of a confirmed cancellation for a beneficiary.

Page, PDF, API, badge and credential are all rendered from it and agree to the gram. Names and other texts that may point
at a person are not in it: it carries salted commitments, and the texts live in `Disclosures`, which can be erased
while every signature and proof stays valid.
"""

import hashlib
import json
import secrets
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

GRAMS_PER_TONNE = 1_000_000

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PlainDecimal = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
WholeGrams = Annotated[int, Field(strict=True, gt=0)]


# Fields that statements and their cancellations did not have from the beginning. Unset they are left out of the JSON, so that
# the bytes which older signatures and hashes cover stay what they were.
ADDED_LATER = frozenset(
    {"pool", "from_pool", "contact", "authorised", "corresponding_adjustment", "block_energy", "permanence", "adds_to"}
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _without_what_came_later(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if value is not None or name not in ADDED_LATER}


class Environment(StrEnum):
    """A sandbox certificate proves nothing and says so everywhere."""

    SANDBOX = "sandbox"
    LIVE = "live"


class OffsetType(StrEnum):
    """The types of the Japanese guideline (4th edition, 2024); `other` is not an offset of the own subject."""

    PRODUCT_SERVICE = "product_service"
    EVENT = "event"
    ORGANISATION = "organisation"
    OTHER = "other"


class Period(_Record):
    """Days in Japan time, both included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("a period ends on or after its first day")
        return self


class Exclusion(_Record):
    """A source left out of the boundary: `category` is the calculator's id, `reason` its reason code."""

    category: str
    reason: str


class FootprintLine(_Record):
    """One line of the calculation, enough to redo it: quantity x factor, rounded once to whole grams."""

    category: str
    method: str
    quantity: str
    unit: str
    factor_id: str
    factor_value: str
    factor_unit: str
    grams: Annotated[int, Field(strict=True, ge=0)]


class FootprintSummary(_Record):
    """The calculation behind the claim. `sha256` is the hash of the full replayable footprint document."""

    id: str
    sha256: Sha256
    total_g: WholeGrams
    factor_set: str
    calculated_on: date
    lines: tuple[FootprintLine, ...]
    excluded: tuple[Exclusion, ...]


class SerialSpan(_Record):
    """Serials as the registry writes them, and as numbers; both ends included, one serial is one tonne."""

    first_text: str
    last_text: str
    first_serial: Annotated[int, Field(strict=True, gt=0)]
    last_serial: Annotated[int, Field(strict=True, gt=0)]

    @property
    def tonnes(self) -> int:
        return self.last_serial - self.first_serial + 1


class Vintage(_Record):
    """`basis` is calendar_year, fiscal_year or monitoring_period; `label` e.g. 2023 or 2019-07-06/2020-12-31."""

    basis: Literal["calendar_year", "fiscal_year", "monitoring_period"]
    label: str


class ProjectFacts(_Record):
    """Public facts of the mitigation activity. `key` is scheme list, type and number; the number alone is not unique."""

    key: str
    name_ja: str
    name_en: str
    operator: str
    country: str
    place: str
    methodology: str
    source_url: str


class BlockEnergy(_Record):
    """Renewable energy as published for a whole block of `tonnes`, in plain decimals; never computed for a part of it."""

    mwh: PlainDecimal | None = None
    gj: PlainDecimal | None = None
    tonnes: Annotated[int, Field(strict=True, gt=0)]


class Permanence(StrEnum):
    """What keeps removed carbon removed. `forest_plan_and_buffer`: ten more years under a plan, and units set aside."""

    FOREST_PLAN_AND_BUFFER = "forest_plan_and_buffer"


class Cancellation(_Record):
    """What the registry recorded. One certificate may rest on several.

    The last four came with version 3: with units of the JCM and of Article 6.4, whether their use was authorised and what the
    host country does about it in its own account; with renewable energy, what was published; with removals, what keeps them.
    """

    registry: str
    registry_name_ja: str
    registry_name_en: str
    credit_kind: str
    project: ProjectFacts
    block: str
    certification_number: str
    vintages: tuple[Vintage, ...]
    serials: tuple[SerialSpan, ...]
    tonnes: Annotated[int, Field(strict=True, gt=0)]
    act: str
    purpose: str
    executed_by: str
    our_reference: str
    notice_number: str
    recorded_on: date
    notice_sha256: Sha256
    invented: bool
    authorised: bool | None = None
    corresponding_adjustment: Literal["not_applicable", "due", "applied"] | None = None
    block_energy: BlockEnergy | None = None
    permanence: Permanence | None = None

    @property
    def needs_version_3(self) -> bool:
        late = (self.authorised, self.corresponding_adjustment, self.block_energy, self.permanence)
        return any(fact is not None for fact in late)

    @model_validator(mode="after")
    def _serials_add_up(self) -> Self:
        if sum(span.tonnes for span in self.serials) != self.tonnes:
            raise ValueError("the serials of a cancellation must add up to its tonnes")
        return self


class DisclosedField(StrEnum):
    """Texts that are committed to in the statement and kept apart from it."""

    BENEFICIARY = "beneficiary"
    PURCHASER = "purchaser"
    CREDIT_USER = "credit_user"
    PURPOSE_DETAIL = "purpose_detail"
    SUBJECT = "subject"


class Disclosure(_Record):
    """A committed text and the salt that opens the commitment; `value` is None once it has been erased."""

    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    value: str

    @classmethod
    def of(cls, value: str) -> "Disclosure":
        return cls(salt=secrets.token_hex(16), value=value)

    def commitment(self, field: DisclosedField) -> str:
        """Hex SHA-256 over the canonical JSON array [salt, field, value]; the salt hides low-entropy names."""
        opened = json.dumps([self.salt, field.value, self.value], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(opened.encode()).hexdigest()


Disclosures = dict[DisclosedField, Disclosure]


class PoolShare(_Record):
    """Grams that a pool certificate (the parent) handed on; the hash binds the very statement of the parent."""

    parent: str
    statement_sha256: Sha256
    grams: WholeGrams


class Statement(_Record):
    """All amounts in whole grams of CO2e; `grams` never exceeds what the cancellations cover.

    A `pool` certificate claims nothing itself: its grams are handed on to others, each of which names it in `from_pool`
    and repeats its cancellations. Both came with version 2. `contact` is where questions about it are answered (version 3).
    `adds_to` is the number of the certificate whose rest this one covers, once actual figures came in (version 4).
    """

    version: Literal[1, 2, 3, 4] = 1
    environment: Environment
    number: str
    type: OffsetType
    period: Period
    issued_at: datetime
    grams: WholeGrams
    cancellations: Annotated[tuple[Cancellation, ...], Field(min_length=1)]
    footprint: FootprintSummary | None
    reduction_effort: str
    third_party_check: str | None
    commitments: dict[DisclosedField, Sha256]
    replaces: str | None = None
    pool: Literal[True] | None = None
    from_pool: Annotated[tuple[PoolShare, ...], Field(min_length=1)] | None = None
    contact: str | None = None
    adds_to: str | None = None

    @model_validator(mode="after")
    def _pool_is_consistent(self) -> Self:
        if (self.pool or self.from_pool) and self.version < 2:
            raise ValueError("pool certificates and their parts came with version 2")
        if self.pool and self.from_pool:
            raise ValueError("a pool certificate is not itself part of a pool")
        if self.from_pool:
            if len({share.parent for share in self.from_pool}) < len(self.from_pool):
                raise ValueError("each pool certificate is named once")
            if self.pooled_g > self.grams:
                raise ValueError("a certificate states at least the grams it has from pools")
        return self

    @model_validator(mode="after")
    def _version_knows_its_fields(self) -> Self:
        needed = self.contact is not None or any(one.needs_version_3 for one in self.cancellations)
        if needed and self.version < 3:
            raise ValueError("contact, authorisation, energy and permanence came with version 3")
        if self.adds_to is not None and self.version < 4:
            raise ValueError("what a certificate adds to came with version 4")
        return self

    @model_validator(mode="after")
    def _covered(self) -> Self:
        if self.grams > self.cancelled_g:
            raise ValueError("a certificate never states more than was cancelled")
        if self.issued_at.utcoffset() is None:
            raise ValueError("issued_at must be an aware datetime")
        return self

    @property
    def cancelled_g(self) -> int:
        return sum(c.tonnes for c in self.cancellations) * GRAMS_PER_TONNE

    @property
    def pooled_g(self) -> int:
        """Grams of this certificate that come from pool certificates."""
        return sum(share.grams for share in self.from_pool or ())

    def canonical_json(self) -> bytes:
        """Sorted keys, no spaces, UTF-8: the bytes that hashes and signatures cover."""
        return json.dumps(
            self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        ).encode()

    def sha256(self) -> str:
        return hashlib.sha256(self.canonical_json()).hexdigest()
