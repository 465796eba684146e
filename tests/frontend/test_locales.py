"""A visitor reads the language the browser asks for; Japanese where it asks for none of ours."""

import pytest

from frontend.locales import Locale, negotiate


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", Locale.JA),
        ("en", Locale.EN),
        ("en-US,en;q=0.9", Locale.EN),
        ("fr-FR,fr;q=0.9", Locale.JA),
        ("fr;q=1.0, en;q=0.4", Locale.EN),
        ("ja;q=0.5, en;q=0.8", Locale.EN),
        ("en;q=0, ja", Locale.JA),
        ("EN-gb", Locale.EN),
        ("en;q=strange", Locale.JA),
        (";;;,,=", Locale.JA),
        ("ja,en", Locale.JA),
    ],
)
def test_negotiation(header: str, chosen: Locale) -> None:
    assert negotiate(header) is chosen
