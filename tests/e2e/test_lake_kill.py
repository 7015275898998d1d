"""kill -9 at every write, flush, rename, link and removal of every kind of change: afterwards the table is at the version before
or after it, whole, to us and to delta-rs, and the change can be made again."""
import os
import shutil
import signal
import subprocess
import unittest

import lake
from aisle import WorkspaceCase, run
from test_lake_tables import Bucket

DAY = "DATE '2026-11-01' AS day"
MAX_POINTS = 400


@unittest.skipUnless(lake.FAULTS.exists(), "the fault library is not built")
class KilledAtEveryStep(WorkspaceCase):
    calls, environment, options, slack = "any", {}, None, 2

    def setUp(self):
        super().setUp()
        self.prepared, self.table = self.folder / "prepared", self.folder / "work/sales"

    def killed(self, point, *arguments):
        """Runs a change that dies at its nth call; whether it did."""
        mark = self.folder / "mark"
        mark.unlink(missing_ok=True)
        finished = lake.tool(*arguments, env={**self.environment, "LD_PRELOAD": str(lake.FAULTS), "AISLE_FAULT": f"{self.calls}:{point}:kill",
                                              "AISLE_FAULT_MARK": str(mark)})
        if not mark.exists():
            self.assertEqual(finished.returncode, 0, finished.stderr)
            return False
        self.assertEqual(finished.returncode, -signal.SIGKILL, finished.stderr)
        return True

    def fresh(self):
        shutil.rmtree(self.table.parent, ignore_errors=True)
        shutil.copytree(self.prepared, self.table.parent)

    def totals(self):
        """Rows and the sum of ids, equal to both readers."""
        ours = tuple(int(part) for part in lake.done("sum", self.table, "count(*), sum(id)", env=self.environment).split())
        if lake.deltalake:
            theirs = lake.ask_delta_rs(self.table, "select count(*), sum(id) from t", storage_options=self.options)
            self.assertEqual(tuple(theirs[0]), ours)
        return ours

    def undisturbed(self, verb, *arguments):
        """The calls that the change makes when nothing stops it, as (name, path)."""
        log = self.folder / "calls"
        log.unlink(missing_ok=True)
        lake.done(verb, self.table, *arguments, env={**self.environment, "LD_PRELOAD": str(lake.FAULTS), "AISLE_FAULT_LOG": str(log)})
        calls = [tuple(text.split(" ", 1)) for text in log.read_text().splitlines()]
        return [call for call in calls if (call[0] == "send") == (self.calls == "send")]

    def check_every_step(self, verb, *arguments, least, between=0):
        """`least`: points at which it must have died; `between`: those from the first data file on to the commit."""
        self.fresh()
        before = self.totals()
        calls = self.undisturbed(verb, *arguments)
        after = self.totals()
        struck, seen = 0, set()
        if between and self.calls == "any":
            first = next(i for i, (_, path) in enumerate(calls) if path.endswith(".parquet") and "_delta_log" not in path)
            commit = next(i for i, (call, path) in enumerate(calls) if call == "link" and "_delta_log" in path and path.endswith(".json"))
            self.assertGreaterEqual(commit - first, between, calls)
        for point in range(1, MAX_POINTS):
            self.fresh()
            died = self.killed(point, verb, self.table, *arguments)
            found = self.totals()
            self.assertIn(found, (before, after), f"killed at call {point}")
            seen.add(found)
            if not died:
                break
            struck += 1
            if found == before and point % 5 == 0:
                lake.done(verb, self.table, *arguments, env=self.environment)
                self.assertEqual(self.totals(), after, f"a second try after call {point}")
        self.assertGreaterEqual(struck, least if self.calls == "any" else 5, "too few points were reached")
        # It died at each call that it makes undisturbed (fewer there, where copies of remote files were held already).
        self.assertGreaterEqual(struck, len(calls) - self.slack, calls)
        return struck

    def prepare(self, *steps, rows=40):
        self.table.parent.mkdir()
        lake.create(self.table, rows)
        for step in steps:
            lake.done(step[0], self.table, *step[1:])
        shutil.move(self.table.parent, self.prepared)

    def test_append(self):
        self.prepare()
        self.check_every_step("append", f"{lake.rows(100, 10)}", "load:1", least=15, between=10)

    def test_merge(self):
        self.prepare()
        self.check_every_step("merge", lake.rows(36, 8), "id", least=15, between=10)

    def test_delete(self):
        self.prepare()
        self.check_every_step("delete", "id IN (4, 5, 6) OR id % 12 = 0", least=15, between=10)

    def test_overwrite(self):
        self.prepare()
        self.check_every_step("overwrite", lake.rows(500, 8), least=15, between=10)

    def test_restore(self):
        self.prepare(("overwrite", f"SELECT 7 AS id, {DAY}"), rows=12)
        self.check_every_step("restore", "0", least=5)

    def test_wider_column(self):
        """Every file is written anew, and the schema changes with them."""
        self.table.parent.mkdir()
        lake.done("create", self.table, "SELECT i AS id, DATE '2026-11-01' + CAST(i AS INTEGER) AS at, i % 3 AS p FROM range(12) t(i)",
                  "id:integer,at:date,p:integer", "p")
        shutil.move(self.table.parent, self.prepared)
        self.check_every_step("add-column", "at", "timestamp", least=15, between=10)

    def test_append_with_checkpoint(self):
        self.prepare(*[("append", f"SELECT {100 + i} AS id, {DAY}") for i in range(9)], rows=4)
        self.check_every_step("append", f"SELECT 1000 AS id, {DAY}", least=10)

    def test_compaction(self):
        self.prepare(("append", f"SELECT i AS id, {DAY}, 'r2' AS region FROM range(100, 110) t(i)"),
                     ("append", f"SELECT i AS id, {DAY}, 'r2' AS region FROM range(110, 120) t(i)"), rows=4)
        self.check_every_step("compact", least=10)

    def test_vacuum(self):
        self.prepare(("overwrite", f"SELECT 7 AS id, {DAY}"), rows=12)
        self.check_every_step("vacuum", "0", least=5)


    def check_every_failure(self, call, errno, statuses, verb, *arguments):
        """The nth call fails: an error that says so, nothing changed, no file left behind, and a second try works."""
        self.fresh()
        before = self.totals()
        files = sorted(path.name for path in self.table.rglob("*.parquet"))
        for point in range(1, MAX_POINTS):
            self.fresh()
            mark = self.folder / "mark"
            mark.unlink(missing_ok=True)
            finished = lake.tool(verb, self.table, *arguments, env={"LD_PRELOAD": str(lake.FAULTS), "AISLE_FAULT": f"{call}:{point}:{errno}",
                                                                    "AISLE_FAULT_MARK": str(mark)})
            if not mark.exists():
                self.assertGreater(point, 1, "the fault never struck")
                return
            if finished.returncode == 0:  # a failed checkpoint or hint is no failed change
                continue
            self.assertIn(finished.returncode, statuses, finished.stderr)
            if self.totals() == before:
                self.assertEqual(sorted(path.name for path in self.table.rglob("*.parquet")), files, f"{call} {point}")
                lake.done(verb, self.table, *arguments)

    def test_full_disk(self):
        self.prepare()
        self.check_every_failure("write", 28, (14,), "append", f"SELECT i AS id, {DAY} FROM range(100, 110) t(i)")
        self.check_every_failure("write", 28, (14,), "merge", f"SELECT i AS id, {DAY} FROM range(38, 42) t(i)", "id")

    def test_failing_flush_and_link(self):
        self.prepare()
        for call in ("fsync", "link", "open"):
            self.check_every_failure(call, 5, (13,), "append", f"SELECT i AS id, {DAY} FROM range(100, 110) t(i)")


class KilledInABucket(Bucket, KilledAtEveryStep):
    """The same at every request that the change sends to S3; a request that was sent counts whether or not its answer came."""
    calls, slack = "send", 4
    test_full_disk = test_failing_flush_and_link = test_vacuum = test_restore = test_wider_column = test_overwrite = None

    def setUp(self):
        super().setUp()
        self.rounds = 0

    def prepare(self, *steps, rows=40):
        self.prepared = lambda: self.steps(steps, rows)

    def steps(self, steps, rows):
        lake.done("create", self.table, lake.rows(0, rows), lake.COLUMNS, "day,region", env=self.environment)
        for step in steps:
            lake.done(step[0], self.table, *step[1:], env=self.environment)

    def fresh(self):
        """A prefix of its own for each: a copy of the folder behind the first one, as the server keeps it."""
        made = self.server.root / "lake" / self.folder.name
        if self.rounds == 0:
            self.table = self.location("first")
            self.prepared()
        self.rounds += 1
        self.table = self.location(f"round{self.rounds}")
        subprocess.run(["cp", "-a", made / "first", made / f"round{self.rounds}"], check=True)


@unittest.skipUnless(lake.FAULTS.exists(), "the fault library is not built")
class LoadsOverSeveralTables(WorkspaceCase):
    def setUp(self):
        super().setUp()
        for name in ("orders", "returns"):
            self.write(f"{name}.csv", "id,amount\n" + "".join(f"{i},{i}.5\n" for i in range(1, 6)))
        made = run("init", self.folder / "prepared", self.folder / "orders.csv", self.folder / "returns.csv")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.workspace = self.folder / "shop"

    def seen(self):
        """Rows of both tables as a question sees them."""
        counts = []
        for name in ("orders", "returns"):
            done = run("export", "-w", self.workspace, name)
            self.assertEqual(done.returncode, 0, done.stderr)
            counts.append(done.stdout.count("\n") - 1)
        return tuple(counts)

    def assert_others_read(self):
        """Whatever was written of each table, published or not, is a Delta table."""
        for name in ("orders", "returns") if lake.deltalake else ():
            rows = lake.ask_delta_rs(self.workspace / "lake" / name, "select count(*), count(id) from t")[0]
            self.assertIn(rows, ((5, 5), (6, 6)))

    def load(self, identity, **options):
        return lake.tool("load", self.workspace, identity, "SELECT 6 AS id, 1 AS amount", "orders", "returns", **options)

    def test_a_killed_load_shows_nothing_and_resumes_or_is_taken_back(self):
        struck, point = 0, 1
        while point < 400:
            shutil.rmtree(self.workspace, ignore_errors=True)
            shutil.copytree(self.folder / "prepared", self.workspace)
            mark = self.folder / "mark"
            mark.unlink(missing_ok=True)
            self.load("load:a", env={"LD_PRELOAD": str(lake.FAULTS), "AISLE_FAULT": f"any:{point}:kill", "AISLE_FAULT_MARK": str(mark)})
            found = self.seen()
            self.assertIn(found, ((5, 5), (6, 6)), f"killed at call {point}")
            self.assert_others_read()
            if not mark.exists():
                break
            struck += 1
            again = "load:a" if point % 2 else "load:b"  # the same goes on; another takes the half one back first
            done = self.load(again)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.seen(), (7, 7) if found == (6, 6) and again == "load:b" else (6, 6), f"{again} after call {point}")
            point += 1
        self.assertGreaterEqual(struck, 30)
        self.assertEqual(self.seen(), (6, 6))

    def test_loads_at_once_all_count(self):
        shutil.copytree(self.folder / "prepared", self.workspace)
        loads = [lake.start("load", self.workspace, f"load:{i}", "SELECT 6 AS id, 1 AS amount", "orders", "returns") for i in range(4)]
        for load in loads:
            _, err = load.communicate(timeout=120)
            self.assertEqual(load.returncode, 0, err)
        self.assertEqual(self.seen(), (9, 9))

    def test_an_unknown_table_changes_nothing(self):
        shutil.copytree(self.folder / "prepared", self.workspace)
        done = lake.tool("load", self.workspace, "load:x", "SELECT 6 AS id, 1 AS amount", "orders", "zebras")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.seen(), (5, 5))
        self.assertEqual(os.listdir(self.workspace / "state/loads"), [])


if __name__ == "__main__":
    unittest.main()
