"""Units cancelled in the service's own name, whose grams many buyers share."""
