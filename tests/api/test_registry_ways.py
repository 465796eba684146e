"""Which registry is reached how: by desk, API or sandbox, as the settings say and not otherwise."""

from contextlib import AsyncExitStack
from datetime import time
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from api.registry_ways import desk_rules, open_registries
from api.settings import RegistryAccess, Settings
from marketplace.clock import system_clock
from marketplace.registries.by_account import ByAccount
from marketplace.registries.desk.gateway import DeskGateway
from marketplace.registries.http import HttpRegistry

API = {"url": "https://registry.example", "token": "secret"}
NEEDED = {
    "database_url": "sqlite:///nowhere",
    "signing_key_file": "key.pem",
    "seal_keys_file": "seal-keys.txt",
    "log_key_file": "log.pem",
    "stripe_webhook_secrets": ["whsec_x"],
}
SANDBOX = {"environment": "sandbox", "base_url": "http://127.0.0.1:1", "stripe_api_key": "sk_test_x"}
LIVE = {
    "environment": "live",
    "base_url": "https://ashiato.example",
    "stripe_api_key": "sk_live_x",
    "mail_off": True,
    "issuer_name": "足跡",
    "issuer_address": "東京都",
}


def set_to(registries: dict[str, Any], **changes: Any) -> Any:
    """The settings as far as registries go."""
    facts: dict[str, Any] = {"desk_four_eyes": False, "desk_remind_before": None, "desk_alarm_after": None}
    accesses = {code: RegistryAccess(**access) for code, access in registries.items()}
    return SimpleNamespace(**facts | changes, registries=accesses)


async def ways(registries: dict[str, Any]) -> dict[str, Any]:
    settings = set_to(registries)
    async with AsyncExitStack() as opened:
        return dict(await open_registries(settings, desk_rules(settings).profiles, system_clock, opened))


class TestARegistryIsReached:
    async def test_by_hand_where_nothing_else_is_said(self) -> None:
        found = await ways({})
        assert {code: type(way) for code, way in found.items()} == {"jcredit": DeskGateway, "jcm_jp": DeskGateway}

    async def test_through_its_api_but_for_accounts_that_people_operate(self) -> None:
        found = await ways({"jcredit": {**API, "desk_accounts": ["BY-HAND"]}, "jcm_jp": API})
        assert (type(found["jcredit"]), type(found["jcm_jp"])) == (ByAccount, HttpRegistry)
        assert [found["jcredit"].by_hand(account) for account in ("BY-HAND", "OTHER")] == [True, False]

    def test_with_the_operators_own_hours_and_limits(self) -> None:
        calendar = {"rhythm": "business_days", "opens": "09:00", "closes": "15:00"}
        access = {"via": "desk", "calendar": calendar, "limits": {"credit_user": 60}}
        profiles = desk_rules(set_to({"jcredit": access})).profiles
        assert profiles["jcredit"].calendar.opens == time(9)
        assert {field.code: field.max_length for field in profiles["jcredit"].fields}["credit_user"] == 60
        assert profiles["jcm_jp"].calendar.opens == time(10)


class TestSettingsThatCannotBeMeant:
    @pytest.mark.parametrize(
        ("environment", "registries"),
        [
            (LIVE, {"jcredit": {"via": "sandbox", **API}}),
            (SANDBOX, {"jcredit": {"via": "desk", **API}}),
            (SANDBOX, {"jcredit": {"via": "http"}}),
            (SANDBOX, {"no_such_registry": API}),
            (SANDBOX, {"jcredit": {"via": "desk", "limits": {"postcode": 7}}}),
        ],
    )
    def test_stop_the_start_and_are_named(self, environment: dict[str, Any], registries: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match="registries"):
            Settings(**{**NEEDED, **environment, "registries": registries})

    def test_a_live_service_needs_no_registry_with_an_interface(self) -> None:
        assert Settings(**{**NEEDED, **LIVE}).registries == {}
