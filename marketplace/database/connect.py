"""The Tortoise configuration for a database URL."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MODEL_MODULES = (
    "certificates.models",
    "marketplace.outbox.models",
    "marketplace.inventory.models",
    "marketplace.listings.models",
    "marketplace.footprints.models",
    "marketplace.quotes.models",
    "marketplace.pools.models",
    "marketplace.plans.models",
    "marketplace.orders.models",
    "marketplace.payments.models",
    "marketplace.ledger.models",
    "marketplace.payouts.models",
    "marketplace.invoices.models",
    "marketplace.retirements.models",
    "marketplace.registries.desk.models",
    "marketplace.idempotency.models",
    "marketplace.accounts.models",
    "marketplace.bulk.models",
    "marketplace.contact.models",
    "marketplace.audit.models",
    "marketplace.closures.models",
    "marketplace.deposits.models",
    "marketplace.mail.models",
    "marketplace.notifications.models",
    "marketplace.reconciliation.models",
    "marketplace.providers.models",
    "marketplace.participation.models",
    "marketplace.items.models",
    "marketplace.products.models",
    "marketplace.taken_back.models",
    "marketplace.sandbox_wishes.models",
)


class UnknownDatabase(ValueError):
    """The URL names neither SQLite nor PostgreSQL."""

    code = "unknown_database"


def tortoise_config(database_url: str) -> dict[str, Any]:
    """Accepts sqlite:///absolute/path and postgresql://user:password@host:port/name?host=/socket/folder."""
    url = urlsplit(database_url)
    if url.scheme == "sqlite":
        connection = _sqlite(url.path)
    elif url.scheme in {"postgres", "postgresql"}:
        query = parse_qs(url.query)
        connection = _postgres(
            database=url.path.lstrip("/"),
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            host=query.get("host", [url.hostname or "localhost"])[0],
            port=url.port or int(query.get("port", ["5432"])[0]),
        )
    else:
        raise UnknownDatabase(f"{url.scheme!r} is neither sqlite nor postgresql")
    return {
        "connections": {"default": connection},
        "apps": {"ashiato": {"models": list(MODEL_MODULES), "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "engine": "marketplace.database.sqlite_immediate",
        "credentials": {"file_path": path, "busy_timeout": 15_000, "journal_mode": "WAL", "synchronous": "FULL"},
    }


def _postgres(*, database: str, user: str, password: str, host: str, port: int) -> dict[str, Any]:
    return {
        "engine": "marketplace.database.postgres_asyncpg",
        "credentials": {
            "database": database,
            "user": user,
            "password": password,
            "host": host,
            "port": port,
            "minsize": 1,
            "maxsize": 10,
            # the stock hundred is less than what one order alone needs: each would be parsed and planned anew every time
            "statement_cache_size": 1_000,
        },
    }
