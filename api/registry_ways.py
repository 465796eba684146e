"""Which registry is reached how: the only place where registry gateways are chosen."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from api.settings import RegistryAccess, Settings
from marketplace.clock import Clock
from marketplace.desk.rules import DeskRules
from marketplace.registries.by_account import ByAccount
from marketplace.registries.desk.gateway import DeskGateway
from marketplace.registries.gateway import RegistryGateway
from marketplace.registries.http import HttpRegistry
from marketplace.registries.http_exchange import HttpRegistrySettings
from marketplace.registries.profiles import Profile, load_profiles


def desk_rules(settings: Settings) -> DeskRules:
    """The desk as the operator has set it, each registry with its own calendar and limits."""
    return DeskRules(
        four_eyes=settings.desk_four_eyes,
        remind_before=settings.desk_remind_before,
        alarm_after=settings.desk_alarm_after,
        profiles={code: _as_set(profile, settings) for code, profile in load_profiles().items()},
    )


async def open_registries(
    settings: Settings, profiles: Mapping[str, Profile], clock: Clock, opened: AsyncExitStack
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
        registry = await opened.enter_async_context(
            HttpRegistry(HttpRegistrySettings(address=access.url, token=access.token))
        )
        by_hand = dict.fromkeys(access.desk_accounts, desk)
        ways[code] = ByAccount(registry, by_hand) if by_hand else registry
    return ways


def _as_set(profile: Profile, settings: Settings) -> Profile:
    access: RegistryAccess | None = settings.registries.get(profile.code)
    return profile if access is None else profile.with_settings(access.calendar, access.limits)
