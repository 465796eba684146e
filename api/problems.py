"""Refusals as RFC 9457 problem documents, and those rules that belong to HTTP itself."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One thing that is wrong with one part of the request.

    `pointer` is a JSON pointer (RFC 6901) into the body, or `/name` of a query parameter or path part.
    """

    model_config = ConfigDict(frozen=True)

    place: Literal["body", "query", "path"]
    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `detail` may change its wording. `retryable`: the same request may succeed later."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str
    retryable: bool
    remedy: str
    request_id: str
    params: dict[str, JsonValue] | None = None
    errors: list[FieldError] | None = None


def problem_response(problem: Problem, headers: Mapping[str, str]) -> Response:
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, headers={"Cache-Control": "no-store", **headers}, media_type=MEDIA_TYPE)


class Refusal(Exception):
    """Base of the refusals that HTTP itself knows; `params` are facts, `errors` name the fields, `headers` go along."""

    code: str

    def __init__(
        self,
        message: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **params: JsonValue,
    ) -> None:
        super().__init__(message)
        self.errors, self.headers, self.params = tuple(errors), dict(headers or {}), params


class AddressUnknown(Refusal):
    """Nothing is served at this address."""

    code = "address_unknown"


class MethodNotOffered(Refusal):
    """The address exists and does not offer this method; the Allow header names those it does."""

    code = "method_not_offered"


class RequestMalformed(Refusal):
    """Something other than the body breaks the rules of HTTP or of a form."""

    code = "request_malformed"


class MalformedJson(Refusal):
    """The body is not the JSON we take; params: reason."""

    code = "malformed_json"


class DuplicateName(Refusal):
    """An object of the body names a member twice, so that nobody can say which one counts; params: name."""

    code = "duplicate_json_name"


class BodyTooLarge(Refusal):
    """The body has more bytes than this address takes; params: most_bytes."""

    code = "body_too_large"


class BodyTooSlow(Refusal):
    """The body did not arrive in time; params: within_seconds."""

    code = "body_too_slow"


class MediaTypeNotTaken(Refusal):
    """The body comes as something other than uncompressed application/json in UTF-8."""

    code = "media_type_not_taken"


class InputRefused(Refusal):
    """The request is understood and some of its fields are not acceptable; `errors` names every one of them."""

    code = "input_refused"


class IdempotencyKeyMissing(Refusal):
    """This request must carry an Idempotency-Key."""

    code = "idempotency_key_missing"


class IdempotencyKeyMalformed(Refusal):
    """A key is 1 to 200 visible ASCII characters."""

    code = "idempotency_key_malformed"


class TooManyRequests(Refusal):
    """This caller has used up its allowance for now; params: policy, retry_after_seconds."""

    code = "too_many_requests"


class FormatNotOffered(Refusal):
    """The answer exists, but not in this format; params: format."""

    code = "format_not_offered"


class NothingToEmbed(Refusal):
    """The address to embed is not one of a public page of this service that has a badge."""

    code = "nothing_to_embed"


class NotReady(Refusal):
    """The service is starting or its database is behind."""

    code = "not_ready"
