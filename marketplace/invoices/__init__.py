"""Qualified invoices, receipts and credit notes: frozen when they are numbered, drawn from what was frozen."""
