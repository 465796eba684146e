"""The disclosure sheet of a certificate: what a declaration or a report asks for, from the same record, to be printed."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from certificates.claims.texts import texts_of
from certificates.qr import short_url
from certificates.records import CertificateNotFound
from certificates.sheet import sheet
from certificates.verify import Evidence
from frontend.claim_view import view_of as claim_view_of
from frontend.context import PageContext, services_of
from frontend.responses import page_response
from frontend.verdict_view import view_of
from marketplace.certification.claims import judge_certificate
from marketplace.certification.examination import examine
from marketplace.certification.publication import published
from marketplace.clock import japan_date


async def page(request: Request) -> Response:
    """Show it as the certificate stands now; an unlisted one opens with its ?code= only."""
    market = services_of(request).market
    link_code = request.query_params.get("code")
    try:
        publication = await published(market, request.path_params["number"], link_code=link_code)
    except CertificateNotFound as missing:
        raise HTTPException(404) from missing
    context, record = PageContext.of(request), publication.record
    statement = record.statement
    evidence = Evidence(number=record.number, disclosures=publication.disclosures)
    examination = await examine(market, evidence, link_code=link_code)
    judgement = judge_certificate(statement, on=japan_date(market.clock()))
    return page_response(
        request,
        "pages/disclosure.html",
        sheet=sheet(
            statement,
            publication.disclosures,
            verification_url=short_url(market.base_url, record.number),
            locale=context.locale.value,
        ),
        verdict=view_of(examination.verdict, context.locale),
        claim=claim_view_of(
            judgement, texts_of(statement, publication.disclosures, context.locale.value), context.locale
        ),
        ended=record.ended,
        statement_hash=statement.sha256(),
        version=statement.version,
        checked_at=short_url(market.base_url, record.number),
        code_query="" if publication.listed else f"?code={link_code}",
    )
