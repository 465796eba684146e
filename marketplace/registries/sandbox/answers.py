"""What leaves the sandbox registry: JSON, documents and problems, each signed; and the ways an answer can go wrong."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from joserfc.jwk import ECKey
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from marketplace.registries.answer_signature import AnsweredRequest, sign_answer
from marketplace.registries.protocol import SIGNATURE_HEADER, Problem
from marketplace.registries.sandbox.faults import Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Any, status: int = 200) -> "Answer":
        return cls(status, json.dumps(content, ensure_ascii=False).encode())


class RegistryProblem(Exception):
    """A refusal as the protocol writes it; `code` is stable."""

    def __init__(self, status: int, code: str, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(detail or code)
        self.problem = Problem(title=code.replace("_", " "), status=status, code=code, detail=detail or None)
        self.retry_after = retry_after

    def answer(self) -> Answer:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = self.problem.model_dump_json(exclude_none=True).encode()
        return Answer(self.problem.status, body, "application/problem+json", headers)


async def strike_before(fault: Fault | None) -> None:
    """Faults that hit before the books are touched. Raises: RegistryProblem, ConnectionDropped."""
    match fault:
        case Fault(kind=FaultKind.SLOW):
            await asyncio.sleep(fault.seconds)
        case Fault(kind=FaultKind.ERROR_500):
            raise RegistryProblem(500, "internal_error")
        case Fault(kind=FaultKind.CLOSED):
            raise RegistryProblem(503, "registry_closed", retry_after=int(fault.seconds))
        case Fault(kind=FaultKind.TIMEOUT_BEFORE_COMMIT):
            await asyncio.sleep(fault.seconds)
            raise ConnectionDropped


class ConnectionDropped(Exception):
    """The connection ends without an answer."""


async def strike_after(fault: Fault | None, answer: Answer, previous: Answer | None) -> Answer:
    """Faults that hit on the way back, when the books are already written. Raises: ConnectionDropped."""
    match fault:
        case Fault(kind=FaultKind.TIMEOUT_AFTER_COMMIT):
            await asyncio.sleep(fault.seconds)
        case Fault(kind=FaultKind.CONNECTION_LOST):
            raise ConnectionDropped
        case Fault(kind=FaultKind.ERROR_500_AFTER_COMMIT):
            answer = RegistryProblem(500, "internal_error").answer()
        case Fault(kind=FaultKind.ERROR_TEXT):
            answer = Answer.of({"error": "システムエラーが発生しました。"})
        case Fault(kind=FaultKind.HTML):
            page = "<html><body>ただいま混み合っています</body></html>"
            answer = Answer(200, page.encode(), "text/html; charset=utf-8")
        case Fault(kind=FaultKind.TRUNCATED_JSON):
            answer = replace(answer, body=answer.body[: len(answer.body) // 2])
        case Fault(kind=FaultKind.DUPLICATE_ANSWER):
            answer = previous or Answer.of({})
    return answer


def signed_response(answer: Answer, key: ECKey, request: AnsweredRequest, fault: Fault | None) -> Response:
    body, headers = answer.body, dict(answer.headers)
    if fault is not None and fault.kind is FaultKind.BAD_SIGNATURE:
        body = body + b" "
    if fault is None or fault.kind is not FaultKind.UNSIGNED:
        headers[SIGNATURE_HEADER] = sign_answer(key, request, status=answer.status, body=body)
    return Response(answer.body, answer.status, headers, media_type=answer.media_type)


class CutOff(Response):
    """An answer whose head promises a body that never comes, so that the server has to drop the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
