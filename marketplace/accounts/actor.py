"""Who acts: a person at a page, a program with a key, or whoever works at the machine's own console."""

from dataclasses import dataclass

from marketplace.accounts.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """`person_id` is what the audit trail keeps: a person's id, a key's id, or "console"; names can be erased, ids stay.

    `organisation_id` is the organisation it acts for at present, `provider_id` the provider that organisation is.
    """

    person_id: str
    name: str
    email: str
    organisation_id: str | None
    provider_id: str | None
    roles: frozenset[Role]

    def is_any(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


CONSOLE = Actor("console", "console", "", None, None, frozenset({Role.OPERATOR}))
"""Whoever may run `ashiato` commands beside the database; there is nothing above it that could vouch for a name."""
