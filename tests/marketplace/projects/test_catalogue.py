"""Rules of the project catalogue: public facts with their source, never an offer."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.projects import catalogue
from marketplace.projects.catalogue import (
    ListType,
    Project,
    Scheme,
    Side,
    find_projects,
    load_catalogue,
    load_sources,
)
from marketplace.projects.facts import DataDefect, read_rows
from marketplace.projects.kinds import CreditKind, RegistryCode, jcm_generation
from marketplace.projects.places import Region, load_prefectures

JCM_PARTNERS = {"BD", "CL", "CR", "ID", "KE", "KH", "LA", "MM", "MN", "MV", "PH", "PW", "SA", "TH", "VN"}


@pytest.fixture
def projects() -> list[Project]:
    return list(load_catalogue().values())


class TestEveryFactHasASource:
    def test_each_project_names_publisher_address_and_state(self, projects: list[Project]) -> None:
        for project in projects:
            assert project.source.publisher and project.source.title, project.key
            assert project.source.url.startswith("https://"), project.key
            assert re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", project.source.as_of), project.key

    def test_each_issued_amount_names_the_issue_table(self, projects: list[Project]) -> None:
        issues = [issue for project in projects for issue in project.issues]
        assert issues
        assert {issue.source.id for issue in issues} == {"jcm-issues-2026-06"}

    def test_a_jcm_project_points_at_its_own_page(self, projects: list[Project]) -> None:
        for project in find_projects(projects, registry=RegistryCode.JCM_JAPAN):
            assert project.source.url == f"https://www.jcm.go.jp/jc/projects/{project.number.lower()}/"

    def test_no_source_is_kept_that_nothing_rests_on(self, projects: list[Project]) -> None:
        used = {project.source.id for project in projects}
        used |= {issue.source.id for project in projects for issue in project.issues}
        assert used == set(load_sources())


class TestTheKeyIsListTypeAndNumber:
    def test_one_number_in_two_lists_is_two_projects(self) -> None:
        projects = load_catalogue()
        forest, rice = projects["jcredit/normal/225"], projects["jcredit/program/225"]
        assert (forest.number, forest.list_type) == ("225", ListType.NORMAL)
        assert (rice.number, rice.list_type) == ("225", ListType.PROGRAM)
        assert forest.operator != rice.operator

    def test_the_key_is_made_of_its_parts(self, projects: list[Project]) -> None:
        for project in projects:
            parts = [project.scheme, project.list_type, project.number]
            assert project.key == "/".join(part for part in parts if part is not None)

    @pytest.mark.parametrize("key", ["225", "jcredit/225", "jcm/normal/MN006", "vcs/normal/1", "jcredit/other/1"])
    def test_anything_else_is_refused(self, key: str) -> None:
        with pytest.raises(DataDefect, match="not a project key"):
            catalogue._key_parts(key)

    def test_legacy_numbers_keep_their_letters(self, projects: list[Project]) -> None:
        letters = {Scheme.DOMESTIC_CREDIT: r"KCP?\d+", Scheme.JVER: r"JVR\d+", Scheme.JCM: r"[A-Z]{2}\d{3}"}
        for project in projects:
            assert re.fullmatch(letters.get(project.scheme, r"\d+"), project.number), project.key


class TestOneRowPerMethodology:
    def test_a_project_of_three_methodologies_keeps_three_plans(self) -> None:
        university = load_catalogue()["jcredit/normal/127"]
        assert [(row.methodology, row.expected_t) for row in university.activities] == [
            ("EN-S-007", Decimal(23993)),
            ("EN-R-002", Decimal(305)),
            ("EN-R-008", Decimal(1125)),
        ]
        assert university.kinds == (CreditKind.JCREDIT_ENERGY_SAVING, CreditKind.JCREDIT_RENEWABLE_POWER)

    def test_an_unknown_methodology_is_refused(self) -> None:
        with pytest.raises(DataDefect, match="no activity under FO-001"):
            load_catalogue()["jcredit/normal/127"].activity("FO-001")

    def test_the_kind_follows_the_family_of_the_methodology(self, projects: list[Project]) -> None:
        families = {
            "EN-S": "jcredit_energy_saving",
            "EN-R": "jcredit_renewable_",
            "IN": "jcredit_industrial_process",
            "AG": "jcredit_agriculture",
            "WA": "jcredit_waste",
            "FO": "jcredit_forest",
        }
        rows = [row for project in projects if project.scheme is Scheme.JCREDIT for row in project.activities]
        for row in rows:
            (kind,) = row.kinds
            assert kind.startswith(families[row.methodology.rpartition("-")[0]]), row.methodology


class TestPlanFiguresStayAsPublished:
    def test_decimals_of_migrated_projects_are_exact(self) -> None:
        (activity,) = load_catalogue()["jver/normal/JVR0063"].activities
        assert activity.expected_t == Decimal("42659.9")

    def test_a_dash_in_the_list_is_no_date(self) -> None:
        (activity,) = load_catalogue()["jcredit/program/131"].activities
        assert activity.certification_ends is None

    def test_a_published_end_is_kept(self) -> None:
        (activity,) = load_catalogue()["jcredit/normal/239"].activities
        assert activity.certification_ends == date(2028, 11, 12)


class TestJcmAmountsAreSplitBySideAndPeriod:
    def test_the_issue_of_mn006(self) -> None:
        issues = {issue.side: issue for issue in load_catalogue()["jcm/MN006"].issues}
        japan, partner = issues[Side.JAPAN], issues[Side.PARTNER]
        assert (japan.notified_t, japan.issued_t, japan.issued_on) == (24249, 24249, date(2026, 1, 30))
        assert (partner.notified_t, partner.issued_t, partner.issued_on) == (6063, None, None)
        assert (japan.monitored_from, japan.monitored_to) == (date(2019, 7, 6), date(2020, 12, 31))

    def test_issued_in_2026_may_still_stand_for_2020(self) -> None:
        assert {issue.kind for issue in load_catalogue()["jcm/MN006"].issues} == {CreditKind.JCM_2020_OR_BEFORE}

    def test_the_generation_turns_on_new_year_2021(self) -> None:
        assert jcm_generation(date(2020, 12, 31)) is CreditKind.JCM_2020_OR_BEFORE
        assert jcm_generation(date(2021, 1, 1)) is CreditKind.JCM_2021_ON

    def test_nobody_issues_more_than_was_notified(self, projects: list[Project]) -> None:
        for project in projects:
            for issue in project.issues:
                assert issue.issued_t is None or issue.issued_t <= issue.notified_t, project.key


class TestTheChoiceIsBroad:
    def test_about_sixty(self, projects: list[Project]) -> None:
        assert 55 <= len(projects) <= 70

    def test_every_family_and_both_legacy_schemes(self, projects: list[Project]) -> None:
        own = {
            kind for kind in CreditKind if kind.startswith(("jcredit_", "jcm_")) or kind in ("domestic_credit", "jver")
        }
        assert {kind for project in projects for kind in project.kinds} == own

    def test_every_region_of_japan_and_nationwide(self, projects: list[Project]) -> None:
        assert {region for project in projects for region in project.regions} == set(Region)
        assert any(project.country == "JP" and not project.prefectures for project in projects)

    def test_every_partner_country_with_a_registered_project(self, projects: list[Project]) -> None:
        assert {project.country for project in projects} == JCM_PARTNERS | {"JP"}

    def test_both_names_everywhere_and_our_own_one_marked(self, projects: list[Project]) -> None:
        for project in projects:
            assert project.name_ja and project.name_en.isprintable(), project.key
            assert project.our_translation == ("ja" if project.scheme is Scheme.JCM else "en"), project.key


class TestFilters:
    def test_conditions_add_up(self, projects: list[Project]) -> None:
        found = find_projects(
            projects, kind=CreditKind.JCREDIT_FOREST, country="JP", prefecture="JP-19", registry=RegistryCode.JCREDIT
        )
        assert [project.key for project in found] == ["jcredit/normal/270"]

    def test_no_condition_finds_all(self, projects: list[Project]) -> None:
        assert find_projects(projects) == tuple(projects)

    def test_a_project_in_two_prefectures_is_found_in_both(self, projects: list[Project]) -> None:
        for prefecture in ("JP-13", "JP-19"):
            assert "jcredit/normal/270" in [p.key for p in find_projects(projects, prefecture=prefecture)]

    def test_a_nationwide_project_answers_to_no_region(self, projects: list[Project]) -> None:
        for region in Region:
            assert all(project.prefectures for project in find_projects(projects, region=region))

    def test_legacy_units_are_found_in_the_jcredit_registry(self, projects: list[Project]) -> None:
        found = find_projects(projects, kind=CreditKind.JVER, registry=RegistryCode.JCREDIT)
        assert {project.scheme for project in found} == {Scheme.JVER}


class TestPrefectures:
    def test_all_47_once_in_eight_regions(self) -> None:
        prefectures = load_prefectures()
        assert list(prefectures) == [f"JP-{number:02d}" for number in range(1, 48)]
        assert Counter(p.region for p in prefectures.values()) == {
            Region.HOKKAIDO: 1,
            Region.TOHOKU: 6,
            Region.KANTO: 7,
            Region.CHUBU: 10,
            Region.KINKI: 6,
            Region.CHUGOKU: 5,
            Region.SHIKOKU: 4,
            Region.KYUSHU_OKINAWA: 8,
        }

    def test_the_place_of_a_project_names_its_first_prefecture(self, projects: list[Project]) -> None:
        for project in projects:
            if project.prefectures:
                assert project.place.startswith(load_prefectures()[project.prefectures[0]].name_ja), project.key


class TestADefectiveFileIsRefused:
    def test_a_misspelt_column(self, tmp_path: Path) -> None:
        path = tmp_path / "rows.toml"
        path.write_text('[[prefecture]]\ncode = "JP-01"\nname_jp = "北海道"\n', encoding="utf-8")
        with pytest.raises(DataDefect, match="name_jp"):
            read_rows(path, "prefecture", catalogue.Source)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"key": "jcredit/normal/1", "source": "nowhere"}, "unknown source"),
            ({"prefectures": ("JP-48",)}, "no such prefectures"),
            ({"country": "MN", "prefectures": ("JP-01",)}, "no such prefectures"),
            ({"activity": ()}, "has no activity"),
            ({"key": "jcm/MN001"}, "a kind is stated exactly outside the JCM"),
        ],
    )
    def test_a_row_that_contradicts_itself(self, change: dict[str, object], message: str) -> None:
        activity = catalogue._ActivityRow(
            methodology="FO-001", name_ja="森", name_en="forest", kind=CreditKind.JCREDIT_FOREST
        )
        sound: dict[str, object] = {
            "key": "jcredit/normal/1",
            "operator": "町",
            "place": "北海道",
            "country": "JP",
            "our_translation": "en",
            "source": "jcredit-list-2024-06",
            "activity": (activity,),
        }
        row = catalogue._ProjectRow(**(sound | change))  # type: ignore[arg-type]
        with pytest.raises(DataDefect, match=message):
            catalogue._project(row)
