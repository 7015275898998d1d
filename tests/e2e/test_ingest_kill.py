"""kill -9 at every write, flush, rename, link and removal of `aisle ingest` over two tables: questions see both loads or none,
delta-rs reads every version that is named, and the next run ends what was begun, once."""
import json
import os
import shutil
import signal
import unittest

import lake
from aisle import run
from test_ingest import IngestCase, line

RULES = """
source: landing/*.csv
keys: [order_id]
keep_last_by: changed
derive: {revenue: qty * price}
partition_by: [country]
quality:
  - {range: qty, to: 9}
  - {range: qty, to: 8, then: review}
"""
COUNTRIES = ("DE", "FR", "PL")
MAX_POINTS = 400


@unittest.skipUnless(lake.FAULTS.exists(), "the fault library is not built")
class IngestKilledAtEveryStep(IngestCase):
    def setUp(self):
        super().setUp()
        self.define(RULES)
        self.define("source: back/*.csv\ntarget: returns\n", "returns")
        (self.shop / "back").mkdir()
        self.land_both("a", range(1, 25), range(1, 4))
        self.ingest()
        # New rows, corrected ones, one that is set apart and one to be looked at.
        self.land_both("b", range(20, 33), range(5, 7), day=27)
        self.prepared = self.folder / "prepared"
        shutil.move(self.shop, self.prepared)
        self.log, self.mark = self.folder / "calls", self.folder / "mark"

    def land_both(self, name, sold, returned, day=1):
        self.land(f"{name}.csv", *(line(i, day=day, qty=1 + i % 10, country=COUNTRIES[i % 3], note=name) for i in sold))
        (self.shop / f"back/{name}.csv").write_text("order_id,why\n" + "".join(f"O-{i:06},broken\n" for i in returned))

    def fresh(self):
        shutil.rmtree(self.shop, ignore_errors=True)
        shutil.copytree(self.prepared, self.shop)

    def load(self, **environment):
        return run("ingest", "-w", self.shop, env={**os.environ, "LD_PRELOAD": str(lake.FAULTS), **environment})

    def seen(self):
        """What one snapshot says of both tables, by the program and by delta-rs."""
        named = {table["name"]: table["version"] for table in json.loads((self.shop / "snapshots/current.json").read_text())["tables"]}
        rows = self.rows()
        ours = (len(rows), sum(row["note"] == "b" for row in rows), named["returns"])
        if lake.deltalake:
            counts = "select count(*), sum(case when note = 'b' then 1 else 0 end) from t"
            self.assertEqual(lake.ask_delta_rs(self.shop / "lake/sales", counts, version=named["sales"])[0], ours[:2])
            for table in named:
                lake.ask_delta_rs(self.shop / "lake" / table, "select count(*) from t")  # the newest, published or not
        return ours

    def outcome(self):
        """What is there when all is done: rows, open cases, nothing left over."""
        quality = [(load["table"], load["quarantined"], load["flagged"]) for load in json.loads(run("quality", "-w", self.shop, "--json").stdout)]
        left = [str(path.relative_to(self.shop)) for folder in ("state/loads", "state/ingest/sales", "state/ingest/returns", "cache")
                for path in (self.shop / folder).rglob("*") if path.name != "spill" and not path.name.startswith(".tmp-")]
        return sorted(map(tuple, (row.values() for row in self.rows()))), sorted(quality), left

    def test_both_or_none_and_once(self):
        self.fresh()
        before = self.seen()
        self.assertEqual(self.load(AISLE_FAULT_LOG=str(self.log)).returncode, 0)
        after, done = self.seen(), self.outcome()
        self.assertNotEqual(before, after)
        calls = [text.split(" ", 1) for text in self.log.read_text().splitlines()]
        self.assertTrue(any(call == "link" and "/_delta_log/" in path for call, path in calls))
        struck = 0
        for point in range(1, MAX_POINTS):
            self.fresh()
            self.mark.unlink(missing_ok=True)
            finished = self.load(AISLE_FAULT=f"any:{point}:kill", AISLE_FAULT_MARK=str(self.mark))
            found = self.seen()
            if not self.mark.exists():
                self.assertEqual((finished.returncode, found), (0, after), finished.stderr)
                break
            struck += 1
            self.assertEqual(finished.returncode, -signal.SIGKILL)
            with self.subTest(f"killed before call {point}, {calls[point - 1] if point <= len(calls) else 'one more'}"):
                self.assertIn(found, (before, after))
                if point % 2:
                    continue
                again = run("ingest", "-w", self.shop)
                self.assertEqual(again.returncode, 0, again.stderr)
                self.assertEqual(self.seen()[:2], after[:2])
                self.assertEqual(self.outcome(), done)
        self.assertGreater(struck, 60)
        self.assertAlmostEqual(struck, len(calls), delta=8, msg="every call that the undisturbed run makes is a point at which one died")


if __name__ == "__main__":
    unittest.main()
