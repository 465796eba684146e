"""Every endpoint of version 1, in the order in which a newcomer meets them."""

from api.v1 import cancellations, certificates, factors, footprints, listings, order_papers, orders, projects, quotes, verifications

ENDPOINTS = (
    footprints.create_footprint,
    footprints.read_footprint,
    footprints.read_footprint_document,
    footprints.read_footprint_worksheet,
    factors.search_factors,
    factors.list_editions,
    factors.list_recalls,
    factors.read_factor,
    projects.list_projects,
    projects.read_project,
    listings.list_listings,
    quotes.create_quote,
    quotes.read_quote,
    orders.read_consent,
    orders.create_order,
    orders.list_orders,
    order_papers.list_papers,
    order_papers.read_invoice,
    order_papers.read_receipt,
    order_papers.read_credit_note,
    orders.read_order,
    # the forms with an ending come before the address that would swallow them
    certificates.read_open_badge,
    certificates.read_credential,
    certificates.read_pdf,
    certificates.read_qr,
    certificates.read_log_proof,
    certificates.read_bundle,
    certificates.read_certificate,
    cancellations.list_cancellations,
    verifications.verify_certificate,
)
