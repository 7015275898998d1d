"""What tests of Delta tables share: changing them with the lake's own tool, reading them with delta-rs."""
import os
import subprocess
from pathlib import Path

from aisle import PROGRAM

try:
    import deltalake
except ImportError:
    deltalake = None

TOOL = str(Path(PROGRAM).resolve().parent / "tests/lake/lake_tool")
FAULTS = Path(PROGRAM).resolve().parent / "tests/faults/faults.so"
COLUMNS = "id:integer,day:date,region:text,amount:decimal,at:timestamp"


def rows(start, count):
    """SQL of `count` rows from an id on, over three days and four regions (one of them NULL, one with awkward letters)."""
    return (f"SELECT i AS id, DATE '2026-11-01' + CAST(i % 3 AS INTEGER) AS day, "
            f"CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'A/B % é=' ELSE 'r' || (i % 4) END AS region, "
            f"CAST(i * 1.25 AS DECIMAL(18,4)) AS amount, TIMESTAMP '2026-11-01 00:00:00.000123' + to_seconds(i) AS at "
            f"FROM range({start}, {start + count}) t(i)")


def start(*arguments, **options):
    return subprocess.Popen([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


def tool(*arguments, env=None, timeout=120):
    """Runs the tool; returns the finished process."""
    return subprocess.run([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **env} if env else None)


def done(*arguments, **options):
    """Runs the tool, which must succeed; returns what it printed."""
    finished = tool(*arguments, **options)
    if finished.returncode != 0:
        raise AssertionError(f"lake_tool {arguments[0]}: exit {finished.returncode}: {finished.stderr}")
    return finished.stdout.strip()


def create(location, count=100, partitions="day,region"):
    done("create", location, rows(0, count), COLUMNS, partitions)


def ask_delta_rs(location, sql, version=None, storage_options=None):
    """Rows of a query over table t, as delta-rs reads it."""
    table = deltalake.DeltaTable(str(location), version=version, storage_options=storage_options)
    result = deltalake.QueryBuilder().register("t", table).execute(sql)
    batches = result.read_all() if hasattr(result, "read_all") else result
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in to_rows(batches)]


def to_rows(table):
    columns = [table.column(name).to_pylist() for name in table.schema.names]
    return list(zip(*columns)) if columns else []
