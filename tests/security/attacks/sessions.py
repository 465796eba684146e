"""Getting in as somebody else: cookies, links, codes."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from lxml import html

from tests.e2e.instance import eventually
from tests.security.attacks import attack
from tests.security.stage import Stage


def is_shut_out(stage: Stage, token: str) -> None:
    """The account sends whoever has this cookie to the sign-in."""
    with stage.guest(cookies={"session": token}) as client:
        answer = client.get("/ja/account")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/ja/sign-in")


@attack("7.2.1", "303 to the sign-in")
def a_forged_session_cookie(stage: Stage) -> None:
    for token in ("x", "A" * 43, "0" * 43, "' OR 1=1 --", "null", "A" * 3_000):
        is_shut_out(stage, token)


@attack("7.2.3", "303: what the database holds opens nothing")
def a_session_hash_out_of_a_stolen_database(stage: Stage) -> None:
    assert stage.victim
    is_shut_out(stage, stage.row("SELECT token_sha256 FROM sign_in_session")[0])


@attack("7.4.1", "303")
def the_cookie_of_a_session_that_was_left(stage: Stage) -> None:
    member = stage.sign_in("leaving@ashiato.example")
    token = member.client.cookies["session"]
    assert member.post("/ja/sign-out").status_code == 303
    is_shut_out(stage, token)


@attack("7.2.4", "another token after signing in")
def a_cookie_planted_before_the_sign_in(stage: Stage) -> None:
    with stage.guest(cookies={"session": "planted"}) as client:
        link = stage.ask_for_link(client, "planted@ashiato.example")
        client.post(urlsplit(link).path)
        assert [one.value for one in client.cookies.jar if one.name == "session"][-1] != "planted"
    is_shut_out(stage, "planted")


@attack("14.2.1", "303: tokens count in cookies only")
def a_session_token_in_the_address(stage: Stage) -> None:
    token = stage.victim.client.cookies["session"]
    with stage.guest() as client:
        for path in (
            f"/ja/account?session={token}",
            f"/ja/account;session={token}",
            f"/ja/account?__Host-session={token}",
        ):
            assert client.get(path).status_code in {303, 404}


@attack("7.4.3", "303")
def a_stolen_session_that_its_owner_has_ended(stage: Stage) -> None:
    member = stage.sign_in("robbed@ashiato.example")
    stolen = member.client.cookies["session"]
    again = stage.sign_in("robbed@ashiato.example")
    assert again.post("/ja/account/security", action="end_others").status_code == 303
    is_shut_out(stage, stolen)


@attack("6.5.1", "410")
def a_sign_in_link_used_again(stage: Stage) -> None:
    with stage.guest() as client:
        path = urlsplit(stage.ask_for_link(client, "replayed@ashiato.example")).path
        assert client.post(path).status_code == 303
        assert client.post(path).status_code == 410


@attack("6.6.2", "410 in any browser but the one that asked")
def a_sign_in_link_out_of_a_forwarded_mail(stage: Stage) -> None:
    with stage.guest() as client, stage.guest() as thief:
        path = urlsplit(stage.ask_for_link(client, "forwarded@ashiato.example")).path
        assert thief.post(path).status_code == 410
        thief.cookies.set("browser", "guessed")
        assert thief.post(path).status_code == 410


@attack("15.4.2", "one 303, else 410")
def one_link_pressed_by_eight_at_once(stage: Stage) -> None:
    with stage.guest() as client:
        path = urlsplit(stage.ask_for_link(client, "raced@ashiato.example")).path
        cookies = dict(client.cookies)

        def press(_: int) -> int:
            with stage.guest(cookies=cookies) as racer:
                return racer.post(path).status_code

        with ThreadPoolExecutor(8) as racers:
            assert sorted(racers.map(press, range(8))) == [303] + [410] * 7


@attack("3.5.3", "the link still works: reading does nothing")
def a_link_eaten_by_a_mail_scanner(stage: Stage) -> None:
    with stage.guest() as client, stage.guest() as scanner:
        path = urlsplit(stage.ask_for_link(client, "scanned@ashiato.example")).path
        for _ in range(3):
            scanner.get(path)
            scanner.head(path)
        assert client.post(path).status_code == 303


@attack("6.6.3", "410 for every guess")
def guessed_links(stage: Stage) -> None:
    with stage.guest() as client:
        for guess in ("0", "A" * 43, "%00", "x" * 5_000):
            assert client.post(f"/ja/sign-in/{guess}").status_code in {404, 405, 410, 414}


@attack("1.2.2", "the link in the mail has our own address")
def a_mail_with_a_link_to_another_host(stage: Stage) -> None:
    host = urlsplit(stage.address).netloc
    for number, name in enumerate(("Host", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded")):
        with stage.guest() as client:
            value = "host=evil.example" if name == "Forwarded" else "evil.example"
            link = stage.ask_for_link(client, f"host-{number}@ashiato.example", **{name: value})
            assert urlsplit(link).netloc == host


@attack("6.3.8", "the same page for known and unknown addresses")
def asking_who_has_an_account(stage: Stage) -> None:
    assert stage.victim
    pages = []
    for email in ("victim@ashiato.example", "nobody@ashiato.example"):
        with stage.guest() as client:
            answer = client.post("/ja/sign-in", data={"email": email})
            headers = {name for name in answer.headers if name not in {"content-length", "date"}}
            pages.append((answer.status_code, answer.text.replace(email, ""), headers))
    assert pages[0] == pages[1]


@attack("6.3.3", "303 to the second factor")
def an_operators_link_without_its_app(stage: Stage) -> None:
    email = "operator-with-app@ashiato.example"
    answer = stage.operator.post(
        "/ja/operations/people", action="invite", email=email, role="operator", reason="attack"
    )
    assert answer.status_code == 303
    with stage.guest() as client:
        assert client.post(invitation_to(stage, email)).status_code == 303
        for path in (
            "/ja/operations",
            "/ja/operations/switches",
            "/ja/operations/money",
            "/ja/desk",
            "/ja/account/keys",
        ):
            answer = client.get(path)
            assert answer.status_code in {303, 404}
            assert answer.status_code == 404 or "/account/second-factor" in answer.headers["location"]


def invitation_to(stage: Stage, email: str) -> str:
    """The path of the invitation in the mailbox."""

    def look() -> str | None:
        box = html.fromstring(stage.instance.client.get("/ja/mailbox", params={"to": email}).content)
        for letter in box.xpath("//main//table//a/@href"):
            text = stage.instance.client.get(letter).text
            if found := re.search(r"/ja/invitations/[\w-]+", text):
                return found.group(0)
        return None

    return eventually(look, what="the invitation is there")


@attack("6.5.1", "410 and no second member")
def an_invitation_used_again(stage: Stage) -> None:
    email = "invited@ashiato.example"
    assert stage.victim.post("/ja/account/members", action="invite", email=email, role="buyer").status_code == 303
    path = invitation_to(stage, email)
    with stage.guest() as client, stage.guest() as second:
        assert client.post(path, data={"role": "owner"}).status_code == 303
        assert second.post(path).status_code == 410
        # the role is the invitation's, whatever the form says
        assert client.get("/ja/account/keys").status_code == 404


@attack("6.3.1", "429 after five codes")
def guessing_one_time_codes(stage: Stage) -> None:
    member = stage.sign_in("guessed@ashiato.example")
    member.client.get("/ja/account/second-factor")
    answers = [
        member.post("/ja/account/second-factor", action="confirm", code=f"{code:06}").status_code for code in range(7)
    ]
    assert answers == [422] * 5 + [429] * 2


@attack("6.7.2", "403: nothing was asked in this browser")
def a_forged_answer_of_a_passkey(stage: Stage) -> None:
    with stage.guest() as client:
        forged = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}
        assert client.post("/ja/passkeys/sign-in", json=forged).status_code == 403
        client.post("/ja/passkeys/sign-in/options")
        assert client.post("/ja/passkeys/sign-in", json=forged).status_code == 403
        assert client.post("/ja/passkeys/sign-in", content=b"{").status_code == 403


@attack("7.5.1", "303 to a new sign-in, or 403")
def a_new_passkey_by_whoever_finds_an_open_browser(stage: Stage) -> None:
    with stage.guest() as client:
        assert client.post("/ja/passkeys/add/options").status_code == 303
    assert stage.attacker.client.post("/ja/passkeys/add/options").status_code == 403
