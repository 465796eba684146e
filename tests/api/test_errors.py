"""Every refusal has its row, and what nobody foresaw says nothing."""

import errno
import importlib
import inspect
import socket
import sqlite3
import subprocess
import sys
from functools import cache

import asyncpg
import pytest
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError, OperationalError

from api.error_table import INTERNAL, TABLE, is_internal
from api.errors import code_of
from api.problems import Refusal
from api.reference.pages import error_rows
from marketplace.errors import MarketplaceError, NotEnoughUnits
from tests.api.application import a_client, an_application, without_limits
from tests.builders.market import a_small_market

# pages answer for their own errors
ROOMS = ("api", "marketplace", "certificates", "offset_calc")
BASES = {MarketplaceError, Refusal}


def modules_of_the_web_process() -> list[str]:
    """Seen from a fresh interpreter: what is not loaded there can not be raised there."""
    listing = "import api.app, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, check=True, text=True).stdout
    return [name for name in loaded.split() if name.partition(".")[0] in ROOMS]


@cache
def every_refusal() -> frozenset[type[Exception]]:
    """Every exception class with a code that the web process knows."""
    return frozenset(
        member
        for name in modules_of_the_web_process()
        for _, member in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if issubclass(member, Exception) and member.__module__ == name and hasattr(member, "code")
    )


def has_a_row(kind: type[Exception]) -> bool:
    """Its own, or that of a class above it whose code it keeps."""
    return any(above in TABLE and code_of(above) == code_of(kind) for above in kind.__mro__)


class TestNoRefusalIsForgotten:
    def test_each_is_in_the_table_or_known_to_be_internal(self):
        forgotten = {kind for kind in every_refusal() - BASES if not is_internal(kind) and not has_a_row(kind)}
        assert forgotten == set()

    def test_nothing_is_listed_that_does_not_exist_any_more(self):
        assert set(TABLE) | INTERNAL <= every_refusal()

    def test_none_is_both(self):
        assert not set(TABLE) & INTERNAL

    def test_the_walk_finds_the_errors_of_every_room(self):
        assert {kind.__module__.partition(".")[0] for kind in every_refusal()} == set(ROOMS)

    def test_codes_are_unique(self):
        codes = [code for code, _ in error_rows()]
        assert sorted(set(codes)) == codes


def raising(error: Exception, *, pages=None):
    async def handler(request):
        raise error

    more = [Route("/v1/test", handler), Route("/page", handler)]
    return a_client(an_application(a_small_market(), more=more, pages=pages, around=without_limits()))


class TestAProblemDocument:
    async def test_says_what_why_and_what_to_do(self):
        error = NotEnoughUnits("holding hol_1 has 2 free tonnes, not 5", holding_id="hol_1", asked=5, free=2)
        async with raising(error) as client:
            answer = await client.get("/v1/test", headers={"X-Request-Id": "my-own-id-1"})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "https://ashiato.example/docs/errors#not_enough_units",
            "title": "Not enough free units",
            "status": 409,
            "detail": "holding hol_1 has 2 free tonnes, not 5",
            "code": "not_enough_units",
            "retryable": True,
            "remedy": TABLE[NotEnoughUnits].remedy,
            "request_id": "my-own-id-1",
            "params": {"holding_id": "hol_1", "asked": 5, "free": 2},
        }

    async def test_leads_to_its_place_on_the_page_of_codes(self, offline):
        page = (await offline.get("/docs/errors")).text
        for kind in TABLE:
            assert f'id="{code_of(kind)}"' in page

    @pytest.mark.parametrize("kind", [kind for kind, row in TABLE.items() if row.status >= 500])
    async def test_says_nothing_of_what_is_between_us_and_others(self, kind):
        error = kind.__new__(kind)
        Exception.__init__(error, "the inner secret")
        error.headers, error.params, error.errors = {}, {}, ()
        async with raising(error) as client:
            answer = await client.get("/v1/test")
        assert answer.status_code == TABLE[kind].status
        assert "secret" not in answer.text


class TestWhatNobodyForesaw:
    async def test_is_a_fault_of_ours_without_its_cause(self):
        async with raising(KeyError("password=hunter2")) as client:
            answer = await client.get("/v1/test", headers={"X-Request-Id": "my-own-id-1"})
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert (answer.headers["x-request-id"], answer.json()["request_id"]) == ("my-own-id-1", "my-own-id-1")
        assert "hunter2" not in answer.text

    async def test_is_logged_with_the_request_id(self):
        with capture_logs(processors=[merge_contextvars]) as logged:
            async with raising(KeyError("the cause")) as client:
                await client.get("/v1/test", headers={"X-Request-Id": "my-own-id-1"})
        fault, outcome = logged
        assert (fault["event"], fault["request_id"], str(fault["exc_info"])) == (
            "internal_error",
            "my-own-id-1",
            "'the cause'",
        )
        assert (outcome["status"], outcome["request_id"]) == (500, "my-own-id-1")

    @pytest.mark.parametrize(
        "error",
        [
            DBConnectionError("gone"),
            ConnectionRefusedError(),
            socket.gaierror(socket.EAI_AGAIN, "no name server"),
            OSError(errno.ENOSPC, "full"),
            OSError(errno.EHOSTUNREACH, "no route"),
            TimeoutError(),
            asyncpg.CannotConnectNowError("starting"),
            asyncpg.TooManyConnectionsError("full"),
            asyncpg.DiskFullError("full"),
            asyncpg.OutOfMemoryError("full"),
            asyncpg.PostgresIOError("could not read block 0"),
            asyncpg.InternalServerError("could not extend file: File too large"),
            OperationalError(sqlite3.OperationalError("database is locked")),
            OperationalError(sqlite3.OperationalError("database or disk is full")),
        ],
    )
    async def test_is_an_outage_when_the_ground_gave_way(self, error):
        async with raising(error) as client:
            answer = await client.get("/v1/test")
        assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
        assert answer.json()["retryable"] is True
        assert int(answer.headers["retry-after"]) > 0

    async def test_is_an_outage_when_the_socket_of_the_database_is_gone(self, tmp_path):
        with pytest.raises(FileNotFoundError) as gone:
            await asyncpg.connect(host=str(tmp_path), user="x", database="x")
        async with raising(gone.value) as client:
            assert (await client.get("/v1/test")).status_code == 503

    async def test_is_a_fault_of_ours_when_a_file_is_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError) as missing:
            (tmp_path / "key.pem").read_bytes()
        async with raising(missing.value) as client:
            assert (await client.get("/v1/test")).status_code == 500


class TestPeopleGetPages:
    @pytest.fixture
    def pages(self):
        async def refused(request, error):
            return PlainTextResponse(f"page {error.status_code}", error.status_code, headers=error.headers)

        async def failed(request, error):
            return PlainTextResponse("page 500", 500)

        return {HTTPException: refused, Exception: failed}

    @pytest.mark.parametrize(
        ("error", "shown"),
        [
            (NotEnoughUnits("none"), "page 409"),
            (KeyError("x"), "page 500"),
            (TimeoutError(), "page 503"),
            (HTTPException(403), "page 403"),
        ],
    )
    async def test_where_pages_are_and_problems_elsewhere(self, pages, error, shown):
        async with raising(error, pages=pages) as client:
            assert (await client.get("/page")).text == shown
            assert (await client.get("/v1/test")).headers["content-type"] == "application/problem+json"

    async def test_also_where_nothing_is(self, pages):
        async with raising(KeyError("x"), pages=pages) as client:
            assert (await client.get("/nothing")).text == "page 404"
