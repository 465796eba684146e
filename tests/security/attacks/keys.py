"""API keys: stolen, ended, foreign, and in the wrong place."""

import httpx

from tests.security.attacks import attack
from tests.security.stage import Stage


def shown(stage: Stage, authorization: str) -> httpx.Response:
    return stage.instance.client.get("/v1/orders", headers={"Authorization": authorization})


def is_refused(answer: httpx.Response, code: str, status: int = 401) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert status != 401 or answer.headers["www-authenticate"].startswith("Bearer")


@attack("8.2.1", "401")
def invented_keys(stage: Stage) -> None:
    for key in ("x", "ashiato_test_" + "A" * 43, "ashiato_test_", "A" * 8_000, "' OR 1=1 --"):
        is_refused(shown(stage, f"Bearer {key}"), "api_key_unknown")


@attack("6.5.2", "401: what the database holds opens nothing")
def a_key_hash_out_of_a_stolen_database(stage: Stage) -> None:
    assert stage.victims_key
    digest, part = stage.row("SELECT secret_sha256, shown_part FROM api_key")
    for key in (digest, f"ashiato_test_{digest}", part, f"{part}{'A' * 37}"):
        is_refused(shown(stage, f"Bearer {key}"), "api_key_unknown")


@attack("7.4.1", "401 at once")
def a_revoked_key(stage: Stage) -> None:
    key = stage.attacker.key("orders:read")
    assert shown(stage, f"Bearer {key}").status_code == 200
    key_id = stage.row("SELECT id FROM api_key WHERE substr(?, 1, length(shown_part)) = shown_part", key)[0]
    assert stage.attacker.post("/ja/account/keys", action="revoke", key=key_id).status_code == 303
    is_refused(shown(stage, f"Bearer {key}"), "api_key_unknown")


@attack("7.3.1", "401 from its last moment on")
def a_key_whose_time_is_over(stage: Stage) -> None:
    key = stage.attacker.key("orders:read", "orders:write")
    assert shown(stage, f"Bearer {key}").status_code == 200
    stage.let_expire(key)
    is_refused(shown(stage, f"Bearer {key}"), "api_key_unknown")
    # where none is needed either: nothing is made in the name of an organisation that no longer vouches for it
    is_refused(stage.post("/v1/orders", {}, key=key), "api_key_unknown")


@attack("8.2.1", "401: keys of the live service do not open a sandbox")
def a_key_of_the_other_environment(stage: Stage) -> None:
    is_refused(shown(stage, f"Bearer {stage.victims_key.replace('_test_', '_live_')}"), "api_key_of_other_environment")


@attack("8.2.1", "403")
def a_key_made_for_something_else(stage: Stage) -> None:
    key = stage.attacker.key("products:read")
    is_refused(shown(stage, f"Bearer {key}"), "scope_missing", 403)


@attack("14.2.1", "401: a key counts in its header only")
def a_key_in_the_address_or_a_cookie(stage: Stage) -> None:
    key = stage.victims_key
    for name in ("key", "api_key", "access_token", "authorization"):
        assert stage.instance.client.get("/v1/orders", params={name: key}).status_code in {401, 422}
    with stage.guest(cookies={"Authorization": f"Bearer {key}", "session": key}) as client:
        is_refused(client.get("/v1/orders"), "api_key_needed")


@attack("6.3.4", "401: one way of showing a key")
def a_key_shown_otherwise(stage: Stage) -> None:
    key = stage.victims_key
    for authorization in (f"Basic {key}", f"Token {key}", key, f"Bearer {key}, Bearer {key}", f"Bearer\t{key}"):
        is_refused(shown(stage, authorization), "api_key_unknown")
    with stage.guest(cookies=dict(stage.victim.client.cookies)) as client:
        # a session is no key: the API looks at no cookie
        is_refused(client.get("/v1/orders"), "api_key_needed")


@attack("16.2.5", "no log line holds a secret")
def secrets_read_in_the_log(stage: Stage) -> None:
    shown(stage, f"Bearer {stage.victims_key}")
    log = "".join(file.read_text("utf-8") for file in (stage.instance.data / "logs").glob("*.log"))
    assert '"event": "request"' in log
    secrets = (
        stage.victims_key,
        stage.victim.client.cookies["session"],
        stage.victim.forms_token,
        stage.order["token"],
        stage.victim.email,
        (stage.instance.data / "seal-keys.txt").read_text().strip(),
    )
    for secret in secrets:
        assert secret not in log


@attack("16.4.1", "one JSON line per request, whatever was sent")
def a_line_slipped_into_the_log(stage: Stage) -> None:
    import json

    sent = {"X-Request-Id": 'aaaaaaaa"}\t{"event":"forged"}', "User-Agent": '"}\t{"event":"forged"}'}
    stage.instance.client.get("/ja/%0a%7b%22event%22%3a%22forged%22%7d", headers=sent)
    for line in (stage.instance.data / "logs" / "web.log").read_text("utf-8").splitlines():
        assert json.loads(line)["event"] != "forged"
