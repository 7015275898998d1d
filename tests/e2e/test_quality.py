"""Quality rules, people's verdicts on the rows they set apart, and what answers say meanwhile."""
import json
import unittest

from aisle import BAD_INPUT, INVALID_ARGUMENT, NOT_FOUND, ask, run
from test_ingest import HEADER, IngestCase, assert_schema, line

RULES = """
source: landing/*.csv
keys: [order_id]
derive: {revenue: qty * price}
quality:
"""


class Rules(IngestCase):
    def rules(self, *rules, more=""):
        self.define(RULES + "".join(f"  - {rule}\n" for rule in rules) + more)

    def quality(self, *arguments, status=0):
        done = run("quality", "-w", self.shop, *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def report(self):
        report = json.loads(self.quality("--json"))[0]
        assert_schema(self, "quality_report.json", report)
        return report

    def findings(self):
        return {finding["rule"]: finding for finding in self.report()["findings"]}

    def test_rows_set_apart_are_kept_with_their_place(self):
        self.rules("{range: qty, from: 1, to: 9}", "{required: note, name: has_note}")
        self.land("a.csv", line(1), line(2, qty=40), line(3, note=""), line(4, qty=-1, note=""))
        counts = self.ingest()["sales"]["rows"]
        self.assertEqual((counts["quarantined"], counts["inserted"]), (3, 1))
        listed = self.quality("--list")
        self.assertRegex(listed, r"row 1 \(quarantine\) \S+landing/a\.csv:3: qty is not between 1 and 9\n.*order_id=O-000002")
        self.assertRegex(listed, r"a\.csv:5: qty is not between 1 and 9; note is empty")
        self.assertEqual({name: finding["rows"] for name, finding in self.findings().items()}, {"range_qty": 2, "has_note": 2})

    def test_a_rule_that_fails_refuses_the_load(self):
        self.rules("{allowed: country, values: [DE, FR], then: fail}")
        self.land("a.csv", line(1), line(2, country="XX"))
        self.ingest(status=BAD_INPUT)
        self.assertIn("country is none of DE, FR", self.error)
        self.assertFalse((self.shop / "lake/sales").exists())
        self.assertEqual(self.report()["status"], "refused")

    def test_a_rule_that_does_not_fit_its_column_is_named_before_anything_is_read(self):
        self.rules("{range: note, from: 0}")
        self.land("a.csv", line(1))
        self.ingest(status=BAD_INPUT)
        self.assertIn("a rule does not fit its column", self.error)

    def test_review_loads_and_flags_fix_repairs_and_keeps_warn_only_tells(self):
        self.rules("{allowed: country, values: [DE, FR], then: review}", "{required: note, then: fix, value: unknown}",
                   "{range: qty, to: 5, then: warn}")
        self.land("a.csv", line(1, country="XX"), line(2, note=""), line(3, qty=8))
        counts = self.ingest()["sales"]["rows"]
        self.assertEqual((counts["flagged"], counts["fixed"], counts["inserted"], counts["quarantined"]), (1, 1, 3, 0))
        self.assertEqual(self.by_id()["O-000002"]["note"], "unknown")
        self.assertEqual(self.findings()["range_qty"]["rows"], 1)

    def test_every_other_kind(self):
        self.define("source: landing/goods.txt\ntarget: goods\n", "goods")
        (self.shop / "landing/goods.txt").write_text("sku,name\n1,a\n2,b\n")
        self.ingest("goods")
        self.rules("{valid_date: shipped, then: review}", "{order: shipped, after: changed, then: review}", "{positive: qty, then: review}",
                   "{pattern: note, matches: '[a-z]+', then: review}", "{reference: qty, table: goods, column: sku, then: review}",
                   "{recent: changed, within: 10000d, then: review}", "{sql: price < 100, name: cheap, then: review}",
                   "{unique: note}", "{volume: rows, from: 50}", "{freshness: changed, within: 1d}", "{shift: qty, tolerance: 10%}")
        header = HEADER.strip() + ",shipped\n"
        rows = [line(1).strip() + ",2026-01-02 00:00:00\n", line(2, qty=0).strip() + ",2026-01-02 00:00:00\n",
                line(3, note="B9").strip() + ",2025-01-02 00:00:00\n", line(4, qty=1, price="100.00", note="y").strip() + ",1066-10-14 00:00:00\n"]
        self.land("a.csv", *rows, header=header)
        self.ingest("sales")
        found = {name: finding["rows"] for name, finding in self.findings().items() if finding["broken"]}
        self.assertEqual(found, {"valid_date_shipped": 1, "order_shipped": 2, "positive_qty": 1, "pattern_note": 1, "reference_qty": 1, "cheap": 1,
                                 "unique_note": 2, "volume": 0, "freshness_changed": 0})
        self.land("b.csv", *(line(i, qty=90).strip() + ",2026-02-01 00:00:00\n" for i in range(10, 14)), header=header)
        self.ingest("sales")
        self.assertTrue(self.findings()["shift_qty"]["broken"])
        self.assertIn("mean 90", self.findings()["shift_qty"]["evidence"])

    def test_cells_that_do_not_fit_the_table(self):
        self.rules("{required: order_id}")
        self.land("a.csv", *(line(i) for i in range(5)))
        self.ingest()
        self.land("b.csv", *(line(i, qty="many" if i == 7 else 3) for i in range(5, 9)), line(9, qty="2.5"))
        counts = self.ingest()["sales"]["rows"]
        self.assertEqual((counts["quarantined"], counts["inserted"]), (2, 3))
        self.assertEqual(self.findings()["type"]["rows"], 2)
        self.assertIn('qty= (written "many")', self.quality("--list"))
        self.quality("fix", "--rule", "type", "--set", "qty=3")
        self.assertIn("2 added", self.quality("submit"))
        self.assertEqual([self.by_id()[f"O-{order:06}"]["qty"] for order in (7, 9)], ["3", "3"])

    def test_a_row_set_apart_is_fixed_for_that_alone(self):
        """Rules that would only flag it do not hold it back; it is not counted among the flagged."""
        self.rules("{range: qty, from: 1, to: 9}", "{allowed: country, values: [DE], then: review}")
        self.land("a.csv", line(1), line(2, qty=40, country="FR"))
        counts = self.ingest()["sales"]["rows"]
        self.assertEqual((counts["quarantined"], counts["flagged"]), (1, 0))
        self.quality("fix", "--rows", "1", "--set", "qty=4")
        self.assertIn("1 added", self.quality("submit"))

    def test_verdicts_are_carried_out_and_audited(self):
        self.rules("{range: qty, from: 1, to: 9}", "{allowed: country, values: [DE], then: review}")
        self.land("a.csv", line(1), line(2, qty=40), line(3, qty=50), line(4, qty=60), line(5, country="FR"), line(6, country="PL"))
        self.ingest()
        self.quality("accept", "--rows", "1", "--by", "Ines", "--note", "a large order")
        self.quality("fix", "--rows", "2", "--set", "qty=5", "--by", "Ines")
        self.quality("reject", "--rows", "3", "--by", "Ines")
        self.quality("reject", "--rows", "4", "--by", "Ines")
        self.quality("fix", "--rows", "5", "--set", "country=DE", "--by", "Ines")
        self.assertIn("5 decided and waiting for: aisle quality submit", self.quality())
        self.assertIn("2 added, 1 corrected, 1 removed", self.quality("submit", "--by", "Ines"))
        self.assertIn("0 open", self.quality())
        table = self.by_id()
        self.assertEqual(sorted(table), ["O-000001", "O-000002", "O-000003", "O-000006"])
        self.assertEqual((table["O-000003"]["qty"], float(table["O-000003"]["revenue"])), ("5", 50.0))
        self.assertEqual(table["O-000006"]["country"], "DE")
        audit = self.report()["audit"]
        self.assertEqual([event["event"] for event in audit], ["accept", "fix", "reject", "reject", "fix"] + ["submitted"] * 5)
        self.assertEqual({event["by"] for event in audit}, {"Ines"})
        self.assertIn("0 added, 0 corrected, 0 removed", self.quality("submit"))

    def test_a_fix_must_hold(self):
        self.rules("{range: qty, from: 1, to: 9}")
        self.land("a.csv", line(1), line(2, qty=40))
        self.ingest()
        self.quality("fix", "--rows", "1", "--set", "qty=41")
        self.quality("submit", status=BAD_INPUT)
        self.quality("fix", "--rule", "range_qty", "--set", "qty=4")
        self.quality("submit")
        self.assertEqual(self.by_id()["O-000002"]["qty"], "4")
        self.quality("accept", "--rows", "7", status=NOT_FOUND)

    def test_what_holds_is_carried_out_and_the_rest_is_told(self):
        self.rules("{range: qty, from: 1, to: 9}")
        self.land("a.csv", line(1), line(2, qty=40), line(3, qty=50), line(4, qty=60), line(5, qty=70))
        self.ingest()
        self.quality("fix", "--rows", "1", "--set", "qty=41")
        self.quality("fix", "--rows", "2", "--set", "qty=4")
        self.quality("fix", "--rows", "3", "--set", "qty=several")
        self.quality("accept", "--rows", "4")
        said = self.quality("submit", status=BAD_INPUT)
        self.assertIn("2 added, 0 corrected, 0 removed", said)
        self.assertRegex(said, r"row 1 of the load \S+ still breaks the rule range_qty: qty is not between 1 and 9")
        self.assertRegex(said, r"row 3 of the load \S+ cannot be fixed so: 'several' is no BIGINT, as qty must be")
        self.assertEqual({order: row["qty"] for order, row in self.by_id().items()}, {"O-000001": "2", "O-000003": "4", "O-000005": "70"})
        self.assertIn("2 decided and waiting for", self.quality())
        self.quality("fix", "--rows", "1,3", "--set", "qty=6")
        self.assertIn("2 added", self.quality("submit"))
        self.quality("fix", "--rows", "1", "--set", "nosuch=1", status=INVALID_ARGUMENT)

    def test_answers_say_that_the_data_has_open_problems(self):
        self.rules("{range: qty, from: 1, to: 9}", more="stale_after: 30d\n")
        self.land("a.csv", line(1), line(2, qty=40))
        self.ingest()
        codes = lambda: {caveat["code"] for caveat in ask(self.shop, "revenue by country")[1]["caveats"]}
        self.assertIn("open_quality_problems", codes())
        self.assertNotIn("stale_data", codes())
        self.quality("reject", "--rows", "1")
        self.assertNotIn("open_quality_problems", codes())
        state = self.shop / "lake/_quality/sales/open.state"
        kept = json.loads(state.read_text())
        state.write_text(json.dumps({**kept, "loaded_ms": kept["loaded_ms"] - 31 * 86400000}))
        self.assertIn("stale_data", codes())

    def test_the_page_has_pictures_and_no_script(self):
        self.rules("{range: qty, from: 1, to: 9, name: '<b>'}")
        self.land("a.csv", line(1), line(2, qty=40))
        self.ingest()
        self.land("b.csv", line(3), line(4))
        self.ingest()
        page = self.folder / "report.html"
        self.quality("--html", page)
        text = page.read_text()
        self.assertIn("<svg", text)
        self.assertIn("<polyline", text)
        self.assertNotIn("<script", text)


class Proposals(IngestCase):
    """aisle init proposes rules that its own data keeps, with the evidence."""

    ORDERS = "order_id,order_date,ship_date,status,quantity,amount,shop,customer_email\n" + "".join(
        f"SO-{i:05},2023-{1 + i % 12:02}-{1 + i % 27:02},2023-{1 + i % 12:02}-{2 + i % 27:02},{('open', 'paid', 'sent')[i % 3]},{1 + i % 5},{i % 90}.95,"
        f"{1 + i % 4},person{i % 50}@example.org\n" for i in range(800))
    SHOPS = "shop,city\n1,York\n2,Leeds\n3,Bath\n4,Truro\n"

    def test_the_proposal_holds_for_the_data_it_came_from(self):
        workspace = self.folder / "made"
        orders, shops = self.write("orders.csv", self.ORDERS), self.write("shops.csv", self.SHOPS)
        self.assertEqual(run("init", workspace, orders, shops).returncode, 0)
        proposal = workspace / "ingest/orders.yaml.proposal"
        text = proposal.read_text()
        for expected in ("keys: [order_id]", "none of 800 rows is empty", "{order: ship_date, after: order_date}", "{positive: quantity}",
                         "{allowed: status, values: ['open', 'paid', 'sent'], then: review}", "matches: '[A-Z]{2}-[0-9]{5}'",
                         "{reference: shop, table: shops, column: shop, then: review}", "customer_email: hash    # email"):
            self.assertIn(expected, text)
        proposal.rename(workspace / "ingest/orders.yaml")
        done = run("check", "-w", workspace)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        later = self.write("orders2.csv", self.ORDERS.replace("SO-0", "SO-9"))
        done = run("ingest", "-w", workspace, "--json", "orders", later)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = [json.loads(text) for text in done.stdout.splitlines()][-1]
        self.assertEqual((report["rows"]["inserted"], report["rows"]["quarantined"], report["rows"]["flagged"]), (800, 0, 0))

    def test_what_init_has_read_is_not_loaded_again(self):
        workspace, landing = self.folder / "made", self.folder / "landing"
        landing.mkdir()
        header, *lines = self.ORDERS.splitlines(keepends=True)
        for month in (1, 2):
            self.write(f"landing/orders_2024-{month:02}.csv", header + "".join(lines[month * 100:month * 100 + 100]))
        made = run("init", "made", "landing", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("from landing/orders_2024-01.csv and 1 more: 200 rows", made.stdout)
        proposal = workspace / "ingest/orders.yaml.proposal"
        self.assertIn("source: '../landing/orders_*.csv'", proposal.read_text())
        proposal.rename(workspace / "ingest/orders.yaml")

        def load(*files):
            done = run("ingest", "-w", workspace, "--json", *files)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = next(event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "load")
            return report["outcome"], report["files_known"], report["rows"]["inserted"]

        self.assertEqual(load(), ("nothing_new", 2, 0))
        copy = self.write("copy.csv", (landing / "orders_2024-02.csv").read_bytes())
        self.assertEqual(load("orders", copy), ("nothing_new", 1, 0))
        self.write("landing/orders_2024-03.csv", header + "".join(lines[300:400]))
        self.assertEqual(load(), ("loaded", 2, 100))


if __name__ == "__main__":
    unittest.main()
