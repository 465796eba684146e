"""Every endpoint of version 1, in the order in which a newcomer meets them."""

from api.v1 import certificates, factors, footprints, listings, orders, projects, quotes, verifications

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
    orders.read_order,
    # the forms with an ending come before the address that would swallow them
    certificates.read_open_badge,
    certificates.read_credential,
    certificates.read_pdf,
    certificates.read_qr,
    certificates.read_log_proof,
    certificates.read_bundle,
    certificates.read_certificate,
    verifications.verify_certificate,
)
