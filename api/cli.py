"""The `ashiato` command."""

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from api.no_instance import NoInstance
from api.operator_parsers import (
    add_books,
    add_certificate,
    add_keys,
    add_log,
    add_people,
    add_providers,
    add_reconcile,
    add_switches,
    add_verify,
)

EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ashiato", description="Carbon-offset marketplace and retirement service")
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser(
        "serve", help="everything on this machine, with a sandbox registry and sandbox payments"
    )
    serve.add_argument("--port", type=int, default=8000, help="web port; the next two serve payments and registry")
    serve.add_argument("--data", type=Path, default=Path("data"), help="folder of databases, keys and logs")

    web = commands.add_parser("web", help="the web process alone, settings from ASHIATO_… variables")
    web.add_argument("--port", type=int, default=8000)
    web.add_argument("--host", default="127.0.0.1")

    commands.add_parser("worker", help="the worker process alone, settings from ASHIATO_… variables")
    commands.add_parser("migrate", help="bring the database to the present schema")

    doctor = commands.add_parser("doctor", help="check the books against every invariant")
    doctor.add_argument("--data", type=Path, help="check an embedded instance instead of ASHIATO_DATABASE_URL")

    demo = commands.add_parser("demo", help="walk the whole path over HTTP against a fresh instance")
    demo.add_argument("--runs", type=int, default=1, help="repeat on the same instance and print p50 and p95 per step")

    add_verify(commands)

    footprint = commands.add_parser("footprint", help="recompute a saved footprint, or compute a file of activities")
    of_footprints = footprint.add_subparsers(dest="act", required=True)
    replay = of_footprints.add_parser(
        "replay", help="recompute a footprint's JSON file offline and compare it to the gram"
    )
    replay.add_argument("file", type=Path)
    bulk = of_footprints.add_parser("bulk", help="compute a Parquet or CSV file of any number of activities")
    bulk.add_argument("file", type=Path, help="columns date, kind, quantity, unit and, if wanted, site and supplier")
    bulk.add_argument("--out", type=Path, required=True, help="folder for totals.csv, rejected.csv and result.json")

    factors = commands.add_parser("factors", help="recall a factor that is wrong, and list what was computed with it")
    of_factors = factors.add_subparsers(dest="act", required=True)
    recall = of_factors.add_parser("recall", help="mark a factor as wrong and report the footprints that used it")
    recall.add_argument("factor_id")
    recall.add_argument("--reason", required=True, type=_some_words, help="what is wrong, and where that is said")
    recall.add_argument("--corrected-value", help="the right value in the factor's unit, if it is known")
    report = of_factors.add_parser("recalls", help="list all recalls, or report the footprints of one recalled factor")
    report.add_argument("factor_id", nargs="?")
    for command in (recall, report):
        command.add_argument("--data", type=Path, help="an embedded instance instead of ASHIATO_DATABASE_URL")

    add_certificate(commands)
    add_keys(commands)
    add_log(commands)
    add_people(commands)
    add_switches(commands)
    add_providers(commands)
    add_reconcile(commands)
    add_books(commands)

    chosen = parser.parse_args(arguments)
    try:
        return _run(chosen)
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = ".".join(str(part) for part in problem["loc"])
            setting = f"ASHIATO_{name.upper()}: " if name else ""
            sys.stderr.write(f"{setting}{problem['msg']}\n")
        return EXIT_USAGE
    except NoInstance as nowhere:
        sys.stderr.write(f"{nowhere}\n")
        return EXIT_USAGE


def _run(chosen: argparse.Namespace) -> int:
    # each command imports what it needs: `serve` and `verify` start without the web application
    match chosen.command:
        case "serve":
            return _serve(chosen.data, chosen.port)
        case "web":
            from api.processes import run_web  # noqa: PLC0415

            run_web(chosen.host, chosen.port)
        case "worker":
            from api.processes import run_worker  # noqa: PLC0415

            run_worker()
        case "migrate":
            from api.maintenance import migrate_database  # noqa: PLC0415

            for name in asyncio.run(migrate_database()):
                sys.stdout.write(f"applied {name}\n")
        case "doctor":
            from api.maintenance import examine  # noqa: PLC0415

            return asyncio.run(examine(chosen.data))
        case "demo":
            from api.demo import run_demo  # noqa: PLC0415

            return run_demo(runs=chosen.runs)
        case (
            "books"
            | "certificate"
            | "keys"
            | "log"
            | "people"
            | "providers"
            | "factors"
            | "footprint"
            | "reconcile"
            | "switches"
        ):
            return _operate(chosen)
        case "verify":
            from api.verify_command import run_verify  # noqa: PLC0415

            return run_verify(
                chosen.evidence,
                issuer=chosen.issuer,
                keys=chosen.keys,
                log_key=chosen.log_key,
                pdf_roots=chosen.pdf_roots,
                offline=chosen.offline,
                as_json=chosen.json,
            )
    return 0


def _operate(chosen: argparse.Namespace) -> int:
    if chosen.command == "books":
        from api.books_command import run as run_books  # noqa: PLC0415

        return run_books(chosen)
    if chosen.command == "footprint":
        from api.footprint_command import run_bulk_file, run_replay  # noqa: PLC0415

        return run_replay(chosen.file) if chosen.act == "replay" else run_bulk_file(chosen.file, chosen.out)
    if chosen.command == "factors":
        return _factors(chosen)
    code: int = importlib.import_module(f"api.{chosen.command}_command").run(chosen)
    return code


def _some_words(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()


def _factors(chosen: argparse.Namespace) -> int:
    from api.recall_command import run_recall, run_report  # noqa: PLC0415

    if chosen.act == "recall":
        return asyncio.run(
            run_recall(chosen.factor_id, reason=chosen.reason, corrected_value=chosen.corrected_value, data=chosen.data)
        )
    return asyncio.run(run_report(chosen.factor_id, data=chosen.data))


def _serve(data: Path, port: int) -> int:
    from api.embedded import ChildFailed, Embedded  # noqa: PLC0415
    from api.ports import Ports, PortTaken  # noqa: PLC0415

    embedded = Embedded(data, Ports.from_first(port))
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, embedded.stop)
    try:
        embedded.start()
    except (PortTaken, ChildFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Ashiato (sandbox) is running at {embedded.address}  -  stop with Ctrl+C\n")
    sys.stdout.flush()
    embedded.watch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
