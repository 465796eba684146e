"""Somebody signed in at a running instance: invited at the console, accepted over HTTP, with an authenticator app where it is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pyotp
from lxml import html

from tests.e2e.instance import Instance
from tests.forked import ashiato


@dataclass
class SignedInVisitor:
    """`client` holds the session's cookie; `cookies` is what playwright's context.add_cookies takes."""

    client: httpx.Client
    address: str

    def page(self, path: str, status: int = 200) -> html.HtmlElement:
        answer = self.client.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:300])
        return html.fromstring(answer.content)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """With the token that our own forms carry."""
        token = self.page("/ja/account").xpath("//input[@name='forms_token']/@value")[0]
        return self.client.post(path, data={"forms_token": token, **fields})

    @property
    def cookies(self) -> list[dict[str, str]]:
        return [{"name": c.name, "value": c.value, "url": self.address} for c in self.client.cookies.jar]


def sign_in_at(
    instance: Instance, role: str, *, email: str = "someone@ashiato.example", provider: str | None = None
) -> SignedInVisitor:
    """`role` as `ashiato people invite` takes it; owner, provider and buyer need the id of a provider."""
    of_provider = ("--provider", provider) if provider else ()
    invited = ashiato("people", "invite", email, "--role", role, "--data", str(instance.data), *of_provider)
    assert invited.returncode == 0, invited.stderr
    link = invited.stdout.split()[0]
    client = httpx.Client(base_url=instance.address, timeout=30)
    assert client.post(link).status_code == httpx.codes.SEE_OTHER
    visitor = SignedInVisitor(client, instance.address)
    if client.get("/ja/account").status_code == httpx.codes.SEE_OTHER:
        page = visitor.page("/ja/account/second-factor")
        secret = page.xpath("string(//main//code)").replace(" ", "")
        code = pyotp.TOTP(secret).at(datetime.now(UTC))
        token = page.xpath("//input[@name='forms_token']/@value")[0]
        answer = client.post(
            "/ja/account/second-factor", data={"forms_token": token, "action": "confirm", "code": code}
        )
        assert answer.status_code == httpx.codes.OK
    return visitor
