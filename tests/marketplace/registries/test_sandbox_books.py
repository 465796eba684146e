"""The sandbox registry's own books: rules that the database keeps by itself, and what no sequence of acts can break."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from marketplace.registries.protocol import WireApplication, WireSerials, WireTransfer
from marketplace.registries.sandbox import books, cancellations, transfers
from marketplace.registries.sandbox.books import HeldRange, Seed
from marketplace.registries.sandbox.cancellations import ReferenceTaken
from marketplace.registries.sandbox.database import Database
from marketplace.registries.sandbox.faults import IN_THE_BOOKS
from marketplace.registries.sandbox.schedule import Schedule
from marketplace.registries.sandbox.transfers import TransferRefused

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SMALL = Seed.model_validate(
    {
        "accounts": [{"id": "service", "name": ""}, {"id": "provider", "name": ""}],
        "blocks": [{"id": "B1", "first": 1, "last": 40, "acts": ["mukoka"]}],
        "holdings": [
            {"account": "service", "block": "B1", "first": 1, "last": 20},
            {"account": "provider", "block": "B1", "first": 21, "last": 40},
        ],
    }
)


def a_wish(reference: str, first: int, last: int, account: str = "service") -> WireApplication:
    return WireApplication(
        reference=reference,
        account=account,
        block="B1",
        serials=WireSerials(first=first, last=last),
        tonnes=last - first + 1,
        act="mukoka",
        purpose="carbon_offset",
        purpose_detail="",
        credit_user="",
    )


def apply(db: sqlite3.Connection, wish: WireApplication, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "client": "market",
        "now": NOON,
        "schedule": Schedule(),
        "unique_references": True,
        "fault": None,
    }
    return cancellations.apply(db, wish, **given | changed)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "books.sqlite3")
    with database.transaction() as db:
        books.load_seed(db, SMALL)
    yield database
    database.close()


class TestTheDatabaseKeepsTheRulesByItself:
    """Straight SQL, as a defect in the code above could write it."""

    @pytest.fixture
    def db(self, database: Database) -> Iterator[sqlite3.Connection]:
        with database.transaction() as db:
            apply(db, a_wish("R1", 1, 10))
            yield db

    @pytest.mark.parametrize(
        ("statement", "rule"),
        [
            ("INSERT INTO cancelled VALUES ('B1', 10, 10, 1)", "already_cancelled"),
            ("INSERT INTO cancelled VALUES ('B1', 11, 12, 1)", "still_held"),
            ("INSERT INTO cancelled VALUES ('B1', 41, 41, 1)", "serials_outside_block"),
            ("INSERT INTO block VALUES ('B2', 1.5, 2, '', '', '')", "CHECK"),
            ("INSERT INTO block VALUES ('B2', 1, 9223372036854775807 + 1, '', '', '')", "CHECK"),
            ("UPDATE cancelled SET last = 9", "cancelled_is_final"),
            ("DELETE FROM cancelled", "cancelled_is_final"),
            ("REPLACE INTO cancelled VALUES ('B1', 1, 1, 1)", "already_cancelled"),
            ("INSERT INTO holding VALUES ('B1', 5, 6, 'service')", "already_cancelled"),
            ("INSERT INTO holding VALUES ('B1', 15, 16, 'provider')", "held_twice"),
            ("INSERT INTO holding VALUES ('B1', 41, 42, 'provider')", "serials_outside_block"),
            ("UPDATE holding SET account = 'provider'", "holding_is_replaced_not_updated"),
            ("UPDATE application SET state = 'rejected', rejection_reason = 'x'", "decided_is_final"),
            ("DELETE FROM application", "application_stays"),
        ],
    )
    def test_a_statement_that_breaks_one_fails(self, db: sqlite3.Connection, statement: str, rule: str) -> None:
        with pytest.raises(sqlite3.IntegrityError, match=rule):
            db.execute(statement)

    def test_two_pending_applications_for_one_serial(self, db: sqlite3.Connection) -> None:
        apply(db, a_wish("R2", 11, 12), schedule=Schedule(delay_seconds=60))
        columns = [row["name"] for row in db.execute("PRAGMA table_info(application)") if row["name"] != "id"]
        values = ", ".join("NULL" if name == "unique_reference" else name for name in columns)
        with pytest.raises(sqlite3.IntegrityError, match="in_another_application"):
            db.execute(
                f"INSERT INTO application ({', '.join(columns)}) SELECT {values} FROM application WHERE reference = 'R2'"
            )


class TestATransactionIsWholeOrNot:
    def test_a_failure_halfway_leaves_nothing(self, database: Database) -> None:
        with pytest.raises(KeyError), database.transaction() as db:
            apply(db, a_wish("R1", 1, 10))
            raise KeyError
        with database.transaction() as db:
            assert cancellations.by_reference(db, "market", "R1") == []
            assert books.holds_all(db, "service", "B1", 1, 20)


class TestReferencesAreSeparatePerClient:
    def test_two_clients_may_use_the_same_one(self, database: Database) -> None:
        with database.transaction() as db:
            apply(db, a_wish("R1", 1, 1))
            other = apply(db, a_wish("R1", 21, 21, "provider"), client="provider")
            assert other["state"] == "confirmed"
            with pytest.raises(ReferenceTaken):
                apply(db, a_wish("R1", 2, 2))


class TestAnApplicationCostsTheSameHoweverManyCameBefore:
    def test_in_steps_of_the_database(self, tmp_path: Path) -> None:
        """Every second serial, so that what is held falls into as many pieces as were cancelled."""
        database = Database(tmp_path / "many.sqlite3")
        block = {"id": "B1", "first": 1, "last": 1_000, "acts": ["mukoka"]}
        held = {"account": "service", "block": "B1", "first": 1, "last": 1_000}
        with database.transaction() as db:
            books.load_seed(
                db, Seed.model_validate({"accounts": [SMALL.accounts[0]], "blocks": [block], "holdings": [held]})
            )
            steps = [self._steps_of(db, 2 * n) for n in range(1, 401)]
        database.close()
        assert max(steps[-10:]) <= 1.2 * max(steps[10:20])

    def _steps_of(self, db: sqlite3.Connection, serial: int) -> int:
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        db.set_progress_handler(count, 10)
        assert apply(db, a_wish(f"R{serial}", serial, serial))["state"] == "confirmed"
        db.set_progress_handler(None, 10)
        return steps


SPANS = st.tuples(st.integers(1, 42), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


class AnythingGoes(RuleBasedStateMachine):
    """Random applications, transfers, waiting, faults and forgetful references against one small block."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "books.sqlite3")
        self.now = NOON
        with self.database.transaction() as db:
            books.load_seed(db, SMALL)

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(
        reference=st.sampled_from(["R1", "R2", "R3", "R4", "R5", "R6"]),
        account=st.sampled_from(["service", "provider", "nobody"]),
        span=SPANS,
        how=st.fixed_dictionaries(
            {
                "schedule": st.sampled_from([0, 0, 60, 3600]).map(lambda delay: Schedule(delay_seconds=delay)),
                "fault": st.sampled_from([None, None, *sorted(IN_THE_BOOKS)]),
                "unique_references": st.booleans(),
            }
        ),
    )
    def apply(self, reference: str, account: str, span: tuple[int, int], how: dict[str, Any]) -> None:
        with self.database.transaction() as db:
            try:
                apply(db, a_wish(reference, *span, account), now=self.now, **how)
            except ReferenceTaken:
                return

    @rule(
        number=st.integers(1, 10**9),
        accounts=st.permutations(["service", "provider"]),
        span=SPANS,
    )
    def transfer(self, number: int, accounts: list[str], span: tuple[int, int]) -> None:
        serials = WireSerials(first=span[0], last=span[1])
        wish = WireTransfer(
            reference=f"T{number}", from_account=accounts[0], to_account=accounts[1], block="B1", serials=serials
        )
        with self.database.transaction() as db:
            try:
                transfers.transfer(db, wish, client="market", now=self.now)
            except (TransferRefused, ReferenceTaken):
                return

    @rule(seconds=st.integers(1, 4000))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        with self.database.transaction() as db:
            cancellations.decide_due(db, self.now)

    @rule()
    def seed_again(self) -> None:
        with self.database.transaction() as db:
            books.load_seed(db, SMALL)

    @invariant()
    def every_serial_is_held_or_cancelled_exactly_once(self) -> None:
        with self.database.transaction() as db:
            rows = db.execute("SELECT first, last FROM holding UNION ALL SELECT first, last FROM cancelled").fetchall()
        serials = [serial for row in rows for serial in range(row["first"], row["last"] + 1)]
        assert sorted(serials) == list(range(1, 41))

    @invariant()
    def what_was_confirmed_is_what_was_cancelled(self) -> None:
        with self.database.transaction() as db:
            confirmed = db.execute("SELECT id, first, last FROM application WHERE state = 'confirmed'").fetchall()
            cancelled = {row["application"]: row for row in db.execute("SELECT * FROM cancelled")}
        assert {row["id"] for row in confirmed} == set(cancelled)
        for row in confirmed:
            assert row["first"] == cancelled[row["id"]]["first"] <= cancelled[row["id"]]["last"] <= row["last"]


AnythingGoes.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestNoSequenceOfActsBreaksTheBooks = AnythingGoes.TestCase


def test_taking_out_the_middle_leaves_both_ends(database: Database) -> None:
    with database.transaction() as db:
        books.take_out(db, "service", "B1", 5, 8)
        assert books.held_by(db, "service", "B1", 1, 40) == [
            HeldRange("B1", 1, 4, "service"),
            HeldRange("B1", 9, 20, "service"),
        ]
