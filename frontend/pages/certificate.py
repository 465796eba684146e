"""The public page of a certificate, at the address its QR code carries: the verdict first, then the evidence.

Its content is the very sheet that the PDF is printed from, so page and paper cannot say different things.
"""

import hashlib
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from certificates import card
from certificates.mark import mark_svg
from certificates.qr import proof_url, qr_svg, short_url
from certificates.records import CertificateNotFound
from certificates.sheet import sheet
from certificates.standing import standing_of
from certificates.verify import Evidence
from frontend.compression import accepts_gzip
from frontend.context import PageContext, services_of
from frontend.kept_pages import KeptPage, KeptPages
from frontend.pool_view import pool_view, shares_view
from frontend.responses import page_response
from frontend.verdict_view import view_of
from marketplace.certification.examination import examine
from marketplace.certification.publication import published
from marketplace.clock import japan_date

FORMS = ("pdf", "jwt", "svg", "png", "zip", "tlog-proof")
# those that speak a language
PRINTED = ("pdf", "png", "zip")
# drawings are the same for ever and take longer than the rest of the page; each is some ten kilobytes
DRAWINGS_KEPT = 500
# What was found out about a certificate holds until its row says something else. Keys and the signed status list are
# looked at again after a minute all the same.
_kept = KeptPages(most=500, lasts=timedelta(minutes=1))


async def page(request: Request) -> Response:
    """Show the certificate as it stands now. A wish for another spelling of the number leads to the printed one."""
    market, context = services_of(request).market, PageContext.of(request)
    standing = await standing_of(request.path_params["number"])
    now = market.clock()
    key = (standing, japan_date(now), context, market.base_url, accepts_gzip(request))
    kept = _kept.find(key, now=now)
    if kept is not None:
        return kept.answer(request.headers.get("if-none-match"))
    answer, may_be_kept = await _examined(request, context)
    if not isinstance(answer, HTMLResponse):
        return answer
    body = bytes(answer.body)
    headers = {name: value for name, value in answer.headers.items() if name not in {"content-length", "content-type"}}
    made = KeptPage(body, headers, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
    # the same row before and after: nothing changed while the page was made
    if may_be_kept and await standing_of(request.path_params["number"]) == standing:
        _kept.keep(key, made, now=now)
    return made.answer(request.headers.get("if-none-match"))


async def _examined(request: Request, context: PageContext) -> tuple[Response, bool]:
    """The page made anew, or where to go instead; and whether it says the same to everyone for a while."""
    typed = request.path_params["number"]
    market = services_of(request).market
    link_code = request.query_params.get("code")
    try:
        publication = await published(market, typed, link_code=link_code)
        record = publication.record
        pool = await pool_view(market, record, after=request.query_params.get("parts_after", ""))
    except CertificateNotFound as missing:
        raise HTTPException(404) from missing
    if typed != record.number:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/c/{record.number}{query}", status_code=302), False
    evidence = Evidence(number=record.number, disclosures=publication.disclosures)
    examination = await examine(market, evidence, link_code=link_code)
    statement_hash = record.statement.sha256()
    answer = page_response(
        request,
        "pages/certificate.html",
        headers={"Link": f'</v1/certificates/{record.number}.jwt>; rel="alternate"; type="application/vc+jwt"'},
        sheet=sheet(
            record.statement,
            publication.disclosures,
            verification_url=short_url(market.base_url, record.number),
            locale=context.locale.value,
        ),
        verdict=view_of(examination.verdict, context.locale),
        ended=record.ended,
        withheld=bool(publication.withheld),
        logged=examination.verdict.logged,
        code_query="" if publication.listed else f"?code={link_code}",
        footprint_id=record.statement.footprint.id if record.statement.footprint else None,
        footprint_g=record.statement.footprint.total_g if record.statement.footprint else None,
        statement_hash=statement_hash,
        grams=record.grams,
        pool=pool,
        pool_shares=await shares_view(record),
        card_size=(card.WIDTH, card.HEIGHT),
        engraved=_mark(statement_hash),
        qr=Markup(qr_svg(proof_url(market.base_url, record.number, record.proof))),  # noqa: S704  # drawn by us
    )
    # how much of a pool is left changes without the certificate's own row
    pooled = pool is not None or record.statement.from_pool is not None
    return answer, publication.listed and examination.verdict.logged is not None and not pooled


@lru_cache(maxsize=DRAWINGS_KEPT)
def _mark(statement_hash: str) -> Markup:
    return Markup(mark_svg(statement_hash, detail="fine"))  # noqa: S704  # drawn by us from hex digits


async def other_form(request: Request) -> Response:
    """Short addresses for the PDF, the credential and the QR code, which the interface for programs serves."""
    number, form = request.path_params["number"], request.path_params["form"]
    if form not in FORMS:
        raise HTTPException(404)
    query = {"code": request.query_params["code"]} if "code" in request.query_params else {}
    if form in PRINTED:
        query["lang"] = PageContext.of(request).locale.value
    asked = f"?{urlencode(query)}" if query else ""
    return RedirectResponse(f"/v1/certificates/{number}.{form}{asked}", status_code=302)
