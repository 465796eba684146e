"""From activity data to a dry run of an order, with the generated client; ASHIATO_API and ASHIATO_KEY say where and as whom."""

import os
from uuid import uuid4

from ashiato_client import Client
from ashiato_client.api.buying import create_order, create_quote, read_consent, read_quote
from ashiato_client.api.catalogue import list_listings
from ashiato_client.api.footprints import create_footprint
from ashiato_client.models import FootprintsFootprintWish, OrderBody, Problem, QuoteWish

with Client(base_url=os.environ.get("ASHIATO_API", "http://127.0.0.1:8000")) as client:
    footprint = create_footprint.sync(
        client=client,
        body=FootprintsFootprintWish.from_dict(
            {
                "type": "event",
                "subject": {"name": "Example conference", "place": "札幌"},
                "period": {"start": "2026-12-12", "end": "2026-12-13"},
                "inputs": {"lodging": [{"people": "31", "nights": "2"}]},
            }
        ),
        idempotency_key=uuid4().hex,
    )
    listings = list_listings.sync(client=client, limit=1)
    quote = create_quote.sync(
        client=client,
        body=QuoteWish.from_dict(
            {
                "listings": [{"listing_id": listings.data[0].id, "amount_g": footprint.to_cancel_g}],
                "rounding": "whole",
                "footprint_id": footprint.id,
            }
        ),
        idempotency_key=uuid4().hex,
    )
    consent = read_consent.sync(client=client)
    rehearsed = create_order.sync(
        client=client,
        body=OrderBody.from_dict(
            {
                "quote_id": quote.id,
                "consent_version": consent.version,
                "dry_run": True,
                "instruction": {
                    "type": "event",
                    "subject": "Example conference",
                    "period_first": "2026-12-12",
                    "period_last": "2026-12-13",
                    "beneficiary": "Example conference committee",
                    "beneficiary_public": True,
                    "purpose_detail": "Offset of the example conference",
                    "credit_user": "Example conference committee",
                    "reduction_effort": "Handouts are sent by mail instead of printed",
                },
            }
        ),
        idempotency_key=uuid4().hex,
    )
    # a refusal is an object too, with a stable code
    refused = read_quote.sync("none", client=client)
    assert isinstance(refused, Problem)  # noqa: S101
    print(footprint.total_g, rehearsed.total, refused.code)  # noqa: T201
