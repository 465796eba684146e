"""Help and legal pages are data with one shape in both languages; their gaps stop a live start and nothing else."""

import pytest
from lxml import html
from starlette.testclient import TestClient

from frontend import content_pages
from frontend.content_pages import CONTENT, PAGES, Content, ContentGaps, content, gaps, refuse_gaps
from frontend.locales import Locale

# What the law on sales at a distance asks to show; the labels of the Japanese page.
ASKED_BY_LAW = (
    "販売事業者",
    "運営責任者",
    "所在地",
    "電話番号",
    "メールアドレス",
    "販売価格",
    "その他の費用",
    "支払いの方法",
    "支払いの時期",
    "提供の時期",
    "取消し・返品",
    "販売の数量",
    "動作の環境",
)


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_both_languages_have_the_same_shape(self, page: str) -> None:
        shapes = [[(len(part.text), len(part.items)) for part in content(page, locale).section] for locale in Locale]
        assert shapes[0] == shapes[1]
        assert len(content(page, Locale.JA).gaps()) == len(content(page, Locale.EN).gaps())

    @pytest.mark.parametrize("locale", list(Locale))
    def test_it_is_shown(self, site: TestClient, page: str, locale: Locale) -> None:
        shown = html.fromstring(site.get(f"/{locale}/{page}").content)
        assert shown.xpath("string(//h1)") == content(page, locale).title
        assert [h.text_content() for h in shown.xpath("//h2")] == [s.heading for s in content(page, locale).section]


class TestGaps:
    def test_no_file_is_left_out(self) -> None:
        assert {path.stem for path in CONTENT.glob("*/*.toml")} == set(PAGES)

    def test_the_seller_is_a_gap_until_the_operator_fills_it_in(self) -> None:
        assert "ja/law.toml 【所在地】" in gaps()

    def test_a_live_start_is_refused_and_says_what_is_missing(self) -> None:
        with pytest.raises(ContentGaps, match="所在地") as refused:
            refuse_gaps()
        assert refused.value.gaps == gaps()

    def test_filled_in_texts_let_a_live_start_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        complete = Content.model_validate(
            {"title": "t", "lead": "l", "section": [{"heading": "h", "text": ["全部書いた"]}]}
        )
        monkeypatch.setattr(content_pages, "content", lambda page, locale: complete)
        refuse_gaps()

    def test_the_law_page_shows_what_the_law_asks(self) -> None:
        labels = {label for part in content("law", Locale.JA).section for label, _ in part.items}
        assert set(ASKED_BY_LAW) <= labels
