"""Every sentence exists in both languages, and none is kept that no page uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import frontend
from frontend.locales import Locale
from frontend.pages.errors import KNOWN
from frontend.pages.style import SAMPLE_COLOURS
from frontend.wording import LOCALES, NoWords, table_of, words

FRONTEND = Path(frontend.__file__).parent
TABLES = sorted({path.stem for path in LOCALES.glob("*/*.toml")})


@pytest.fixture(scope="module")
def japanese() -> Catalog:
    with (LOCALES / "ja" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale="ja", abort_invalid=True)


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Message ids in the templates; for a plural message its singular."""
    with (FRONTEND / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = extract_from_dir(FRONTEND, methods, options)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def entries(catalogue: Catalog) -> Iterator[tuple[str, tuple[str, ...]]]:
    for message in catalogue:
        if message.id:
            singular = message.id if isinstance(message.id, str) else message.id[0]
            yield singular, (message.string,) if isinstance(message.string, str) else tuple(message.string)


class TestMessages:
    def test_none_is_untranslated(self, japanese: Catalog, used: set[str]) -> None:
        translated = {singular for singular, strings in entries(japanese) if all(strings)}
        assert used - translated == set()

    def test_none_is_unused(self, japanese: Catalog, used: set[str]) -> None:
        assert {singular for singular, _ in entries(japanese)} - used == set()

    def test_none_is_doubtful(self, japanese: Catalog) -> None:
        assert [message.id for message in japanese if message.fuzzy and message.id] == []

    def test_placeholders_survive_translation(self, japanese: Catalog) -> None:
        assert [(message.id, str(error)) for message, errors in japanese.check() for error in errors] == []


@pytest.mark.parametrize("table", TABLES)
class TestTablesOfWords:
    def test_both_languages_have_the_same_codes(self, table: str) -> None:
        assert table_of(table, Locale.JA).keys() == table_of(table, Locale.EN).keys()

    def test_no_entry_is_empty(self, table: str) -> None:
        for locale in Locale:
            assert [key for key, text in table_of(table, locale).items() if not text.strip()] == []

    def test_both_languages_use_the_same_parameters(self, table: str) -> None:
        for key, text in table_of(table, Locale.JA).items():
            assert parameters(text) == parameters(table_of(table, Locale.EN)[key]), key


def parameters(sentence: str) -> set[str]:
    from string import Formatter

    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


class TestWordsForCodes:
    def test_a_code_without_words_is_refused(self) -> None:
        with pytest.raises(NoWords, match="no words for 'status_299'"):
            words("errors", "status_299", Locale.JA)

    def test_numbers_are_written_as_the_locale_does_and_text_is_kept(self) -> None:
        assert words("errors", "status_other.title", Locale.EN, {"status": 1418}).endswith("(1,418)")
        assert words("errors", "status_other.title", Locale.EN, {"status": "418"}).endswith("(418)")

    def test_error_pages_and_style_page_have_exactly_their_words(self) -> None:
        kinds = {f"status_{status}" for status in KNOWN} | {"status_other"}
        assert table_of("errors", Locale.JA).keys() == {f"{k}.{part}" for k in kinds for part in ("title", "next")}
        shown = {key.removeprefix("colour.") for key in table_of("style", Locale.JA) if key.startswith("colour.")}
        assert shown == set(SAMPLE_COLOURS)
