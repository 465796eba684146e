"""Operators close parts of the service and look after roles on pages; every act asks for a reason."""

import pytest

from marketplace.accounts.models import ServiceRole
from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.closures import service as closures
from marketplace.closures.errors import ClosedForNow
from marketplace.closures.service import refusal
from marketplace.mail.models import Mail
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import an_actor, signed_in, visit_as

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def send(shop: MarketSite, page: str, **typed: str):
    token = (await shop.page(page)).xpath("//main//input[@name='forms_token']/@value")[0]
    return await shop.client.post(page, data={"forms_token": token, **typed})


class TestTheSwitches:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_are_shown_with_what_each_closes(self, shop: MarketSite, language: str) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        page = check_frame(await shop.client.get(f"/{language}/operations/switches"))
        assert page.xpath("//select[@name='name']/option/@value") == list(closures.names())

    async def test_close_until_a_time_in_japan_and_open_again(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        page = "/ja/operations/switches"
        answer = await send(
            shop, page, action="close", name="maintenance", opens_at="2027-01-05T09:30", reason="移行のため"
        )
        assert answer.status_code == 303
        (closed,) = await closures.closed_now()
        assert closed.opens_at is not None
        assert closed.opens_at.isoformat() == "2027-01-05T00:30:00+00:00"
        assert "2027年1月5日 9:30" in (await shop.page(page)).text_content().replace("\u202f", " ").replace(
            "\u00a0", " "
        )
        assert (await send(shop, page, action="reopen", name="maintenance", reason="終わった")).status_code == 303
        assert await closures.closed_now() == []
        assert await AuditEntry.filter(act__startswith="switch.").count() == 2

    @pytest.mark.parametrize(
        "wrong",
        [{"reason": ""}, {"opens_at": "tomorrow"}, {"opens_at": "2020-01-01T00:00"}, {"name": "verification"}],
    )
    async def test_say_what_is_missing_and_change_nothing(self, shop: MarketSite, wrong: dict[str, str]) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        typed = {"action": "close", "name": "buying", "opens_at": "", "reason": "x"} | wrong
        assert (await send(shop, "/ja/operations/switches", **typed)).status_code == 422
        assert await closures.closed_now() == []

    async def test_are_only_read_by_auditors(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.AUDITOR)
        page = await shop.page("/ja/operations/switches")
        assert page.xpath("//main//form[contains(@action, 'switches')]") == []


class TestWhatIsClosed:
    @pytest.mark.parametrize("language", ["ja", "en"])
    @pytest.mark.parametrize("name", closures.FUNCTIONS)
    async def test_has_a_page_of_its_own(self, shop: MarketSite, name: str, language: str) -> None:
        from frontend.pages.errors import exception_handlers

        handlers = exception_handlers()
        assert ClosedForNow in handlers
        switch = closures.Switch(name, shop.small.clock(), None)
        shown = refusal(switch, now=shop.small.clock())
        request = _request(shop, f"/{language}/quotes/x")
        answer = await handlers[ClosedForNow](request, shown)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "600")
        assert f"/{language}/verify" in answer.body.decode()


def _request(shop: MarketSite, path: str):
    from starlette.requests import Request

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "server": ("ashiato.example", 443),
        "scheme": "https",
        "state": {"services": shop.services},
    }
    return Request(scope)


class TestPeople:
    async def test_are_listed_with_their_roles(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.AUDITOR)
        page = check_frame(await shop.client.get("/ja/operations/people"))
        assert "someone@ashiato.example" in page.text_content()
        assert page.xpath("//main//form[contains(@action, 'people')]") == []

    async def test_are_invited_with_a_reason(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        sent = {"action": "invite", "email": "new@ashiato.example", "role": "auditor"}
        assert (await send(shop, "/ja/operations/people", **sent)).status_code == 422
        assert (await send(shop, "/ja/operations/people", **sent, reason="監査法人の担当")).status_code == 303
        assert await Mail.filter(recipient="new@ashiato.example", message="invitation").count() == 1
        assert "new@ashiato.example" in (await shop.page("/ja/operations/people")).text_content()

    async def test_lose_a_role_their_sessions_or_their_app(self, shop: MarketSite) -> None:
        other = await an_actor(shop.small, Role.AUDITOR, email="other@ashiato.example")
        visitor = await visit_as(shop.small, other)
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        for action in ("sign_out", "forget_second_factor", "revoke"):
            sent = {"action": action, "email": "other@ashiato.example", "role": "auditor", "reason": "left us"}
            assert (await send(shop, "/ja/operations/people", **sent)).status_code == 303
        assert not await ServiceRole.exists(person_id=visitor.actor.person_id)
        acts = await AuditEntry.filter(subject=visitor.actor.person_id, reason="left us").values_list("act", flat=True)
        assert set(acts) == {"sessions.ended", "second_factor.forgotten", "role.revoked"}

    async def test_that_are_nobody_are_said_to_be(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        sent = {"action": "sign_out", "email": "nobody@ashiato.example", "reason": "x"}
        assert (await send(shop, "/ja/operations/people", **sent)).status_code == 422
        owner = {"action": "invite", "email": "new@ashiato.example", "role": "owner", "reason": "x"}
        assert (await send(shop, "/ja/operations/people", **owner)).status_code == 422
