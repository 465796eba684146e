"""Message catalogues: the English sentence is the id, locale/<tag>/LC_MESSAGES/messages.po holds the other language.

The .po text is read when the process starts, so no compiled file is kept or can be out of date. English needs no
catalogue: its sentences are the ids, plural forms included.
"""

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from frontend.locales import Locale

LOCALES = Path(__file__).parent / "locale"


@cache
def translations(locale: Locale) -> gettext.NullTranslations:
    """Return the catalogue of `locale`; doubtful ("fuzzy") entries are left out, and the tests refuse them anyway."""
    if locale is Locale.EN:
        return gettext.NullTranslations()
    source = LOCALES / locale / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as text:
        catalogue = read_po(text, locale=locale.value)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
