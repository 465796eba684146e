from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.claims.judge import Audience, Wording
from certificates.claims.wording import ClaimTexts, NoFootprintToShow, sentence, share_text, tonnes_text
from certificates.claims.words import find_words, load_words

TODAY = date(2026, 11, 22)


def found(text: str, audience: Audience = Audience.GENERAL, on: date = TODAY) -> list[str]:
    return [hit.word.id for hit in find_words(text, audience=audience, on=on)]


TEXTS = ClaimTexts(
    subject="第12回大会",
    period="2026-09-12/2026-09-13",
    credits="J-クレジット(森林)",
    act="無効化",
    covered_g=3_000_000,
    footprint_g=4_512_345,
)


class TestForbiddenWordsAreFound:
    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("CO2ゼロの大会", "zero_emission"),
            ("ＣＯ２ ゼロ", "zero_emission"),
            ("CO₂排出量実質ゼロ", "zero_emission"),
            ("排出ゼロを達成", "zero_emission"),
            ("ゼロカーボン・イベント", "zero_emission"),
            ("Zero emissions event", "zero_emission"),
            ("a carbon-free conference", "zero_emission"),
            ("Net Zero shipping", "zero_emission"),
            ("climate neutral", "climate_positive"),
            ("Climate‑positive delivery", "climate_positive"),
            ("カーボン・ネガティブ", "climate_positive"),
            ("エコな大会", "eco"),
            ("ｴｺなイベント", "eco"),
            ("eco-friendly", "eco"),
            ("ECO event", "eco"),
            ("地球に優しい", "eco"),
            ("日本初のオフセット", "first"),
            ("Japan's first", "first"),
        ],
    )
    def test_however_they_are_written(self, text: str, word: str) -> None:
        assert found(text) == [word]

    @pytest.mark.parametrize(
        "text",
        [
            "エコノミークラスで移動しました",
            "economy class, ecology and recommendations",
            "エコバッグを配布",
            "3.0 t のうち 2.0 t をオフセットしました",
            "CO2 0.5 t",
            "会議は第一ホールで",
            "The first day of the conference",
            "",
        ],
    )
    def test_ordinary_words_are_not(self, text: str) -> None:
        assert found(text) == []

    def test_towards_eu_consumers_more_words_are_forbidden(self) -> None:
        text = "This product is CO2-neutral"
        assert found(text, Audience.EU_CONSUMERS) == ["neutral_towards_eu_consumers"]
        assert found(text, Audience.EU_CONSUMERS, date(2026, 9, 26)) == []
        assert found(text) == []

    @given(st.text(max_size=300))
    def test_any_text_can_be_searched(self, text: str) -> None:
        assert all(hit.text for hit in find_words(text, audience=Audience.EU_CONSUMERS, on=TODAY))

    def test_each_says_what_to_write_instead(self) -> None:
        for word in load_words():
            assert word.explanation["ja"].endswith("。")
            assert word.explanation["en"].endswith(".")
            assert word.source


class TestOurOwnSentences:
    @pytest.mark.parametrize("wording", Wording)
    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_use_no_forbidden_word(self, wording: Wording, language: str) -> None:
        text = sentence(wording, TEXTS, "ja" if language == "ja" else "en")
        assert found(text) == []
        assert "{" not in text

    @pytest.mark.parametrize("wording", [w for w in Wording if w is not Wording.CONTRIBUTION])
    def test_say_that_the_emissions_took_place(self, wording: Wording) -> None:
        assert "took place" in sentence(wording, TEXTS, "en")
        assert "なくなったわけではありません" in sentence(wording, TEXTS, "ja")

    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_to_eu_consumers_say_nothing_forbidden_there(self, language: str) -> None:
        text = sentence(Wording.CONTRIBUTION, TEXTS, "ja" if language == "ja" else "en")
        assert found(text, Audience.EU_CONSUMERS) == []

    def test_show_amount_and_share(self) -> None:
        text = sentence(Wording.OFFSET_PARTIAL, TEXTS, "ja")
        assert "排出量4.512345 tのうち3 t(66.4%)を、J-クレジット(森林)の無効化により" in text

    def test_name_the_act_as_the_registry_does(self) -> None:
        jcm = ClaimTexts("大会", "2026", "JCMクレジット", "取消し", 1, 1)
        assert "取消し" in sentence(Wording.OFFSET_FULL, jcm, "ja")

    @pytest.mark.parametrize("wording", [w for w in Wording if w is not Wording.CONTRIBUTION])
    def test_about_an_offset_need_its_footprint(self, wording: Wording) -> None:
        with pytest.raises(NoFootprintToShow):
            sentence(wording, ClaimTexts("大会", "2026", "J", "無効化", 1, None), "ja")

    def test_braces_in_a_name_stay_braces(self) -> None:
        text = sentence(Wording.CONTRIBUTION, ClaimTexts("{covered}", "2026", "{credits}", "無効化", 1, None), "en")
        assert "{credits}" in text


class TestAmounts:
    @pytest.mark.parametrize(
        ("grams", "text"),
        [
            (0, "0 t"),
            (1, "0.000001 t"),
            (1_000_000, "1 t"),
            (10_000_000, "10 t"),
            (12_345_000, "12.345 t"),
            (100_000_000_000_000_001, "100000000000.000001 t"),
        ],
    )
    def test_are_exact(self, grams: int, text: str) -> None:
        assert tonnes_text(grams) == text

    @given(st.integers(0, 10**15), st.integers(1, 10**15))
    def test_shares_are_never_rounded_up(self, part: int, whole: int) -> None:
        whole_percent, tenth = share_text(part, whole).removesuffix("%").split(".")
        assert int(whole_percent + tenth) * whole <= part * 1000

    def test_almost_all_is_not_all(self) -> None:
        assert share_text(999_999, 1_000_000) == "99.9%"
