"""The sandbox's clock: the machine's, set ahead on request so that tomorrow can be tried today."""

import sqlite3
import time


def now(connection: sqlite3.Connection) -> float:
    """Seconds since 1970, by the sandbox's clock."""
    row = connection.execute("SELECT ahead FROM clock").fetchone()
    return time.time() + float(row["ahead"])


def advance(connection: sqlite3.Connection, seconds: float) -> None:
    """Set the clock ahead by `seconds` more; it stays ahead after a restart."""
    connection.execute("UPDATE clock SET ahead = ahead + ?", [seconds])
