"""Every address of the whole service against every kind of visitor. What stands in no row below is public.

A page that is added under one of these addresses falls under its row; a page elsewhere that declares a role needs a row here.
"""

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import Route

from api.app import create_app
from api.endpoints import Endpoint
from api.v1.contents import ENDPOINTS
from frontend.access import FORMS_TOKEN_FIELD, access_of
from marketplace.accounts import keys
from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from tests.api.application import WithState, a_client, some_services, some_settings
from tests.signed_in import COOKIE, Visitor, an_actor, session_without_second_factor, visit_as

ANYONE_SIGNED_IN = frozenset[Role]()
IN_AN_ORGANISATION = frozenset({Role.OWNER, Role.BUYER, Role.PROVIDER})
WATCHING = frozenset({Role.OPERATOR, Role.AUDITOR})
SELLING = frozenset({Role.PROVIDER})
# The first row whose method and expression fit the address without its language.
TABLE: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("*", r"/account/members", IN_AN_ORGANISATION),
    ("*", r"/account/balance", frozenset({Role.OWNER, Role.BUYER})),
    ("*", r"/account/keys", frozenset({Role.OWNER})),
    ("*", r"/account/webhooks(/.*)?", frozenset({Role.OWNER})),
    ("*", r"/account/products(/.*)?", frozenset({Role.OWNER, Role.BUYER})),
    ("*", r"/account/events(/.*)?", frozenset({Role.OWNER, Role.BUYER})),
    ("*", r"/account(/.*)?", ANYONE_SIGNED_IN),
    ("*", r"/sign-out", ANYONE_SIGNED_IN),
    ("*", r"/plans/mine", ANYONE_SIGNED_IN),
    ("*", r"/passkeys/add(/.*)?", ANYONE_SIGNED_IN),
    ("*", r"/footprints/[^/]+/keep", frozenset({Role.OWNER, Role.BUYER})),
    ("GET", r"/operations([/.].*)?", WATCHING),
    ("POST", r"/operations(/.*)?", frozenset({Role.OPERATOR})),
    ("GET", r"/desk/.*/practice-notice\.pdf", SELLING | {Role.OPERATOR}),
    ("GET", r"/desk(/.*)?", WATCHING | SELLING),
    ("POST", r"/desk(/.*)?", SELLING | {Role.OPERATOR}),
    ("*", r"/provider(/.*)?", SELLING),
)
# Where somebody whose second factor is still missing may go.
BEFORE_THE_SECOND_FACTOR = (r"/account/second-factor", r"/account/agreement", r"/sign-out", r"/plans/mine")
VISITORS: dict[str, tuple[Role, ...]] = {
    "member of nothing": (),
    "buyer": (Role.BUYER,),
    "owner": (Role.OWNER,),
    "provider": (Role.PROVIDER,),
    "operator": (Role.OPERATOR,),
    "auditor": (Role.AUDITOR,),
}

APP = create_app(some_settings())


def pages() -> Iterator[tuple[Route, str]]:
    """Each route and its address, in one language where it stands in several, without that language."""
    for route in APP.routes:
        assert isinstance(route, Route), "a mount would hide its routes from this test"
        if not re.match(r"/en(/|$)", route.path):
            yield route, re.sub(r"^/ja(?=/)", "", route.path)


def who(path: str, route: Route) -> frozenset[Role] | None:
    fitting = (roles for method, where, roles in TABLE if method in {"*", *route.methods} and re.fullmatch(where, path))
    return next(fitting, None)


def address(route: Route) -> str:
    return re.sub(r"\{[^}]+\}", "x", route.path)


CLOSED = [(route, path, roles) for route, path in pages() if (roles := who(path, route)) is not None]


class TestEveryPageDeclaresWhatTheTableSays:
    def test_in_every_language(self):
        wrong = []
        for route in APP.routes:
            access, expected = access_of(route.endpoint), who(re.sub(r"^/(ja|en)(?=/)", "", route.path), route)
            if (None if access.open else access.roles) != expected:
                wrong.append((route.path, sorted(route.methods), access))
        assert wrong == []

    def test_and_every_row_is_about_some_page(self):
        paths = [path for _, path in pages()]
        rows = [where for _, where, _ in TABLE]
        assert [where for where in rows if not any(re.fullmatch(where, path) for path in paths)] == []


@pytest.fixture
async def client(small):
    async with a_client(WithState(APP, some_services(small))) as opened:
        yield opened


def as_visitor(client: httpx.AsyncClient, visitor: Visitor | None) -> None:
    client.cookies.clear()
    if visitor is not None:
        client.cookies.set(COOKIE, visitor.token)


async def ask(client: httpx.AsyncClient, route: Route) -> dict[str, httpx.Response]:
    return {method: await client.request(method, address(route)) for method in sorted(route.methods - {"HEAD"})}


# what a page declares does not depend on the database, and the walk is long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestEveryClosedPage:
    async def test_sends_strangers_to_the_sign_in(self, client):
        for route, path, _ in CLOSED:
            for answer in (await ask(client, route)).values():
                assert answer.status_code == 303, (path, answer.status_code)
                assert answer.headers["location"].startswith("/ja/sign-in"), path
                assert answer.headers["cache-control"] == "no-store", path

    async def test_looks_like_nothing_to_other_roles_and_takes_no_foreign_form_from_its_own(self, small, client):
        for name, roles in VISITORS.items():
            email = f"{name.replace(' ', '-')}@ashiato.example"
            actor = await an_actor(small, *roles, email=email)
            visitor = await visit_as(small, actor)
            as_visitor(client, visitor)
            for route, path, wanted in CLOSED:
                for method, answer in (await ask(client, route)).items():
                    at = (name, method, path, answer.status_code)
                    if wanted and not visitor.actor.is_any(*wanted):
                        assert answer.status_code == 404, at
                    elif method != "GET":
                        assert answer.status_code == 403, at
                    elif not re.search(r"[{.]", path) and path != "/account/second-factor":
                        assert answer.status_code == 200, at
                    assert "location" not in answer.headers or "sign-in" not in answer.headers["location"], at
                    if method == "GET" and answer.status_code == 200:
                        assert answer.headers["cache-control"] == "no-store", at

    async def test_of_operators_and_providers_asks_for_the_second_factor_first(self, small, client):
        for role in (Role.PROVIDER, Role.OPERATOR, Role.AUDITOR):
            actor = await an_actor(small, role, email=f"{role}@ashiato.example")
            with_factor = await visit_as(small, actor)
            fresh = await session_without_second_factor(small, actor)
            assert fresh.actor.roles == with_factor.actor.roles
            as_visitor(client, fresh)
            for route, path, wanted in CLOSED:
                if any(re.fullmatch(where, path) for where in BEFORE_THE_SECOND_FACTOR):
                    continue
                if not wanted or role in wanted:
                    for answer in (await ask(client, route)).values():
                        assert answer.status_code == 303, (role, path)
                        assert answer.headers["location"].startswith("/ja/account/second-factor"), (role, path)


class TestAForm:
    """The token in a form is the second lock; the first is where the request comes from."""

    async def test_with_its_own_token_is_taken_and_with_anothers_refused(self, small, client):
        owner = await visit_as(small, await an_actor(small, Role.OWNER))
        other = await visit_as(small, await an_actor(small, Role.OWNER, email="other@ashiato.example"))
        as_visitor(client, owner)
        for token, status in ((owner.forms_token, 303), (other.forms_token, 403), ("", 403)):
            answer = await client.post(
                "/ja/account", data={"action": "name", "name": "新しい名前", FORMS_TOKEN_FIELD: token}
            )
            assert answer.status_code == status

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin"}, 303),
            ({"Sec-Fetch-Site": "none"}, 303),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "https://ashiato.example"}, 303),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "https://ashiato.example.evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 303),
        ],
    )
    async def test_of_another_site_is_refused_on_every_page_even_the_public_ones(self, client, headers, status):
        answer = await client.post("/ja/theme", data={"theme": "dark", "back": "/ja/"}, headers=headers)
        assert answer.status_code == status


def keyed_only() -> list[Endpoint]:
    return [declared for declared in ENDPOINTS if declared.only_with_key or declared.scope is not None]


class TestTheApi:
    async def test_wants_a_key_exactly_where_it_says_so_and_the_right_one(self, small, client):
        owner = await an_actor(small, Role.OWNER)
        for declared in keyed_only():
            path = re.sub(r"\{[^}]+\}", "x", declared.path)
            bare = await client.request(declared.method, path)
            assert (bare.status_code == 401) == declared.only_with_key, declared.path
            if declared.only_with_key:
                assert bare.headers["www-authenticate"].startswith("Bearer")
            others = [scope for scope in Scope if scope is not declared.scope]
            _, secret = await keys.create(owner, "x", others, environment="sandbox", expires_at=None, clock=small.clock)
            answer = await client.request(declared.method, path, headers={"Authorization": f"Bearer {secret}"})
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), declared.path
