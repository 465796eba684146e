"""What surrounds every request."""

import re

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.api.application import a_client, an_application, without_limits
from tests.builders.market import a_small_market


class TestTheRequestId:
    @pytest.mark.parametrize("given", ["0123abcd", "3f0c2a9e-7b1d-4c55-9a37-1f2e3d4c5b6a", "trace:1.2_3"])
    async def test_of_a_sane_caller_is_kept(self, offline, given):
        assert (await offline.get("/healthz", headers={"X-Request-Id": given})).headers["x-request-id"] == given

    @pytest.mark.parametrize(
        "given", ["", "short", "x" * 81, "has space in it", 'quote"quote"', "<script>alert(1)</script>"]
    )
    async def test_of_any_other_is_replaced(self, offline, given):
        kept = (await offline.get("/healthz", headers={"X-Request-Id": given})).headers["x-request-id"]
        assert re.fullmatch(r"req_[0-9A-Z]{26}", kept)

    async def test_is_new_for_each_request(self, offline):
        answers = [await offline.get("/healthz") for _ in range(3)]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 3


class TestTheLog:
    async def test_holds_one_line_with_outcome_and_id(self, offline):
        with capture_logs(processors=[merge_contextvars]) as logged:
            await offline.get("/healthz", headers={"X-Request-Id": "my-own-id-1"})
        (line,) = logged
        assert line.pop("ms") >= 0
        assert line == {
            "event": "request",
            "log_level": "info",
            "request_id": "my-own-id-1",
            "method": "GET",
            "handler": "api.wellknown.alive",
            "status": 200,
        }

    async def test_never_holds_the_secret_of_an_address(self, client):
        with capture_logs(processors=[merge_contextvars]) as logged:
            await client.get("/v1/orders/the-secret-token")
            await client.get("/v1/footprints/the-secret-id?x=the-secret-query")
            await client.get("/v1/the-secret-path")
        assert [line["status"] for line in logged] == [404, 422, 404]
        assert "secret" not in str(logged)


class TestSafeHeaders:
    @pytest.mark.parametrize("address", ["/healthz", "/v1/nothing", "/v1/consent", "/.well-known/jwks.json"])
    async def test_are_on_every_answer_to_programs(self, offline, address):
        headers = (await offline.get(address)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"].startswith("max-age=31536000")
        assert "cache-control" in headers

    async def test_of_an_answer_itself_win(self):
        async def handler(request):
            return PlainTextResponse("x", headers={"Cache-Control": "private", "Content-Security-Policy": "sandbox"})

        application = an_application(a_small_market(), more=[Route("/v1/test", handler)], around=without_limits())
        async with a_client(application) as client:
            headers = (await client.get("/v1/test")).headers
        assert (headers["cache-control"], headers["content-security-policy"]) == ("private", "sandbox")

    async def test_do_not_promise_https_where_there_is_none(self):
        application = an_application(a_small_market(), base_url="http://127.0.0.1:8000")
        async with a_client(application) as client:
            assert "strict-transport-security" not in (await client.get("/healthz")).headers
