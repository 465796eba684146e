"""Is it genuine, does it still stand, and what exactly does it say?"""

import asyncio
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.problems import FieldError, InputRefused
from api.v1.certificates import StatementJson, statement_json
from api.v1.shapes import View, Wish
from certificates.compact_proof import CompactProof
from certificates.evidence import UnreadableEvidence, evidence_in_url, read_evidence
from certificates.statement import Environment
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import Evidence
from marketplace.certification.examination import Examination, examine

# a file of 10 MB in base64
LARGEST_EVIDENCE = 13_500_000


class VerificationWish(Wish):
    """Exactly one of the five."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    number: Annotated[str | None, Field(max_length=100, description="As printed or typed.")] = None
    jwt: Annotated[str | None, Field(max_length=200_000, description="The credential.")] = None
    url: Annotated[str | None, Field(max_length=2_000, description="What the QR code holds, fragment included.")] = None
    pdf: Annotated[str | None, Field(description="The PDF file in base64, at most 10 MB.")] = None

    bundle: Annotated[str | None, Field(description="The exit bundle (ZIP) in base64, at most 10 MB.")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = (self.number, self.jwt, self.url, self.pdf, self.bundle)
        if sum(one is not None for one in given) != 1:
            raise ValueError("exactly_one_of_number_jwt_url_pdf_bundle")
        return self


class CheckView(View):
    """A check that could not be made is `not_made`; it never counts as passed."""

    name: CheckName
    result: CheckResult
    reason: str | None


class VerdictView(View):
    """`outcome` follows from the checks alone. Amounts and statement are null unless a valid signature covers them.

    `shortfall_g` is what the stated footprint exceeds the certificate by; null without a footprint.
    """

    outcome: Outcome
    number: str | None
    environment: Environment | None
    on_record: bool = Field(description="Whether this service issued a certificate under that number.")
    checks: list[CheckView]
    covered_g: int | None
    cancelled_g: int | None
    shortfall_g: int | None
    replaced_by: str | None
    statement: StatementJson | None


@endpoint(
    "POST",
    "/v1/verifications",
    answers={200: VerdictView},
    refuses=(UnreadableEvidence,),
    tag="Certificates",
    most_bytes=LARGEST_EVIDENCE,
    example={"number": "$CERTIFICATE_NUMBER"},
)
async def verify_certificate(call: Call, body: VerificationWish) -> Reply:
    """Verify a certificate

    By number, credential, scanned address, PDF or exit bundle. The verdict speaks of this moment, so it is never stored or replayed.
    """
    return Reply(_view(await examine(call.services.market, await _evidence(call, body))))


async def _evidence(call: Call, body: VerificationWish) -> Evidence:
    if body.number is not None:
        return Evidence(number=body.number)
    if body.jwt is not None:
        return Evidence(credential=body.jwt)
    if body.url is not None:
        return evidence_in_url(body.url)
    file = _decoded("/bundle", body.bundle) if body.bundle is not None else _decoded("/pdf", body.pdf or "")
    return await asyncio.to_thread(read_evidence, file, paper_roots=call.services.market.paper_roots)


def _decoded(pointer: str, file: str) -> bytes:
    try:
        return b64decode(file, validate=True)
    except (NotBase64, ValueError):
        error = FieldError(place="body", pointer=pointer, code="not_base64", detail="send the file in standard base64")
        raise InputRefused("the body is not acceptable", errors=[error]) from None


def _view(examination: Examination) -> VerdictView:
    verdict = examination.verdict
    return VerdictView(
        outcome=verdict.outcome,
        number=verdict.number,
        environment=verdict.environment,
        on_record=examination.record is not None,
        checks=[CheckView(name=check.name, result=check.result, reason=check.reason) for check in verdict.checks],
        covered_g=_covered(examination),
        cancelled_g=verdict.statement.cancelled_g if verdict.statement else None,
        shortfall_g=examination.shortfall_g,
        replaced_by=verdict.replaced_by,
        statement=statement_json(verdict.statement) if verdict.statement else None,
    )


def _covered(examination: Examination) -> int | None:
    """The grams under the signature: of the full statement, or of the QR code's short one."""
    attested: CompactProof | None = examination.verdict.attested
    if examination.verdict.statement is not None:
        return examination.verdict.statement.grams
    return attested.grams if attested is not None else None
