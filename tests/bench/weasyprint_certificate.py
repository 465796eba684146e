"""The same certificate set by WeasyPrint: the same words, figures, drawings, fonts, attachments and archive standard."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import noto_cjk_sans_jp_regular
import pylopdf_fonts_jp
from weasyprint import HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

SANS = Path(str(noto_cjk_sans_jp_regular.__file__)).parent / "NotoSansCJKjp-Regular.otf"
SERIF = Path(str(pylopdf_fonts_jp.__file__)).parent / "NotoSerifJP-Regular.otf"

STYLE = f"""
@font-face {{ font-family: sans; src: url({SANS.as_uri()}) }}
@font-face {{ font-family: serif; src: url({SERIF.as_uri()}) }}
@page {{ size: A4; margin: 20mm 22mm 18mm }}
body {{ font: 8.6pt sans }} h1, h2, .figure {{ font-family: serif; font-weight: normal }} h1 {{ font-size: 26pt }}
.figure {{ font-size: 46pt }} .mark svg {{ height: 54mm }} .code svg {{ width: 34mm }}
table {{ width: 100%; border-collapse: collapse }} td, th {{ border-top: .4pt solid #b9b4aa; padding: 1mm 0; text-align: left }}
"""


def compiled() -> FontConfiguration:
    """What can be kept from one certificate to the next."""
    return FontConfiguration()


def pdf_of(sheet: dict[str, Any], *, mark: str, qr: str, attached: dict[str, str], fonts: FontConfiguration) -> bytes:
    page = (
        f'<html lang="{sheet["locale"]}"><head><title>{escape(sheet["document_title"])}</title><style>{STYLE}</style></head>'
        f"<body><p>{escape(sheet['words']['issuer'])} {sheet['number']}</p><h1>{escape(sheet['words']['title'])}</h1>"
        f'<div class="mark">{mark}</div><p>{escape(sheet["type"])}</p><h2>{escape(sheet["name"])}</h2>'
        f'<p class="figure">{sheet["amount"]["figure"]} {escape(sheet["amount"]["unit"])}</p>'
        f"<p>{escape(sheet['headline'])}</p><p>{escape(sheet['meaning'])}</p>"
        f"{_table((row['label'], row['figure'], row['unit']) for row in sheet['figures'])}{_facts(sheet['facts'])}"
        f'{_lines(sheet["limits"])}<div class="code">{qr}</div><p>{sheet["url"]} {escape(sheet["issued"])}</p>'
        f'<h2 style="page-break-before: always">{escape(sheet["words"]["calculation"])}</h2>{_calculation(sheet)}'
        f"{_facts(sheet['registered'])}{''.join(_credit(credit) for credit in sheet['credits'])}{_lines(sheet['checking'])}"
        "</body></html>"
    )
    files = [Attachment(string=text, name=name, relationship="Data") for name, text in attached.items()]
    document = HTML(string=page).render(font_config=fonts, pdf_variant="pdf/a-3a", attachments=files)
    return bytes(document.write_pdf())


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _facts(facts: list[dict[str, str]]) -> str:
    return _table((row["label"], row["value"]) for row in facts)


def _lines(lines: list[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _calculation(sheet: dict[str, Any]) -> str:
    lines = sheet["calculation"]["lines"]
    return _table((f"{line['label']} {line['formula']} {line['source']}", line["amount"]) for line in lines) + _lines(
        sheet["calculation"]["notes"]
    )


def _credit(credit: dict[str, Any]) -> str:
    serials = [(f"{span['first']} – {span['last']}", span["quantity"]) for span in credit["serials"]]
    return _facts([*credit["wide"], *credit["facts"]]) + _table(serials)
