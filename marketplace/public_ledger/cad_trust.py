"""An entry in the unit fields of the Climate Action Data Trust's data model, version 1.

Only what we know is filled in; where the model's pick lists have a word for not knowing, that word stands. Vintages that
span several years have no single `vintageYear`, so the cell is left empty.
"""

import json
import re
from collections.abc import Mapping

from marketplace.public_ledger.entries import LedgerEntry

FIELDS = (
    "unitOwner",
    "countryJurisdictionOfOwner",
    "unitBlockStart",
    "unitBlockEnd",
    "unitCount",
    "vintageYear",
    "unitType",
    "unitStatus",
    "unitStatusReason",
    "unitRegistryLink",
    "marketplace",
    "marketplaceLink",
    "marketplaceIdentifier",
    "correspondingAdjustmentDeclaration",
    "correspondingAdjustmentStatus",
)
# An act that uses the units up for a claim retires them in the model's words; one that takes them out of use cancels them.
_STATUS = {"mukoka": "Retired", "torikeshi": "Cancelled"}
_YEAR = re.compile(r"(?:19|20)\d\d")


def unit_row(entry: LedgerEntry, *, base_url: str) -> Mapping[str, str]:
    """One row, every field a text; `base_url` without a slash at the end."""
    block = entry.block
    return {
        "unitOwner": entry.beneficiary or "",
        "countryJurisdictionOfOwner": "Japan",
        "unitBlockStart": block.serial_text(entry.serials.first),
        "unitBlockEnd": block.serial_text(entry.serials.last),
        "unitCount": str(entry.tonnes),
        "vintageYear": _single_year(block.vintages),
        "unitType": "Not Determined",
        "unitStatus": _STATUS.get(entry.act.code, "Retired"),
        "unitStatusReason": entry.use.name.en,
        "unitRegistryLink": entry.project.source.url,
        "marketplace": "Ashiato",
        "marketplaceLink": f"{base_url}/c/{entry.certificate}" if entry.certificate else "",
        "marketplaceIdentifier": entry.certificate or "",
        "correspondingAdjustmentDeclaration": "Unknown",
        "correspondingAdjustmentStatus": "Unknown",
    }


def _single_year(vintages: str) -> str:
    years = {year for vintage in json.loads(vintages) for year in _YEAR.findall(vintage["label"])}
    return years.pop() if len(years) == 1 else ""
