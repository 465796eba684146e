"""What the profiles promise: every row sourced, nothing unconfirmed as a fact, the right act for each purpose."""

import tomllib

import pytest
from pydantic import ValidationError

from marketplace.projects.eligibility import Purpose
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.registries.profiles import PROFILES, ActNotOffered, Calendar, Profile, Rhythm, load_profiles


def profiles() -> list[Profile]:
    return list(load_profiles().values())


class TestEveryProfileHoldsTogether:
    def test_every_registry_of_the_catalogue_has_one(self) -> None:
        assert set(RegistryCode) <= set(load_profiles())

    def test_every_kind_is_kept_in_at_most_one_registry(self) -> None:
        kinds = [kind for profile in profiles() for kind in profile.kinds]
        assert len(kinds) == len(set(kinds))
        assert set(CreditKind) - set(kinds) == {CreditKind.J_BLUE_CREDIT}

    @pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.code)
    def test_what_is_unknown_is_a_setting_with_a_note(self, profile: Profile) -> None:
        notes = {setting.code for setting in profile.settings}
        assert notes
        if any(field.max_length is None for field in profile.fields):
            assert "field_limits" in notes
        if profile.calendar is not None:
            assert "calendar" in notes

    @pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.code)
    def test_uses_name_known_purposes_once(self, profile: Profile) -> None:
        purposes = [purpose for use in profile.uses for purpose in use.purposes]
        assert len(purposes) == len(set(purposes))
        assert set(purposes) <= set(Purpose)

    def test_a_source_that_is_not_listed_is_refused(self) -> None:
        data = tomllib.loads((PROFILES / "a6_4.toml").read_text(encoding="utf-8"))
        data["unit"]["source"] = "hearsay"
        with pytest.raises(ValidationError, match="hearsay"):
            Profile.model_validate(data)


class TestTheActFollowsThePurpose:
    def test_jcredit_has_one_act_for_every_use(self) -> None:
        profile = load_profiles()["jcredit"]
        assert {use.act for use in profile.uses} == {"mukoka"}
        assert profile.use_for(Purpose.VOLUNTARY_OFFSET).code == "carbon_offset"

    def test_a_private_claim_on_jcm_units_stays_outside_of_the_national_target(self) -> None:
        use = load_profiles()["jcm_jp"].use_for(Purpose.VOLUNTARY_OFFSET)
        assert (use.act, use.act_reason) == ("torikeshi", "private_claim_stays_outside_the_national_target")

    def test_a_statutory_report_with_jcm_units_goes_into_the_national_target(self) -> None:
        assert load_profiles()["jcm_jp"].use_for(Purpose.GX_ETS).act == "mukoka"

    def test_the_same_word_means_different_things(self) -> None:
        meanings = {load_profiles()[code].act("mukoka").meaning.en for code in ("jcredit", "jcm_jp")}
        assert len(meanings) == 2

    @pytest.mark.parametrize(
        ("registry", "purpose"),
        [("jcm_jp", Purpose.RE100), ("cer", Purpose.VOLUNTARY_OFFSET), ("green_power", Purpose.VOLUNTARY_OFFSET)],
    )
    def test_no_act_is_made_up(self, registry: str, purpose: Purpose) -> None:
        with pytest.raises(ActNotOffered) as refused:
            load_profiles()[registry].use_for(purpose)
        assert refused.value.code == "act_not_offered"


class TestAnOperatorSetsWhatNobodyPublishes:
    def test_limits_and_calendar(self) -> None:
        anytime = Calendar(rhythm=Rhythm.ANY_TIME)
        profile = load_profiles()["jcredit"].with_settings(anytime, {"credit_user": 60})
        assert profile.calendar == anytime
        limits = {field.code: field.max_length for field in profile.fields}
        assert limits == {"use": None, "purpose_detail": None, "credit_user": 60}
        assert load_profiles()["jcredit"].calendar != anytime

    def test_a_field_the_form_does_not_have(self) -> None:
        with pytest.raises(ValueError, match="postcode"):
            load_profiles()["jcredit"].with_settings(limits={"postcode": 7})
