"""What a server does by itself: scheduled loads, rollups that follow the rows, small files written together."""
import json
import tempfile
import time
import unittest
from pathlib import Path

from aisle import run
from serving import Server

WAIT = 120  # seconds; the machine may be busy
DEFINITION = """
source: landing/*.csv
keys: [order_id]
derive:
  revenue: CAST(quantity * price AS DECIMAL(18,4))
schedule: 1s
"""
ROLLUP = """
rollups:
  by_day:
    dataset: sales
    grain: day
    metrics: [revenue]
    refresh: 1s
"""
BY_DAY = {"query": {"metrics": ["revenue"], "dimensions": [{"time": "day"}]}}
TOTAL = {"query": {"metrics": ["revenue"]}}


def rows(first, count):
    return "order_id,day,quantity,price\n" + "".join(f"O-{i:06},2026-0{1 + i % 9}-1{i % 10},{1 + i % 5},2.50\n" for i in range(first, first + count))


def total(count):
    return sum((1 + i % 5) * 2.5 for i in range(count))


class Schedules(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.shop = self.folder / "shop"
        (self.folder / "products.csv").write_text("product,kind\nA,tea\nB,coffee\n")
        self.run_ok("init", self.shop, self.folder / "products.csv")
        (self.shop / "landing").mkdir()
        (self.shop / "ingest").mkdir(exist_ok=True)

    def run_ok(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def start(self):
        server = Server(self.shop, "--cache", "0")
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.wait)
        self.addCleanup(server.process.kill)
        return server

    def until(self, what, condition):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        state = self.shop / "state/schedule.json"
        self.fail(f"{what} never came; {state.read_text() if state.exists() else 'nothing was run'}")

    def answer(self, server, query):
        status, _, text = server.post("/v1/query", query)
        return json.loads(text) if status == 200 else {}

    def runs(self, server, work, status):
        line = f'aisle_schedule_runs_total{{work="{work}",status="{status}"}} '
        found = [row for row in server.get("/metrics")[2].splitlines() if row.startswith(line)]
        return int(found[0].split()[-1]) if found else 0

    def revenue(self, server):
        answer = self.answer(server, TOTAL)
        return float(answer["rows"][0][0]) if answer.get("rows") else None

    def load(self, count):
        (self.shop / "ingest/sales.yaml").write_text(DEFINITION.replace("schedule: 1s\n", ""))
        (self.shop / "landing/1.csv").write_text(rows(0, count))
        self.run_ok("ingest", "-w", self.shop)

    def test_files_are_loaded_as_they_come_and_a_failing_load_harms_nothing(self):
        (self.shop / "ingest/sales.yaml").write_text(DEFINITION)
        (self.shop / "ingest/broken.yaml").write_text("source: nowhere/*.csv\nschedule: 1s\n")
        (self.shop / "landing/1.csv").write_text(rows(0, 100))
        server = self.start()
        self.until("the first file", lambda: self.revenue(server) == total(100))
        (self.folder / "2.csv").write_text(rows(100, 50))
        (self.folder / "2.csv").rename(self.shop / "landing/2.csv")
        self.until("the second file", lambda: self.revenue(server) == total(150))
        self.until("a failing run", lambda: self.runs(server, "ingest broken", "failed") > 0)
        self.assertEqual(self.runs(server, "ingest broken", "done"), 0)
        state = self.until("its message", lambda: (lambda record: record if record.get("status") == "failed" else None)(
            json.loads((self.shop / "state/schedule.json").read_text()).get("ingest broken", {})))
        self.assertIn("nowhere", state["message"])
        self.assertEqual(server.get("/healthz")[0], 200)
        self.assertEqual(server.stop(), 0)

    def test_rollups_follow_the_rows_and_are_seen_at_once(self):
        self.load(5000)
        with open(self.shop / "model/aisle.yaml", "a") as model:
            model.write(ROLLUP)
        server = self.start()
        source = lambda: next(part for part in self.answer(server, BY_DAY)["sources"] if part["table"] == "sales")
        self.until("the rollup", lambda: source()["rollup"] == "by_day")
        (self.shop / "landing/2.csv").write_text(rows(5000, 500))
        self.run_ok("ingest", "-w", self.shop)
        days = 90  # each may stand in the first and in the second part of the rollup, but none of the 500 rows is read
        self.until("the refreshed rollup", lambda: self.revenue(server) == total(5500) and source()["rollup"] == "by_day" and
                   source()["rows_scanned"] <= 2 * days)
        self.until("its count", lambda: self.runs(server, "refresh by_day", "done") > 0)
        self.assertEqual(self.runs(server, "refresh by_day", "failed"), 0)

    def test_a_rollup_refreshed_by_hand_is_seen_by_the_running_server(self):
        self.load(5000)
        with open(self.shop / "model/aisle.yaml", "a") as model:
            model.write(ROLLUP.replace("    refresh: 1s\n", ""))
        server = self.start()
        source = lambda: next(part for part in self.answer(server, BY_DAY)["sources"] if part["table"] == "sales")
        self.assertEqual(source()["rollup_reason"], "not_built")
        self.run_ok("refresh", "-w", self.shop)
        self.until("the rollup", lambda: source()["rollup"] == "by_day")
        self.assertEqual(self.runs(server, "refresh by_day", "done"), 0)

    def test_small_files_are_written_together(self):
        self.load(100)
        for more in range(1, 4):
            (self.shop / f"landing/{more + 1}.csv").write_text(rows(100 * more, 100))
            self.run_ok("ingest", "-w", self.shop)
        with open(self.shop / "aisle.yaml", "a") as settings:
            settings.write("\nlake:\n  compact: 1s\n  compact_files: 3\n")
        server = self.start()
        files = lambda: next(part for part in self.answer(server, TOTAL)["sources"] if part["table"] == "sales")["files_total"]
        self.assertGreater(files(), 2)
        self.until("one file", lambda: files() == 1)
        self.assertEqual(self.revenue(server), total(400))

    def test_schedules_can_be_left_to_others(self):
        (self.shop / "ingest/sales.yaml").write_text(DEFINITION)
        (self.shop / "landing/1.csv").write_text(rows(0, 100))
        with open(self.shop / "aisle.yaml", "a") as settings:
            settings.write("\nserver:\n  schedules: false\n")
        server = self.start()
        self.assertNotIn("aisle_schedule", server.get("/metrics")[2])
        self.assertFalse((self.shop / "state/schedule.json").exists())

    def test_mistakes_are_found(self):
        self.load(10)
        model = self.shop / "model/aisle.yaml"
        model.write_text(model.read_text() + ROLLUP.replace("1s", "sometimes"))
        done = run("check", "-w", self.shop)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("refresh", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
