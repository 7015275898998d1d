"""kill -9 at every write, flush, rename, link and removal of every kind of change: afterwards the table is at the version before
or after it, whole, to us and to delta-rs, and the change can be made again."""
import os
import shutil
import signal
import unittest

import lake
from aisle import WorkspaceCase, run

DAY = "DATE '2026-11-01' AS day"
MAX_POINTS = 400


@unittest.skipUnless(lake.FAULTS.exists(), "the fault library is not built")
class KilledAtEveryStep(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.prepared, self.table = self.folder / "prepared", self.folder / "work/sales"

    def killed(self, point, *arguments):
        """Runs a change that dies at its nth call; whether it did."""
        mark = self.folder / "mark"
        mark.unlink(missing_ok=True)
        finished = lake.tool(*arguments, env={"LD_PRELOAD": str(lake.FAULTS), "AISLE_FAULT": f"any:{point}:kill",
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
        ours = tuple(int(part) for part in lake.done("sum", self.table, "count(*), sum(id)").split())
        if lake.deltalake:
            self.assertEqual(tuple(lake.ask_delta_rs(self.table, "select count(*), sum(id) from t")[0]), ours)
        return ours

    def check_every_step(self, verb, *arguments, least):
        self.fresh()
        before = self.totals()
        lake.done(verb, self.table, *arguments)
        after = self.totals()
        struck, seen = 0, set()
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
                lake.done(verb, self.table, *arguments)
                self.assertEqual(self.totals(), after, f"a second try after call {point}")
        self.assertGreaterEqual(struck, least, "too few points were reached")
        return struck

    def prepare(self, *steps, rows=40):
        self.table.parent.mkdir()
        lake.create(self.table, rows)
        for step in steps:
            lake.done(step[0], self.table, *step[1:])
        shutil.move(self.table.parent, self.prepared)

    def test_append(self):
        self.prepare()
        self.check_every_step("append", f"SELECT i AS id, {DAY} FROM range(100, 110) t(i)", "load:1", least=10)

    def test_merge(self):
        self.prepare()
        self.check_every_step("merge", f"SELECT i AS id, {DAY} FROM range(38, 42) t(i)", "id", least=10)

    def test_delete(self):
        self.prepare()
        self.check_every_step("delete", "id = 5 OR id % 3 = 0", least=10)

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
            if not mark.exists():
                break
            struck += 1
            again = "load:a" if point % 2 else "load:b"  # the same goes on; another takes the half one back first
            done = self.load(again)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.seen(), (7, 7) if found == (6, 6) and again == "load:b" else (6, 6), f"{again} after call {point}")
            point += 1 if point < 12 else 3
        self.assertGreaterEqual(struck, 10)
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
