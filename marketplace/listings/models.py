"""A holding offered at a price."""

from tortoise import fields
from tortoise.models import Model

from marketplace.inventory.models import Holding


class Listing(Model):
    """`yen_per_tonne` is net of consumption tax."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    holding: fields.ForeignKeyRelation[Holding] = fields.ForeignKeyField("ashiato.Holding")
    holding_id: str
    yen_per_tonne: fields.Field[int] = fields.BigIntField()
    minimum_tonnes: fields.Field[int] = fields.BigIntField()
    open: fields.Field[bool] = fields.BooleanField()

    class Meta:
        table = "listing"
