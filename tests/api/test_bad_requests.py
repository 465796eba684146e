"""Bad input gets the right status and a stable code, and names what is wrong."""

import asyncio
import json
from datetime import timedelta

import pytest
from starlette.middleware import Middleware

from api.body_guard import BodyGuard
from api.middleware import RequestFrame
from api.v1.shapes import cursor_after
from tests.api.application import an_application
from tests.builders.market import a_small_market

ADDRESS = "/v1/verifications"


async def refused(client, status, code, **request):
    answer = await client.post(ADDRESS, **request)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


class TestBodies:
    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"number": NaN}', b'{"number":"\\u0000"}', b"[" * 60_000])
    async def test_what_is_not_our_json(self, offline, body):
        await refused(offline, 400, "malformed_json", content=body, headers={"Content-Type": "application/json"})

    async def test_a_name_twice(self, offline):
        body = b'{"number":"a","number":"b"}'
        found = await refused(
            offline, 400, "duplicate_json_name", content=body, headers={"Content-Type": "application/json"}
        )
        assert found["params"] == {"name": "number"}

    @pytest.mark.parametrize("body", ["[]", "1", "null", '"text"', "true"])
    async def test_what_is_not_an_object(self, offline, body):
        found = await refused(offline, 422, "input_refused", content=body, headers={"Content-Type": "application/json"})
        assert found["errors"][0] | {"detail": ""} == {
            "place": "body",
            "pointer": "",
            "code": "not_an_object",
            "detail": "",
        }

    async def test_an_unknown_field_is_named(self, offline):
        found = await refused(offline, 422, "input_refused", json={"number": "x", "na/me~": 1})
        assert [(error["pointer"], error["code"]) for error in found["errors"]] == [("/na~1me~0", "unknown_field")]

    @pytest.mark.parametrize(
        "media_type",
        [
            None,
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=shift_jis",
            "application/jsonp",
        ],
    )
    async def test_another_media_type(self, offline, media_type):
        headers = {"Content-Type": media_type} if media_type else {}
        await refused(offline, 415, "media_type_not_taken", content=b'{"number":"x"}', headers=headers)

    @pytest.mark.parametrize(
        "media_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
    )
    async def test_our_media_type_however_written(self, offline, media_type):
        answer = await offline.post("/v1/footprints", content=b"{}", headers={"Content-Type": media_type})
        assert answer.json()["code"] == "input_refused"

    async def test_a_compressed_body(self, offline):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        await refused(offline, 415, "media_type_not_taken", content=b"\x1f\x8b", headers=headers)

    async def test_a_body_larger_than_the_address_takes(self, offline):
        answer = await offline.post("/v1/quotes", json={"listings": "x" * 70_000})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.json()["params"] == {"most_bytes": 65_536}

    async def test_a_body_larger_than_any_address_takes(self, offline):
        headers = {"Content-Type": "application/json", "Content-Length": "999999999"}
        await refused(offline, 413, "body_too_large", content=b"{}", headers=headers)

    async def test_wrong_types_are_all_named(self, offline):
        listings = [{"listing_id": 5, "amount_g": "1000000"}, {"listing_id": "a", "amount_g": True}, {"amount_g": 1.5}]
        answer = await offline.post("/v1/quotes", json={"listings": listings, "footprint_id": []})
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            ("/listings/0/listing_id", "not_a_text"),
            ("/listings/0/amount_g", "not_a_whole_number"),
            ("/listings/1/amount_g", "not_a_whole_number"),
            ("/listings/2/listing_id", "required"),
            ("/listings/2/amount_g", "not_a_whole_number"),
            ("/footprint_id", "not_a_text"),
        ]


class TestASlowCaller:
    async def test_is_not_waited_for(self):
        within = timedelta(milliseconds=30)
        application = an_application(
            a_small_market(),
            around=[Middleware(RequestFrame, https=True), Middleware(BodyGuard, most_bytes=100, within=within)],
        )
        sent = []

        async def receive():
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b" ", "more_body": True}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": ADDRESS,
            "raw_path": ADDRESS.encode(),
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "scheme": "https",
            "server": ("ashiato.example", 443),
        }
        await application(scope, receive, send)
        assert sent[0]["status"] == 408
        assert (b"connection", b"close") in sent[0]["headers"]
        assert json.loads(sent[1]["body"])["code"] == "body_too_slow"


class TestAddresses:
    @pytest.mark.parametrize(
        "address", ["/v1", "/v1/nothing", "/v1/orders/a/b", "/v1/quotes/x/y", "/status/abc", "/.well-known/x"]
    )
    async def test_nothing_there(self, offline, address):
        answer = await offline.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")

    async def test_another_method(self, offline):
        answer = await offline.delete("/v1/orders")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_offered")
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}

    async def test_a_null_character_in_an_address(self, offline):
        answer = await offline.get("/v1/certificates/a%00b")
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")

    @pytest.mark.parametrize("address", ["/v1/orders/{}", "/v1/footprints/{}", "/v1/footprints/{}/document"])
    async def test_an_id_longer_than_any_there_is(self, offline, address):
        answer = await offline.get(address.format("0" * 65))
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")

    async def test_parameters_on_an_address_that_takes_none(self, offline):
        answer = await offline.get("/v1/orders/token?debug=1")
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"place": "query", "pointer": "/debug", "code": "unknown_field", "detail": "no such parameter"}
        ]

    @pytest.mark.parametrize(
        ("query", "pointer", "code"),
        [
            ("nonsense=1", "/nonsense", "unknown_field"),
            ("limit=0", "/limit", "too_small"),
            ("limit=101", "/limit", "too_large"),
            ("limit=ten", "/limit", "not_a_whole_number"),
            ("limit=" + "9" * 5000, "/limit", "too_large"),
            ("limit=1&limit=2", "/limit", "repeated"),
            ("kind=unicorn", "/kind", "unknown_choice"),
            ("country=japan", "/country", "wrong_form"),
            ("project=a%00", "/project", "null_character"),
            ("cursor=%25%25", "/cursor", "malformed_cursor"),
            ("cursor=YQ", "/cursor", "malformed_cursor"),
            (f"cursor={cursor_after('1', 'x' * 65)}", "/cursor", "malformed_cursor"),
        ],
    )
    async def test_each_bad_parameter_is_named(self, offline, query, pointer, code):
        answer = await offline.get(f"/v1/listings?{query}")
        assert answer.status_code == 422
        assert [(error["place"], error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            ("query", pointer, code)
        ]
