"""The operator's rules for the desk, and the registries as the operator has set them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from marketplace.registries.profiles import Profile, load_profiles


@dataclass(frozen=True, slots=True)
class DeskRules:
    """`four_eyes`: a second person confirms a notice. A reminder goes out `remind_before` an application is due, an alarm
    `alarm_after` it was. `profiles` by registry code."""

    four_eyes: bool = False
    remind_before: timedelta = timedelta(hours=24)
    alarm_after: timedelta = timedelta(hours=24)
    profiles: Mapping[str, Profile] = field(default_factory=load_profiles)
