"""A holding offered at a price."""

import json
from datetime import date

from tortoise import fields
from tortoise.models import Model

from marketplace.inventory.models import Holding


class Listing(Model):
    """`yen_per_tonne` is net of consumption tax. `uses` is a JSON list of purposes, None for all; the days are Japan time, both
    included, None where there is no limit."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    holding: fields.ForeignKeyRelation[Holding] = fields.ForeignKeyField("ashiato.Holding")
    holding_id: str
    yen_per_tonne: fields.Field[int] = fields.BigIntField()
    minimum_tonnes: fields.Field[int] = fields.BigIntField()
    open: fields.Field[bool] = fields.BooleanField()
    uses: fields.Field[str | None] = fields.CharField(2000, null=True)
    opens_on: fields.Field[date | None] = fields.DateField(null=True)
    closes_on: fields.Field[date | None] = fields.DateField(null=True)

    class Meta:
        table = "listing"

    def is_offered(self, on: date) -> bool:
        """Whether somebody may buy from it on a day in Japan time."""
        began = self.opens_on is None or self.opens_on <= on
        ended = self.closes_on is not None and self.closes_on < on
        return self.open and began and not ended

    def permits(self, purpose: str) -> bool:
        """Whether its provider sells for this purpose."""
        return self.uses is None or purpose in json.loads(self.uses)
