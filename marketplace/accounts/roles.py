"""What somebody may be here. Owner, buyer and provider are roles in an organisation; operator and auditor in the service."""

from enum import StrEnum


class Role(StrEnum):
    """An owner may everything that a buyer may and looks after members and keys; an auditor reads and changes nothing."""

    OWNER = "owner"
    BUYER = "buyer"
    PROVIDER = "provider"
    OPERATOR = "operator"
    AUDITOR = "auditor"


IN_ORGANISATIONS = frozenset({Role.OWNER, Role.BUYER, Role.PROVIDER})
IN_THE_SERVICE = frozenset({Role.OPERATOR, Role.AUDITOR})
# Whoever sells units, moves money or reads everybody's acts shows a second factor first.
NEED_SECOND_FACTOR = frozenset({Role.PROVIDER, Role.OPERATOR, Role.AUDITOR})


def roles_of_member(role: Role, *, sells: bool) -> frozenset[Role]:
    """What a member is, given the role it was taken in with; `sells` says that the organisation is a provider."""
    match role:
        case Role.OWNER:
            return frozenset({Role.OWNER, Role.BUYER}) | ({Role.PROVIDER} if sells else frozenset())
        case Role.PROVIDER:
            return frozenset({Role.PROVIDER}) if sells else frozenset()
        case _:
            return frozenset({role})
