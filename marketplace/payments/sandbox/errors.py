"""A refusal in the provider's form: https://docs.stripe.com/api/errors."""

from typing import Any

JsonObject = dict[str, Any]


class ApiError(Exception):
    """A call is refused. `kind` is the provider's error type, `code` its stable code, `param` the parameter at fault.

    `saved` tells whether the refusal is kept under the call's idempotency key: one about the parameters is not, since the
    call never began.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        saved: bool = True,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message
        self.code, self.param, self.saved = code, param, saved

    def body(self) -> JsonObject:
        error = {"type": self.kind, "message": self.message, "code": self.code, "param": self.param}
        return {"error": {name: value for name, value in error.items() if value is not None}}


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """The parameters do not fit: nothing was begun."""
    return ApiError(400, "invalid_request_error", message, code=code, param=param, saved=False)


def refused(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """The parameters fit, but not the state of things."""
    return ApiError(400, "invalid_request_error", message, code=code, param=param)


def no_such(kind: str, object_id: str, *, param: str = "id") -> ApiError:
    return ApiError(
        404, "invalid_request_error", f"No such {kind}: '{object_id}'", code="resource_missing", param=param
    )
