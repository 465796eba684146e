"""Other people's things: every kind of object by somebody who knows its id, and fields nobody may set."""

import httpx

from tests.e2e.signed_in import sign_in_at
from tests.security.attacks import attack
from tests.security.stage import Stage


def is_missing(answer: httpx.Response) -> None:
    assert answer.status_code == 404, (str(answer.request.url), answer.status_code, answer.text[:200])


@attack("8.2.2", "404, the same as for an order that does not exist")
def an_order_by_its_id(stage: Stage) -> None:
    with stage.bearer(stage.attackers_key) as client:
        for path in (
            f"/v1/orders/{stage.order['id']}",
            f"/v1/orders/{stage.order['id']}/papers",
            f"/v1/orders/{stage.order['id']}/invoice.pdf",
            f"/ja/orders/{stage.order['id']}",
            f"/ja/orders/{stage.order['id']}/invoice.pdf",
            f"/ja/orders/{stage.order['id']}/news",
        ):
            is_missing(client.get(path))
        known = client.get(f"/v1/orders/{stage.order['id']}").json()
        unknown = client.get("/v1/orders/ord_00000000000000000000000000").json()
        assert {**known, "request_id": ""} == {**unknown, "request_id": ""}


@attack("8.2.2", "only one's own orders are listed")
def a_list_of_other_peoples_orders(stage: Stage) -> None:
    with stage.bearer(stage.attackers_key) as client:
        for query in ("", "?limit=100", "?organisation_id=x", f"?external_id={stage.order['id']}"):
            assert stage.order["id"] not in client.get(f"/v1/orders{query}").text


@attack("8.2.2", "404, and the order stands")
def cancelling_an_order_by_its_id(stage: Stage) -> None:
    is_missing(stage.post(f"/v1/orders/{stage.order['id']}/cancel", {}, key=stage.attackers_key))
    is_missing(stage.attacker.post(f"/ja/orders/{stage.order['id']}/cancel"))
    assert stage.instance.see(stage.order)["state"] == "fulfilled"


@attack("8.4.1", "422, as if there were no such order")
def claiming_an_order_that_has_an_owner(stage: Stage) -> None:
    answer = stage.attacker.post("/ja/account", action="claim_link", link=stage.order["token"])
    assert answer.status_code == 422
    assert stage.order["token"] not in stage.attacker.client.get("/ja/account").text


@attack("8.2.2", "409, and the key still works")
def revoking_somebody_elses_key(stage: Stage) -> None:
    with stage.bearer(stage.victims_key) as client:
        assert client.get("/v1/orders").status_code == 200
        key_id = stage.row(
            "SELECT id FROM api_key WHERE substr(?, 1, length(shown_part)) = shown_part", stage.victims_key
        )[0]
        assert stage.attacker.post("/ja/account/keys", action="revoke", key=key_id).status_code == 409
        assert client.get("/v1/orders").status_code == 200


@attack("8.2.2", "nothing happens")
def ending_somebody_elses_session(stage: Stage) -> None:
    assert stage.victim
    person = stage.row("SELECT id FROM person WHERE email = ?", stage.victim.email)[0]
    session = stage.row("SELECT id FROM sign_in_session WHERE person_id = ?", person)[0]
    stage.attacker.post("/ja/account/security", action="end", session=session)
    assert stage.victim.client.get("/ja/account").status_code == 200


@attack("8.4.1", "refused, and the member stays what it was")
def changing_members_of_another_organisation(stage: Stage) -> None:
    assert stage.victim
    person = stage.row("SELECT id FROM person WHERE email = ?", stage.victim.email)[0]
    for action in ("remove", "change_role"):
        answer = stage.attacker.post("/ja/account/members", action=action, person=person, role="buyer")
        assert answer.status_code == 422
    assert stage.row("SELECT role FROM membership WHERE person_id = ?", person) == ("owner",)


@attack("8.4.1", "422, and the invitation waits on")
def withdrawing_another_organisations_invitation(stage: Stage) -> None:
    email = "waiting@ashiato.example"
    stage.victim.post("/ja/account/members", action="invite", email=email, role="buyer")
    invitation = stage.row("SELECT id FROM invitation WHERE email = ?", email)[0]
    assert stage.attacker.post("/ja/account/members", action="withdraw", invitation=invitation).status_code == 422
    assert stage.row("SELECT withdrawn_at FROM invitation WHERE id = ?", invitation) == (None,)


@attack("8.4.1", "404")
def acting_for_another_organisation(stage: Stage) -> None:
    assert stage.victims_key
    organisation = stage.row("SELECT organisation_id FROM api_key WHERE shown_part <> ''")[0]
    is_missing(stage.attacker.post("/ja/account", action="act_for", organisation=organisation))


@attack("8.2.2", "nothing happens")
def dropping_a_footprint_off_another_list(stage: Stage) -> None:
    assert stage.victim.post(f"/ja/footprints/{stage.footprint}/keep").status_code == 303
    stage.attacker.post("/ja/account", action="drop_footprint", footprint=stage.footprint)
    assert stage.footprint in stage.victim.client.get("/ja/account").text


@attack("8.2.2", "404 for every act on it")
def somebody_elses_webhook(stage: Stage) -> None:
    body = {"url": "https://hooks.example.com/x", "types": []}
    made = stage.post("/v1/webhook_endpoints", body, key=stage.victims_key)
    assert made.status_code in {201, 422}, made.text
    assert made.status_code == 201 or made.json()["code"] == "webhook_address_not_allowed", made.text
    endpoint = made.json().get("id", "whe_00000000000000000000000000")
    path = f"/v1/webhook_endpoints/{endpoint}"
    with stage.bearer(stage.attackers_key) as client:
        is_missing(client.get(path))
        is_missing(client.delete(path))
        is_missing(client.get(f"{path}/deliveries"))
        is_missing(stage.post(f"{path}/rotate", {}, key=stage.attackers_key))
        is_missing(stage.post(f"{path}/switch", {"enabled": False}, key=stage.attackers_key))


@attack("8.2.1", "404: for others these pages do not exist")
def pages_of_those_who_run_the_service(stage: Stage) -> None:
    for path in (
        "/ja/operations",
        "/ja/operations/switches",
        "/ja/operations/people",
        "/ja/operations/audit",
        "/ja/operations/audit/csv",
        "/ja/operations/money",
        "/ja/operations/ledger.csv",
        "/ja/desk",
        "/ja/provider",
        "/ja/provider/payouts.csv",
    ):
        is_missing(stage.attacker.client.get(path))
    for path in (
        "/ja/operations/switches",
        "/ja/operations/people",
        "/ja/operations",
        "/ja/desk",
        "/ja/provider/import",
    ):
        is_missing(stage.attacker.post(path, action="close", name="maintenance", reason="x"))


@attack("8.4.1", "404 for another provider's holdings")
def a_provider_at_another_providers_holdings(stage: Stage) -> None:
    owner = sign_in_at(stage.instance, "owner", email="seller@ashiato.example", provider="sandbox-f")
    holding = stage.row(
        "SELECT holding.id FROM holding JOIN registry_account ON registry_account.id = holding.account_id"
        " WHERE registry_account.provider_id <> ?",
        "sandbox-f",
    )[0]
    is_missing(owner.client.get(f"/ja/provider/holdings/{holding}"))
    is_missing(owner.post(f"/ja/provider/holdings/{holding}", action="offer", yen_per_tonne="1"))


@attack("15.3.3", "422, each field named")
def fields_that_only_the_service_sets(stage: Stage) -> None:
    body = stage.order_body() | {"state": "paid", "total": 1, "organisation_id": "org_x", "id": "ord_x"}
    answer = stage.post("/v1/orders", body, key=stage.attackers_key)
    assert answer.status_code == 422
    named = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert named == {(f"/{name}", "unknown_field") for name in ("state", "total", "organisation_id", "id")}
    nested = stage.order_body(registry_notice="N-1")
    assert stage.post("/v1/orders", nested, key=stage.attackers_key).status_code == 422


@attack("15.3.3", "303 or 400, and no more rights than before")
def rights_in_the_fields_of_a_form(stage: Stage) -> None:
    more = {"role": "operator", "roles": "operator", "organisation_id": "org_x", "email": "operator@ashiato.example"}
    stage.attacker.post("/ja/account", action="name", name="attacker", **more)
    stage.attacker.post("/ja/account/members", action="invite", **more)
    is_missing(stage.attacker.client.get("/ja/operations"))
    assert stage.row("SELECT COUNT(*) FROM invitation WHERE role = 'operator' AND organisation_id IS NOT NULL") == (0,)


@attack("2.3.2", "the price is the quote's")
def a_price_of_ones_own(stage: Stage) -> None:
    body = stage.order_body()
    assert stage.post("/v1/orders", {**body, "max_total": 1}).json()["code"] == "total_above_limit"
    assert stage.post("/v1/quotes", {"amount_g": -1_000_000, "listings": []}).status_code == 422
    assert stage.post("/v1/quotes", {"budget": -1, "mix": {}}).status_code == 422


@attack("2.3.1", "409: a quote makes one order")
def one_quote_for_two_orders(stage: Stage) -> None:
    body = stage.order_body()
    assert stage.post("/v1/orders", body).status_code == 201
    again = stage.post("/v1/orders", body)
    assert (again.status_code, again.json()["code"]) == (409, "quote_used")


@attack("2.3.1", "422: another body under the same key")
def one_idempotency_key_for_two_bodies(stage: Stage) -> None:
    key = {"Idempotency-Key": "attack-idempotency-key-0001"}
    body = stage.order_body()
    first = stage.instance.client.post("/v1/orders", json=body, headers=key)
    assert first.status_code == 201
    other = stage.instance.client.post("/v1/orders", json={**body, "external_id": "x"}, headers=key)
    assert other.status_code == 422
    # another caller's key of the same name is another key
    foreign = stage.post("/v1/orders", body, key=stage.attackers_key, **key)
    assert first.json()["token"] not in foreign.text
