"""Every address of the service, by whoever, answers with the headers that keep browsers from doing harm; badges alone may be framed."""

import re

import pytest
from starlette.routing import Route

from api.app import create_app
from marketplace.accounts.roles import Role
from tests.api.application import WithState, a_client, some_services, some_settings
from tests.signed_in import COOKIE, Visitor, an_actor, visit_as

APP = create_app(some_settings())
ROUTES = [route for route in APP.routes if isinstance(route, Route)]
# pictures of other people's pages; they hold no form and nothing private
EMBEDDED = re.compile(r"/badges/.*|/v1/products/[^/]+/badge\..*|/v1/certificates/[^/]+/badge\..*")


# what an answer carries does not depend on the database, and the walk is long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestEveryAnswer:
    @pytest.fixture
    async def client(self, small):
        """Somebody who may open most pages."""
        async with a_client(WithState(APP, some_services(small))) as opened:
            visitor: Visitor = await visit_as(small, await an_actor(small, Role.OWNER, Role.OPERATOR))
            opened.cookies.set(COOKIE, visitor.token)
            yield opened

    async def test_is_safe(self, client):
        for route in ROUTES:
            if re.match(r"/en(/|$)", route.path):
                continue
            address = re.sub(r"\{[^}]+\}", "x", route.path)
            for method in sorted(route.methods - {"HEAD"}):
                answer = await client.request(method, address)
                at = (method, address, answer.status_code)
                headers = answer.headers
                assert answer.status_code != 500, at
                assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains", at
                assert headers["x-content-type-options"] == "nosniff", at
                assert "referrer-policy" in headers, at
                policy = headers["content-security-policy"]
                assert "unsafe" not in policy, at
                if not EMBEDDED.fullmatch(address):
                    assert "frame-ancestors 'none'" in policy, at
                if answer.content:
                    kind = headers["content-type"]
                    assert not kind.startswith("text/") or "charset=utf-8" in kind, at
                if headers.get("content-type", "").startswith("text/html"):
                    assert "default-src 'none'" in policy and "base-uri 'none'" in policy, at
                    assert headers["cross-origin-opener-policy"] == "same-origin", at
                for cookie in headers.get_list("set-cookie"):
                    assert re.match(r"__Host-", cookie), at
                    assert all(part in cookie for part in ("; Secure", "; HttpOnly", "; SameSite=lax", "; Path=/")), at
                    assert "Domain" not in cookie, at
                if method == "GET" and answer.status_code == 200 and headers.get("access-control-allow-origin"):
                    assert "access-control-allow-credentials" not in headers, at
