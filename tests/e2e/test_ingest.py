"""aisle ingest: messy files that keep coming, into tables that are right, once, whole or not at all."""
import csv
import errno
import io
import json
import os
import signal
import subprocess
import time
import unittest
from decimal import Decimal
from pathlib import Path

try:
    import deltalake
except ImportError:
    deltalake = None

from aisle import BAD_INPUT, INVALID_ARGUMENT, IO, NO_SPACE, NOT_FOUND, PROGRAM, ROOT, WorkspaceCase, ask, run

SALES = """
source: landing/*.csv
keys: [order_id]
keep_last_by: changed
derive:
  revenue: qty * price
  day: CAST(changed AS DATE)
partition_by: [country]
"""
HEADER = "order_id,changed,country,qty,price,note\n"


def line(number, day=1, country="DE", qty=2, price="10.00", note="x"):
    return f"O-{number:06},2026-01-{day:02} 10:00:00,{country},{qty},{price},{note}\n"


try:
    import jsonschema
    from referencing import Registry, Resource
    SCHEMAS = {path.name: json.loads(path.read_text()) for path in (ROOT / "schemas").glob("*.json")}
    REGISTRY = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())
except ImportError:
    jsonschema = None


def assert_schema(case, name, value):
    if jsonschema is None:
        return
    problems = [f"{problem.json_path}: {problem.message[:300]}" for problem in jsonschema.Draft202012Validator(SCHEMAS[name], registry=REGISTRY).iter_errors(value)]
    case.assertEqual(problems, [], value)


class IngestCase(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.shop = self.folder / "shop"
        for name in ("ingest", "landing"):
            (self.shop / name).mkdir(parents=True)
        (self.shop / "aisle.yaml").write_text("version: 1\nname: shop\n")
        self.define(SALES)

    def define(self, text, name="sales"):
        (self.shop / "ingest" / f"{name}.yaml").write_text(text)

    def land(self, name, *lines, header=HEADER):
        path = self.shop / "landing" / name
        path.write_text(header + "".join(lines))
        return path

    def ingest(self, *flags, status=0):
        """Runs it; returns the reports by definition."""
        done = run("ingest", "-w", self.shop, "--json", *flags)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.error = done.stderr
        self.events = [json.loads(text) for text in done.stdout.splitlines()]
        for event in self.events:
            assert_schema(self, "ingest_event.json", event)
        return {event["definition"]: event for event in self.events if event["event"] == "load"}

    def rows(self, table="sales"):
        done = run("export", "-w", self.shop, table)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def by_id(self, table="sales"):
        return {row["order_id"]: row for row in self.rows(table)}


class Loads(IngestCase):
    def test_a_folder_becomes_a_table_that_answers(self):
        self.land("a.csv", *(line(i, country="DE" if i % 3 else "FR") for i in range(30)))
        self.land("b.csv", *(line(i, country="FR") for i in range(30, 40)))
        report = self.ingest()["sales"]
        self.assertEqual((report["outcome"], report["files_read"], report["rows"]["inserted"]), ("loaded", 2, 40))
        status, answer = ask(self.shop, "revenue by country")
        self.assertEqual(status, 0)
        self.assertEqual({row[0]: row[1] for row in answer["rows"]}, {"DE": 400, "FR": 400})
        self.assertTrue((self.shop / "lake/sales/country=DE").is_dir())

    def test_of_rows_with_one_key_the_last_counts(self):
        self.land("a.csv", line(1, day=3, qty=3), line(1, day=9, qty=9), line(1, day=5, qty=5), line(2), line(2))
        report = self.ingest()["sales"]
        self.assertEqual(report["rows"]["duplicate"], 3)
        rows = self.by_id()
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows["O-000001"]["qty"], "9")

    def test_without_a_column_to_go_by_the_last_file_counts(self):
        self.define("source: landing/*.csv\nkeys: [order_id]\ntarget: sales\n")
        self.land("a.csv", line(1, qty=9), line(2))
        self.land("b.csv", line(1, qty=4))
        self.ingest()
        self.assertEqual(self.by_id()["O-000001"]["qty"], "4")

    def test_rows_without_a_key_are_all_kept(self):
        self.land("a.csv", line(1), ",2026-01-01 10:00:00,DE,1,1.00,x\n", ",2026-01-01 10:00:00,DE,1,1.00,x\n")
        self.ingest()
        self.assertEqual(len(self.rows()), 3)

    def test_the_same_content_again_does_nothing(self):
        first = self.land("a.csv", line(1), line(2))
        version = self.ingest()["sales"]["version"]
        os.utime(first, (1, 1))
        self.land("copy.csv", line(1), line(2))
        again = self.ingest()["sales"]
        self.assertEqual((again["outcome"], again["files_known"], again["version"]), ("nothing_new", 2, version))

    def test_late_and_corrected_rows(self):
        self.land("a.csv", line(1, day=5), line(2, day=5, country="FR"), line(3, day=5))
        self.ingest()
        # A correction, a row of before that comes late, an outdated state, a row that is the same.
        self.land("b.csv", line(1, day=6, qty=7), line(4, day=2), line(2, day=1, qty=99, country="FR"), line(3, day=5))
        rows = self.ingest()["sales"]["rows"]
        self.assertEqual((rows["inserted"], rows["updated"]), (1, 1))
        table = self.by_id()
        self.assertEqual([table[f"O-00000{i}"]["qty"] for i in (1, 2, 3, 4)], ["7", "2", "2", "2"])
        self.assertEqual(Decimal(table["O-000001"]["revenue"]), 70)

    def test_appending_and_overwriting(self):
        self.define("source: landing/*.csv\ntarget: sales\n")
        self.land("a.csv", line(1), line(1))
        self.ingest()
        self.assertEqual(len(self.rows()), 2)
        self.define("source: landing/*.csv\ntarget: sales\nmode: overwrite\n")
        self.land("b.csv", line(5))
        self.ingest()
        self.assertEqual(sorted(row["order_id"] for row in self.rows()), ["O-000005"])

    def test_several_buckets_give_the_same_rows(self):
        lines = [line(i % 700, day=1 + i % 20, qty=1 + i % 7, country=("DE", "FR", "PL")[i % 700 % 3]) for i in range(3000)]
        self.land("a.csv", *lines)
        self.ingest()
        whole = sorted(self.rows(), key=lambda row: row["order_id"])
        self.define(SALES + "target: cut\n", "cut")
        report = self.ingest("cut", "--bucket-size", "20kB")["cut"]
        self.assertGreater(report["buckets"], 4)
        self.assertEqual(sorted(self.rows("cut"), key=lambda row: row["order_id"]), whole)

    def test_a_query_with_parameters(self):
        self.define("source: landing/*.csv\ntarget: picked\nkeys: [order_id]\nparameters: {least: 3}\n"
                    "sql: |\n  SELECT order_id, qty * price AS revenue, country FROM source\n  WHERE qty >= :least AND country = :country\n", "picked")
        self.land("a.csv", line(1, qty=2), line(2, qty=3), line(3, qty=4, country="FR"), line(4, qty=5))
        self.ingest("picked", status=INVALID_ARGUMENT)
        self.assertIn(":country", self.error)
        self.ingest("picked", "--param", "country=DE")
        self.assertEqual(sorted(self.by_id("picked")), ["O-000002", "O-000004"])
        self.ingest("picked", "--param", "country=FR")
        self.assertEqual(sorted(self.by_id("picked")), ["O-000002", "O-000003", "O-000004"])

    def test_a_query_over_two_sources(self):
        self.define("sources:\n  orders: landing/orders.csv\n  shops: landing/shops.csv\ntarget: joined\n"
                    "sql: SELECT o.order_id, s.town FROM orders o JOIN shops s ON o.country = s.country\n", "joined")
        self.land("orders.csv", line(1), line(2, country="FR"))
        self.land("shops.csv", "DE,Berlin\n", "FR,Lyon\n", header="country,town\n")
        self.ingest("joined")
        self.assertEqual({key: row["town"] for key, row in self.by_id("joined").items()}, {"O-000001": "Berlin", "O-000002": "Lyon"})

    def test_only_one_select_over_the_sources_passes(self):
        self.land("a.csv", line(1))
        for sql in ("DROP TABLE source", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM lake.sales",
                    "SELECT 1; SELECT 2", "COPY source TO 'x'"):
            self.define(f"source: landing/*.csv\ntarget: bad\nsql: {json.dumps(sql)}\n", "bad")
            done = run("ingest", "-w", self.shop, "bad")
            self.assertEqual(done.returncode, 10, sql + done.stdout + done.stderr)
            self.assertIn("ingest/bad.yaml:3:", done.stderr)
            self.assertFalse((self.shop / "lake/bad").exists())

    def test_several_tables_become_visible_together_or_not_at_all(self):
        self.define("source: landing/other.txt\ntarget: other\n", "other")
        self.land("a.csv", line(1))
        (self.shop / "landing/other.txt").write_text("")
        self.ingest(status=BAD_INPUT)
        self.assertFalse((self.shop / "snapshots/current.json").exists())
        (self.shop / "landing/other.txt").write_text("a,b\n1,2\n3,4\n")
        self.ingest()
        self.assertEqual(len(self.rows("other")), 2)
        self.assertEqual(len(self.rows("sales")), 1)

    def test_plan_changes_nothing(self):
        self.land("a.csv", line(1))
        report = self.ingest("--plan")["sales"]
        self.assertEqual(report["outcome"], "planned")
        self.assertTrue(any("create the table sales" in step for step in report["steps"]))
        self.assertIn("FROM source", report["sql"])
        self.assertFalse((self.shop / "lake/sales").exists())

    def test_a_file_that_nobody_wrote_a_definition_for(self):
        (self.shop / "ingest/sales.yaml").unlink()
        path = self.write("visits.csv", "day,visits\n2026-01-01,5\n2026-01-02,7\n")
        self.ingest(path)
        self.assertEqual(len(self.rows("visits")), 2)

    def test_drift_is_told_and_not_taken_silently(self):
        self.land("a.csv", line(1))
        self.ingest()
        wide = HEADER.strip() + ",channel\n"
        self.land("b.csv", line(2).strip() + ",web\n", header=wide)
        self.ingest(status=BAD_INPUT)
        self.assertIn("channel", self.error)
        self.assertEqual(len(self.rows()), 1)
        self.define(SALES + "drift: accept\n")
        report = self.ingest()["sales"]
        self.assertIn("channel", report["drift"][0])
        self.assertEqual(len(self.rows()), 2)
        if deltalake is not None:
            table = deltalake.DeltaTable(str(self.shop / "lake/sales"))
            self.assertIn("channel", [field.name for field in table.schema().fields])

    def test_nothing_to_read(self):
        self.ingest(status=NOT_FOUND)
        self.assertIn("landing/*.csv", self.error)
        done = run("ingest", "-w", self.shop, "nosuch")
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertIn("nosuch", done.stderr)

    def test_mistakes_are_named_by_place(self):
        self.define("source: landing/*.csv\nkey: [a]\n")
        self.land("a.csv", line(1))
        self.ingest(status=BAD_INPUT)
        self.assertIn("ingest/sales.yaml:2:1:", self.error)


    def test_check_names_mistakes_without_data(self):
        self.define("source: landing/*.csv\nderive:\n  a: sum(qty)\n  b: read_text('/etc/passwd')\nquality:\n  - {sql: 'qty > (SELECT 1)'}\n", "sales")
        self.define("source: x.csv\nsql: SELECT * FROM source, lake.other\n", "other")
        done = run("check", "-w", self.shop)
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        places = sorted(text.split(": ")[0] for text in done.stdout.splitlines() if text.startswith("ingest/"))
        self.assertEqual(places, ["ingest/other.yaml:2:6", "ingest/sales.yaml:3:6", "ingest/sales.yaml:4:6", "ingest/sales.yaml:6:5"], done.stdout)


class Weeks(IngestCase):
    WEEKLY = """
sources: {source: landing/live.csv}
target: sales
keys: [order_id]
sql: |
  SELECT order_id, changed, country, qty, price, qty * price AS revenue, _file, _place FROM source
  WHERE changed < CAST(:week_end AS TIMESTAMP)
history: {date: changed, measures: [revenue]}
"""

    def test_a_week_is_kept_and_restated_history_is_told(self):
        self.define(self.WEEKLY)
        first = [line(i, day=5 + i % 7, qty=2) for i in range(100)]  # 2026-01-05 is the Monday of week 2
        self.land("live.csv", *first)
        self.ingest("--week", "2026-W02")
        self.assertEqual(len(self.rows()), 100)
        # The source goes on changing: a correction of week 2, a late row, rows of week 3, and one of week 4 that is too early.
        later = [line(0, day=5, qty=6)] + first[1:] + [line(200, day=6, qty=2)] + [line(300 + i, day=12, qty=1) for i in range(10)] + [line(400, day=20)]
        self.land("live.csv", *later)
        self.ingest("--week", "2026-W03")
        said = [event["text"] for event in self.events if event["event"] == "week"]
        self.assertTrue(any(text.startswith("week 2026-02: revenue changed by +3.0 % since it was reported (2,000.00, now 2,060.00)") for text in said), said)
        self.assertTrue(any("rows changed by +1.0 %" in text for text in said), said)
        self.assertIn('kept as the snapshot "week 2026-03"', said)
        self.assertEqual(len(self.rows()), 111)
        versions = [{table["name"]: table["version"] for table in json.loads((self.shop / f"snapshots/{name}.json").read_text())["tables"]}["sales"]
                    for name in ("week 2026-02", "week 2026-03")]
        self.assertLess(versions[0], versions[1])
        names = sorted(path.stem for path in (self.shop / "snapshots").glob("*.json"))
        self.assertEqual(names, ["current", "week 2026-02", "week 2026-03"])
        # The same week again, with nothing new, says nothing.
        self.ingest("--week", "2026-W03")
        self.assertFalse([event for event in self.events if "changed by" in event.get("text", "")])

    def test_a_file_stays_known_in_the_next_week_where_the_query_does_not_ask_for_the_week(self):
        self.define("source: landing/*.csv\nderive: {revenue: qty * price}\nhistory: {date: changed, measures: [revenue]}\n")
        self.land("a.csv", line(1), line(2))
        self.ingest("--week", "2026-W01")
        self.land("b.csv", line(3))
        report = self.ingest("--week", "2026-W02")["sales"]
        self.assertEqual((report["files_known"], report["rows"]["inserted"]), (1, 1))
        self.assertEqual(len(self.rows()), 3)

    def test_a_week_must_be_one(self):
        self.define(self.WEEKLY)
        self.land("live.csv", line(1))
        self.ingest("--week", "2026-W60", status=INVALID_ARGUMENT)
        self.ingest(status=INVALID_ARGUMENT)
        self.assertIn("--week 2026-W47", self.error)


FAULTS = Path(PROGRAM).parent / "tests/faults/faults.so"


@unittest.skipUnless(FAULTS.exists(), "built without the fault library")
class Faults(IngestCase):
    """The nth write, sync, open, rename or link fails: the table is as before or whole, and the next run makes it right."""

    def strike(self, call, nth, error):
        mark = self.folder / "struck"
        mark.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": str(FAULTS), "AISLE_FAULT": f"{call}:{nth}:{error}", "AISLE_FAULT_MARK": str(mark)}
        return run("ingest", "-w", self.shop, env=environment), mark.exists()

    def check(self, call, error, status, moments=(1, 2, 3, 5, 8, 11, 14, 18, 23)):
        self.define(SALES + "quality:\n  - {range: qty, to: 9}\n")
        self.land("a.csv", *(line(i) for i in range(20)))
        self.ingest()
        struck_once = False
        for nth in moments:
            with self.subTest(f"{call} number {nth}"):
                expected = len(self.rows()) + 10
                self.land(f"b{call}{nth}.csv", *(line(1000 + nth * 100 + i, qty=1 + nth % 9) for i in range(10)), line(7, qty=99, day=28))
                done, struck = self.strike(call, nth, error)
                struck_once |= struck
                self.assertGreaterEqual(done.returncode, 0, done.stderr)
                if done.returncode != 0:
                    self.assert_clean_failure(done, status)
                    self.assertIn(len(self.rows()), (expected - 10, expected))
                self.ingest()
                self.assertEqual(len(self.rows()), expected)
                self.assertEqual(self.by_id()["O-000007"]["qty"], "2")
            if not struck:
                break
        self.assertTrue(struck_once)

    def test_a_full_disk(self):
        self.check("write", errno.ENOSPC, NO_SPACE)

    def test_writes_that_fail(self):
        self.check("write", errno.EIO, IO, (1, 4, 9, 15))

    def test_syncs_that_fail(self):
        self.check("fsync", errno.EIO, IO, (1, 4, 9, 15))

    def test_renames_that_fail(self):
        self.check("rename", errno.EIO, IO, (1, 2, 3, 4))

    def test_links_that_fail(self):
        self.check("link", errno.EIO, IO, (1, 2))


class Large(IngestCase):
    """Files large enough for the parallel reader."""

    def write_large(self, rows=450_000):
        path = self.shop / "landing/large.csv"
        with path.open("w") as out:
            out.write(HEADER)
            for i in range(rows):
                out.write(line(i % 400_000, day=1 + i % 28, country=("DE", "FR", "PL")[i % 3], qty=1 + i % 9))
        self.assertGreater(path.stat().st_size, 16 << 20)
        return path

    def test_one_of_each_key(self):
        self.write_large()
        report = self.ingest("--bucket-size", "8MB")["sales"]
        self.assertEqual((report["rows"]["read"], report["rows"]["inserted"], report["rows"]["duplicate"]), (450_000, 400_000, 50_000))
        status, answer = ask(self.shop, "how many orders")
        self.assertEqual((status, answer["rows"]), (0, [[400_000]]))

    def test_a_cell_that_contradicts_the_sample_is_read_the_long_way(self):
        path = self.write_large()
        with path.open("a") as out:
            out.write("O-999999,2026-01-02 10:00:00,DE,3,7.5O,x\n")
            out.write(line(500_000) * 10)
        report = self.ingest()["sales"]
        self.assertEqual((report["rows"]["read"], report["rows"]["unreadable"]), (450_010, 1), "its row is set apart")
        kept = next((self.shop / "lake/_quality/sales").glob("*.unreadable.csv")).read_text()
        self.assertIn("large.csv,450002,", kept)
        self.assertIn("O-999999,2026-01-02 10:00:00,DE,3,7.5O,x", kept)

    def test_killed_at_any_moment_the_next_run_ends_it(self):
        """The number of rows is right after every kill and restart, and nothing is seen of a load that did not end."""
        self.write_large()
        command = [PROGRAM, "ingest", "-w", str(self.shop), "--bucket-size", "4MB"]
        resumed = False
        for delay in (0.2, 0.6, 0.9, 1.3, 1.7, 2.2):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if (self.shop / "snapshots/current.json").exists():
                break
        report = self.ingest("--bucket-size", "4MB")["sales"]
        resumed = report["resumed"] or report["outcome"] == "nothing_new"
        self.assertIn(report["outcome"], ("loaded", "nothing_new"))
        self.assertTrue(resumed or report["outcome"] == "loaded")
        status, answer = ask(self.shop, "how many orders")
        self.assertEqual((status, answer["rows"]), (0, [[400_000]]))
        self.assertEqual(list((self.shop / "state/ingest/sales").glob("*")), [])

    def test_work_that_was_done_is_not_done_again(self):
        self.write_large()
        command = [PROGRAM, "ingest", "-w", str(self.shop), "--bucket-size", "4MB"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not list((self.shop / "state/ingest").glob("sales/*/spill.json")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse((self.shop / "snapshots/current.json").exists())
        report = self.ingest("--bucket-size", "4MB")["sales"]
        self.assertTrue(report["resumed"] or report["outcome"] == "nothing_new")
        self.assertEqual(len({row["order_id"] for row in self.rows()}), 400_000)


if __name__ == "__main__":
    unittest.main()
