// From activity data to a dry run of an order: node example.ts (with ASHIATO_API and, for your own orders, ASHIATO_KEY)
import { randomUUID } from "node:crypto";
import { Ashiato, Refused } from "./client.ts";
import type { paths } from "./schema.d.ts";

const api = new Ashiato<paths>(process.env.ASHIATO_API ?? "http://127.0.0.1:8000", { key: process.env.ASHIATO_KEY });

const footprint = await api.post("/v1/footprints", {
  body: {
    type: "event",
    subject: { name: "Example conference", place: "札幌" },
    period: { start: "2026-12-12", end: "2026-12-13" },
    inputs: { lodging: [{ people: "31", nights: "2" }] },
  },
  idempotencyKey: randomUUID(),
});
const listings = await api.get("/v1/listings", { query: { limit: 1 } });
const quote = await api.post("/v1/quotes", {
  body: {
    listings: [{ listing_id: listings.data[0]!.id, amount_g: footprint.to_cancel_g }],
    rounding: "whole",
    footprint_id: footprint.id,
  },
  idempotencyKey: randomUUID(),
});
const consent = await api.get("/v1/consent", { query: { locale: "en" } });
const rehearsed = await api.post("/v1/orders", {
  body: {
    quote_id: quote.id,
    consent_version: consent.version,
    locale: "en",
    dry_run: true,
    instruction: {
      type: "event",
      subject: "Example conference",
      period_first: "2026-12-12",
      period_last: "2026-12-13",
      beneficiary: "Example conference committee",
      beneficiary_public: true,
      purpose_detail: "Offset of the example conference",
      credit_user: "Example conference committee",
      reduction_effort: "Handouts are sent by mail instead of printed",
    },
  },
  idempotencyKey: randomUUID(),
});

let refusal = "";
try {
  await api.get("/v1/quotes/{quote_id}", { path: { quote_id: "none" } });
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  refusal = error.code;
}
console.log(JSON.stringify({ total_g: footprint.total_g, total: rehearsed.total, refusal }));
