"""Making somebody's browser act: forged forms, framing, redirects, caches."""

from urllib.parse import quote

from tests.security.attacks import attack
from tests.security.stage import Stage

ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    "/%2f%2fevil.example/..//",
)


@attack("3.5.1", "403, and nothing changed")
def a_form_without_its_token(stage: Stage) -> None:
    for token in ("", "x", stage.attacker.forms_token):
        answer = stage.victim.client.post(
            "/ja/account", data={"action": "name", "name": "taken over", "forms_token": token}
        )
        assert answer.status_code == 403
    assert "taken over" not in stage.victim.client.get("/ja/account").text


@attack("3.5.1", "403 even on public forms")
def a_form_of_another_site(stage: Stage) -> None:
    with stage.guest() as client:
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"{stage.address}.evil.example"},
            {"Origin": f"http://evil.example#{stage.address}"},
        ):
            assert client.post("/ja/sign-in", data={"email": "a@b.example"}, headers=headers).status_code == 403


@attack("3.5.2", "415: only application/json, which asks first")
def a_request_to_the_api_that_asks_no_preflight(stage: Stage) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = stage.instance.client.post("/v1/quotes", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415


@attack("3.5.3", "405, and other methods in disguise do nothing")
def acts_by_reading(stage: Stage) -> None:
    assert stage.victim.client.get("/ja/sign-out").status_code == 405
    token = stage.victim.forms_token
    answer = stage.victim.client.get(f"/ja/account?action=name&name=renamed&forms_token={token}")
    assert answer.status_code == 200
    assert stage.row("SELECT COUNT(*) FROM person WHERE name = 'renamed'") == (0,)
    disguised = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    assert stage.victim.client.get("/ja/sign-out", headers=disguised).status_code == 405
    assert stage.victim.client.get("/ja/account").status_code == 200


@attack("3.4.2", "no Access-Control-Allow-Origin")
def another_sites_script_reads_an_account(stage: Stage) -> None:
    for path in ("/v1/orders", "/ja/account", f"/v1/orders/{stage.order['token']}"):
        answer = stage.victim.client.get(path, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        asked = stage.victim.client.options(
            path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        )
        assert "access-control-allow-credentials" not in asked.headers


@attack("3.4.6", "frame-ancestors 'none'")
def a_page_in_a_frame(stage: Stage) -> None:
    for path in (
        "/ja/account",
        "/ja/account/security",
        "/ja/sign-in",
        f"/ja/orders/{stage.order['token']}",
        "/ja/verify",
    ):
        assert "frame-ancestors 'none'" in stage.victim.client.get(path).headers["content-security-policy"]


@attack("3.7.2", "back to a page of ours, whatever was asked for")
def a_way_back_that_leads_elsewhere(stage: Stage) -> None:
    for wish in ELSEWHERE:
        answer = stage.victim.client.get(f"/ja/sign-in?next={quote(wish)}")
        assert answer.status_code == 303
        assert answer.headers["location"] in {"/ja/account", "/%2f%2fevil.example/..//"}, wish
        with stage.guest() as client:
            answer = client.post("/ja/theme", data={"theme": "dark", "back": wish})
            where = answer.headers["location"]
            assert where.startswith("/") and where[1:2] not in {"/", "\\"} and not set(where) & set("\r\n\t"), wish


@attack("1.2.1", "no header but ours")
def a_header_smuggled_in_by_a_field(stage: Stage) -> None:
    with stage.guest() as client:
        for text in ("dark\r\nSet-Cookie: session=x", "/ja/\r\nX-Evil: 1"):
            answer = client.post("/ja/theme", data={"theme": text, "back": text})
            assert "x-evil" not in answer.headers
            assert "session" not in answer.headers.get("set-cookie", "")
        answer = client.get("/ja/account%0d%0aX-Evil:%201")
        assert "x-evil" not in answer.headers


@attack("14.3.2", "no-store on everything private")
def a_private_page_out_of_the_cache(stage: Stage) -> None:
    private = ["/ja/account", "/ja/account/keys", "/ja/account/security", "/ja/account/export", "/ja/account/privacy"]
    for path in (*private, f"/ja/orders/{stage.order['token']}"):
        assert "no-store" in stage.victim.client.get(path).headers["cache-control"], path


@attack("14.2.5", "404 for what only looks like a file")
def a_private_page_under_the_name_of_a_file(stage: Stage) -> None:
    for path in (
        "/ja/account/x.css",
        "/ja/account.js",
        "/ja/account/keys/a.png",
        f"/ja/orders/{stage.order['token']}/a.css",
    ):
        assert stage.victim.client.get(path).status_code == 404, path


@attack("4.1.3", "answers that do not depend on what a proxy might say")
def a_cache_poisoned_by_a_header(stage: Stage) -> None:
    evil = {
        "X-Forwarded-Host": "poison.example",
        "X-Host": "poison.example",
        "Forwarded": "host=poison.example",
        "X-Original-URL": "/ja/account",
        "X-Rewrite-URL": "/ja/account",
        "X-Forwarded-Prefix": "/poison",
    }
    with stage.guest() as client:
        for path in ("/ja/", "/ja/credits", f"/c/{stage.number}?lang=en", "/.well-known/jwks.json", "/"):
            plain, poisoned = client.get(path), client.get(path, headers=evil)
            assert plain.status_code == poisoned.status_code
            assert "poison" not in poisoned.text
            assert "poison" not in poisoned.headers.get("location", "")


@attack("3.2.1", "nosniff and a type of its own on every form of a certificate")
def a_file_taken_for_a_page(stage: Stage) -> None:
    kinds = {"pdf": "application/pdf", "svg": "image/svg+xml", "jwt": "application/vc+jwt", "zip": "application/zip"}
    for form, kind in kinds.items():
        answer = stage.instance.client.get(f"/v1/certificates/{stage.number}.{form}")
        assert answer.status_code == 200, form
        assert answer.headers["content-type"].startswith(kind), form
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@attack("7.4.1", "the browser is told to forget")
def a_browser_left_open_after_signing_out(stage: Stage) -> None:
    member = stage.sign_in("cafe@ashiato.example")
    answer = member.post("/ja/sign-out")
    assert "storage" in answer.headers["clear-site-data"]
    assert member.client.get("/ja/account").status_code == 303
