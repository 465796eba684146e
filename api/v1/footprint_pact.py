"""The footprint of a product as PACT data, for those who exchange product footprints along a supply chain."""

import json
from decimal import Decimal
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field
from starlette.responses import Response

from api.calls import Call, Content
from api.endpoints import JSON, endpoint
from api.v1.footprints import FootprintPath
from api.v1.shapes import Wish
from marketplace.errors import FootprintNotFound
from marketplace.footprints.service import stored
from offset_calc import from_dict
from offset_calc.pact import SPEC_VERSION, NotACradleToGateProduct, PactParty, product_footprint

Urn = Annotated[str, Field(pattern=r"^urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:\S{1,200}$")]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Kilograms = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=9)]


class PactQuery(Wish):
    """What PACT data say about company and product and a footprint does not know; masses per declared unit."""

    company_name: ShortText
    company_id: Annotated[Urn, Field(description="A URN of the company, for instance urn:uuid:…")]
    product_id: Annotated[Urn, Field(description="A URN of the product, for instance urn:gtin:4912345678904")]
    description: ShortText
    mass_kg: Annotated[Kilograms, Field(gt=0)]
    fossil_carbon_kg: Kilograms


@endpoint(
    "GET",
    "/v1/footprints/{id}/pact.json",
    answers={200: Content(JSON, f"A ProductFootprint of the PACT Technical Specifications {SPEC_VERSION}.")},
    refuses=(FootprintNotFound, NotACradleToGateProduct),
    tag="Footprints",
    query_example={
        "company_name": "Example Inc.",
        "company_id": "urn:uuid:1f0c5a52-6d0c-4f0e-9d2a-3f6b6c8d7e11",
        "product_id": "urn:gtin:4912345678904",
        "description": "Example product",
        "mass_kg": "1.2",
        "fossil_carbon_kg": "0.1",
    },
)
async def read_footprint_as_pact(call: Call, path: FootprintPath, query: PactQuery) -> Response:
    """Read a product footprint as PACT data

    Cradle to gate, per declared unit. Its `id` follows from the footprint's, so the same footprint is always the same object.
    """
    row = await stored(path.id)
    party = PactParty(
        company_name=query.company_name,
        company_ids=[query.company_id],
        product_ids=[query.product_id],
        product_description=query.description,
        mass_kg=query.mass_kg,
        fossil_carbon_kg=query.fossil_carbon_kg,
    )
    url = f"{call.services.public_origin}/v1/footprints/{row.id}"
    document = product_footprint(
        from_dict(json.loads(row.document)), party, footprint_id=uuid5(NAMESPACE_URL, url), created=row.created_at
    )
    headers = {"Content-Disposition": f'attachment; filename="pact-{row.sha256[:8]}.json"'}
    return Response(json.dumps(document, ensure_ascii=False), media_type=JSON, headers=headers)
