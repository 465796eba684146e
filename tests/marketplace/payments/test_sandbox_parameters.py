"""The sandbox refuses what the provider would refuse, so that a mistake shows here and not when money is real."""

from urllib.parse import urlencode

import pytest

from marketplace.payments.sandbox.errors import ApiError
from marketplace.payments.sandbox.forms import parse
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import API_KEY, Sandbox, a_request

ITEM = "line_items[0]"
GOOD = {
    "mode": "payment",
    "success_url": "https://shop.example/done",
    "client_reference_id": "ord_1",
    f"{ITEM}[quantity]": "1",
    f"{ITEM}[price_data][currency]": "jpy",
    f"{ITEM}[price_data][unit_amount]": "500",
    f"{ITEM}[price_data][product_data][name]": "1 t",
}
SESSIONS = "/v1/checkout/sessions"


async def refusal(sandbox: Sandbox, **changed: str | None) -> tuple[int, str | None, str | None]:
    form = {name: value for name, value in (GOOD | changed).items() if value is not None}
    answer = await sandbox.api("POST", SESSIONS, urlencode(form))
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code"), error.get("param")


class TestForms:
    def test_brackets_make_objects_and_lists(self) -> None:
        assert parse("a[b][c]=1&l[0]=x&l[1]=y&m[]=p&m[]=q&e=") == {
            "a": {"b": {"c": "1"}},
            "l": ["x", "y"],
            "m": ["p", "q"],
            "e": "",
        }

    def test_lists_keep_their_order_however_they_are_sent(self) -> None:
        assert parse("&".join(f"l[{i}]=v{i}" for i in (10, 2, 0, 1)))["l"] == ["v0", "v1", "v2", "v10"]

    @pytest.mark.parametrize("text", ["a]=1", "[a]=1", "a[b=1", "a=1&a[b]=2", "a=%ff", "=1"])
    def test_a_malformed_one_is_refused(self, text: str) -> None:
        with pytest.raises(ApiError):
            parse(text)


class TestOpeningASession:
    async def test_with_what_is_needed(self, sandbox: Sandbox) -> None:
        assert (await refusal(sandbox))[0] == 200

    @pytest.mark.parametrize(
        ("changed", "code", "param"),
        [
            ({"made_up": "1"}, "parameter_unknown", "made_up"),
            # the provider knew this one until its version 2026-09-30
            ({"payment_method_types[0]": "card"}, "parameter_unknown", "payment_method_types"),
            ({f"{ITEM}[price_data][made_up]": "1"}, "parameter_unknown", "line_items[0][price_data][made_up]"),
            ({"sucess_url": "x", "success_url": None}, "parameter_unknown", "sucess_url"),
            ({"mode": None}, "parameter_missing", "mode"),
            ({"success_url": None}, "parameter_missing", "success_url"),
            ({f"{ITEM}[price_data][currency]": None}, "parameter_missing", "line_items[0][price_data][currency]"),
            ({"success_url": ""}, "parameter_invalid_empty", "success_url"),
            ({"success_url": "/done"}, "url_invalid", "success_url"),
            ({"success_url": "javascript:alert(1)"}, "url_invalid", "success_url"),
            ({"cancel_url": "shop.example"}, "url_invalid", "cancel_url"),
            ({f"{ITEM}[price_data][unit_amount]": "12.0"}, "parameter_invalid_integer", None),
            ({f"{ITEM}[price_data][unit_amount]": "1,200"}, "parameter_invalid_integer", None),
            ({f"{ITEM}[price_data][unit_amount]": "1e3"}, "parameter_invalid_integer", None),
            ({f"{ITEM}[price_data][unit_amount]": "１２００"}, "parameter_invalid_integer", None),
            ({f"{ITEM}[price_data][unit_amount]": "-500"}, "parameter_invalid_integer", None),
            ({f"{ITEM}[quantity]": "0"}, None, "line_items[0][quantity]"),
            ({"mode": "setup"}, None, "mode"),
            ({"locale": "tlh"}, None, "locale"),
            ({"allowed_payment_method_types[0]": "cheque"}, None, "allowed_payment_method_types"),
            ({"metadata[" + "k" * 41 + "]": "1"}, None, None),
            ({"metadata[k]": "v" * 501}, None, "metadata[k]"),
            ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
            ({"expand[0]": "nothing"}, None, "expand"),
        ],
    )
    async def test_anything_else_is_refused(
        self, sandbox: Sandbox, changed: dict[str, str | None], code: str | None, param: str | None
    ) -> None:
        status, found_code, found_param = await refusal(sandbox, **changed)
        assert (status, found_code) == (400, code)
        if param is not None:
            assert found_param == param


class TestTheCaller:
    @pytest.mark.parametrize("shown", ["", "Bearer sk_test_wrong", f"Basic {API_KEY}", f"bearer{API_KEY}", "Bearer ｋ"])
    @pytest.mark.parametrize("path", ["/v1/events", "/v1/made_up", "/sandbox/deliveries"])
    async def test_must_show_the_key(self, sandbox: Sandbox, shown: str, path: str) -> None:
        answer = await sandbox.http.get(sandbox.url + path, headers=[(b"Authorization", shown.encode())])
        assert answer.status_code == 401

    async def test_speaks_the_version_that_the_sdk_speaks(self, sandbox: Sandbox) -> None:
        answer = await sandbox.api("GET", "/v1/events", **{"Stripe-Version": "2020-08-27"})
        assert answer.status_code == 400

    async def test_sends_forms(self, sandbox: Sandbox) -> None:
        answer = await sandbox.api("POST", SESSIONS, "{}", **{"Content-Type": "application/json"})
        assert answer.status_code == 400

    async def test_asks_for_what_exists(self, sandbox: Sandbox) -> None:
        answer = await sandbox.api("GET", "/v1/customers/cus_1")
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


class TestLists:
    async def test_go_page_by_page_newest_first(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        payment = await sandbox.a_payment(gateway)
        for amount in range(1, 6):
            await gateway.refund(payment, amount, key=f"r{amount}")
        first = (await sandbox.api("GET", f"/v1/refunds?limit=3&payment_intent={payment}")).json()
        rest = (await sandbox.api("GET", f"/v1/refunds?limit=3&starting_after={first['data'][-1]['id']}")).json()
        assert [refund["amount"] for refund in first["data"] + rest["data"]] == [5, 4, 3, 2, 1]
        assert (first["has_more"], rest["has_more"]) == (True, False)

    async def test_of_events_by_time(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        await gateway.expire_checkout((await gateway.open_checkout(a_request())).id)
        (event,) = (await sandbox.api("GET", "/v1/events")).json()["data"]
        moment = event["created"]
        for name, value, found in [
            ("gte", moment, 1),
            ("gt", moment, 0),
            ("gt", moment - 1, 1),
            ("lte", moment, 1),
            ("lt", moment, 0),
            ("lt", moment + 1, 1),
        ]:
            page = (await sandbox.api("GET", f"/v1/events?created[{name}]={value}")).json()
            assert len(page["data"]) == found, (name, value - moment)

    @pytest.mark.parametrize("limit", ["0", "101", "ten"])
    async def test_have_one_to_a_hundred_entries(self, sandbox: Sandbox, limit: str) -> None:
        assert (await sandbox.api("GET", f"/v1/refunds?limit={limit}")).status_code == 400

    async def test_of_one_payment_only_when_asked(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        first, second = await sandbox.a_payment(gateway), await sandbox.a_payment(gateway)
        await gateway.refund(first, 10, key="r")
        assert (await sandbox.api("GET", f"/v1/refunds?payment_intent={second}")).json()["data"] == []


class TestTheControls:
    async def test_a_wrong_order_is_refused(self, sandbox: Sandbox) -> None:
        for path, order in [("faults", {"kind": "explode"}), ("faults", {}), ("clock", {"advance_seconds": -1})]:
            answer = await sandbox.http.post(
                f"{sandbox.url}/sandbox/{path}", json=order, headers={"Authorization": f"Bearer {API_KEY}"}
            )
            assert answer.status_code == 422

    async def test_an_unknown_event_is_not_found(self, sandbox: Sandbox) -> None:
        answer = await sandbox.http.post(
            f"{sandbox.url}/sandbox/deliveries",
            json={"events": ["evt_1"]},
            headers={"Authorization": f"Bearer {API_KEY}"},
        )
        assert answer.status_code == 404

    async def test_a_fault_can_be_aimed_and_taken_back(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        await sandbox.fault("unavailable", path="/v1/refunds", method="GET", calls=9)
        await gateway.open_checkout(a_request())
        assert (await sandbox.api("GET", "/v1/refunds")).status_code == 503
        await sandbox.control("DELETE", "faults")
        assert (await sandbox.api("GET", "/v1/refunds")).status_code == 200
