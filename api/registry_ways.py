"""Which registry is reached how: the only place where registry gateways are chosen."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from api.settings import RegistryAccess, Settings
from certificates.statement import Environment
from marketplace.clock import Clock
from marketplace.desk.rules import DeskRules
from marketplace.registries.by_account import ByAccount
from marketplace.registries.desk.gateway import DeskGateway
from marketplace.registries.gateway import RegistryGateway
from marketplace.registries.http import HttpRegistry
from marketplace.registries.http_exchange import HttpRegistrySettings
from marketplace.registries.profiles import Profile, load_profiles
from marketplace.sandbox_wishes.doubles import Doubles, RegistryDouble
from marketplace.sandbox_wishes.service import FailingOnRequest


def desk_rules(settings: Settings) -> DeskRules:
    """The desk as the operator has set it, each registry with its own calendar and limits."""
    return DeskRules(
        four_eyes=settings.desk_four_eyes,
        remind_before=settings.desk_remind_before,
        alarm_after=settings.desk_alarm_after,
        profiles={code: _as_set(profile, settings) for code, profile in load_profiles().items()},
    )


def sandbox_doubles(settings: Settings) -> Doubles | None:
    """The sandbox servers that do what orders ask of them; None for a live service."""
    if settings.environment is not Environment.SANDBOX:
        return None
    return Doubles(
        payments=str(settings.stripe_api_base).rstrip("/") if settings.stripe_api_base else None,
        registries={
            code: RegistryDouble(str(access.url).rstrip("/"), access.fault_token)
            for code, access in settings.registries.items()
            if access.fault_token is not None
        },
    )


async def open_registries(
    settings: Settings,
    profiles: Mapping[str, Profile],
    clock: Clock,
    opened: AsyncExitStack,
    doubles: Doubles | None = None,
) -> Mapping[str, RegistryGateway]:
    """Every registry whose units can be sold. One that the settings do not name is operated by hand."""
    ways: dict[str, RegistryGateway] = {}
    for code, profile in profiles.items():
        if not profile.sellable:
            continue
        desk, access = DeskGateway(profile, clock), settings.registries.get(code)
        if access is None or access.url is None or access.token is None:
            ways[code] = desk
            continue
        way = HttpRegistrySettings(address=access.url, token=access.token)
        takes_wishes = doubles if doubles and code in doubles.registries else None
        gateway = FailingOnRequest(way, takes_wishes) if takes_wishes else HttpRegistry(way)
        registry = await opened.enter_async_context(gateway)
        by_hand = dict.fromkeys(access.desk_accounts, desk)
        ways[code] = ByAccount(registry, by_hand) if by_hand else registry
    return ways


def _as_set(profile: Profile, settings: Settings) -> Profile:
    access: RegistryAccess | None = settings.registries.get(profile.code)
    return profile if access is None else profile.with_settings(access.calendar, access.limits)
