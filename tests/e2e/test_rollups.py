"""Rollups and pruning over a workspace that is loaded file by file: same answers, and no more read than needed."""
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from aisle import ask, run
from serving import Server

DEFINITION = """
source: landing/*.csv
keys: [line_id]
derive:
  revenue: CAST(quantity * unit_price * (1 - discount) AS DECIMAL(18,4))
  order_month: CAST(date_trunc('month', order_date) AS DATE)
partition_by: [order_month, channel]
"""
ROLLUPS = """
rollups:
  by_day:
    dataset: order_lines
    grain: day
    metrics: [revenue]
  by_month:
    dataset: order_lines
    grain: month
    dimensions: [products.department]
    metrics: [revenue, order_lines]
"""
QUARTER = {"metrics": ["revenue"], "dimensions": [{"time": "month"}], "time": {"from": "2024-04-01", "to": "2024-07-01"},
           "filters": [{"field": "order_lines.channel", "values": ["app"]}]}


def source(answer, table="order_lines"):
    return next(part for part in answer["sources"] if part["table"] == table)


class Rollups(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = Path(scratch.name)
        cls.made, cls.shop = cls.folder / "made", cls.folder / "shop"
        flags = ("--scale", "0.05", "--seed", "9", "--dirty", "0", "--late", "0.05")
        for command in (("generate", cls.made, *flags), ("init", cls.shop, cls.made / "products.csv", cls.made / "stores.csv")):
            done = run(*command)
            assert done.returncode == 0, done.stderr
        (cls.shop / "landing").mkdir()
        (cls.shop / "ingest").mkdir(exist_ok=True)
        (cls.shop / "ingest/order_lines.yaml").write_text(DEFINITION)
        files = sorted((cls.made / "order_lines").glob("*.csv"))
        cls.later = files[-2:]
        for path in files[:-2]:
            shutil.copy(path, cls.shop / "landing")
        cls.run_ok("ingest", "-w", cls.shop)
        with open(cls.shop / "model/aisle.yaml", "a") as model:
            model.write(ROLLUPS)

    @classmethod
    def run_ok(cls, *arguments):
        done = run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test_1_files_that_cannot_matter_are_never_opened(self):
        server = Server(self.shop, "--cache", "0")
        self.addCleanup(server.process.kill)

        def bytes_read():
            with open(f"/proc/{server.process.pid}/io") as counters:
                return int(dict(line.split(": ") for line in counters)["rchar"])

        server.post("/v1/query", {"query": QUARTER})
        before = bytes_read()
        status, _, text = server.post("/v1/query", {"query": QUARTER})
        read = bytes_read() - before
        answer = json.loads(text)
        self.assertEqual(status, 200, text)
        part = source(answer)
        self.assertEqual(len(answer["rows"]), 3)
        self.assertEqual(part["files"], 3)
        self.assertGreater(part["files_total"], 100)
        self.assertLess(part["bytes_scanned"] * 50, part["bytes_total"])
        self.assertLess(read * 20, part["bytes_total"], "the operating system counted more")

    def test_1b_filters_on_what_rows_lead_to_leave_files_out_too(self):
        """The region of a store: a few stores, their states' files, and the same totals as without the filter."""
        shop = self.folder / "by_state"
        self.run_ok("init", shop, self.made / "products.csv", self.made / "stores.csv")
        (shop / "ingest").mkdir(exist_ok=True)
        (shop / "ingest/order_lines.yaml").write_text(DEFINITION.replace("landing/", f"{self.made}/order_lines/")
                                                      .replace("[order_month, channel]", "[ship_state]"))
        self.run_ok("ingest", "-w", shop)
        server = Server(shop, "--cache", "0")
        self.addCleanup(server.process.kill)

        def query(**more):
            status, _, text = server.post("/v1/query", {"query": {"metrics": ["revenue"], **more}})
            self.assertEqual(status, 200, text)
            return json.loads(text)

        whole = {row[0]: row[1] for row in query(dimensions=[{"field": "stores.region"}])["rows"]}
        self.assertGreater(len(whole), 3)
        for region, revenue in whole.items():
            if region is None:
                continue
            part = query(filters=[{"field": "stores.region", "values": [region]}])
            self.assertEqual(part["rows"], [[revenue]], region)
            read = source(part)
            self.assertLess(read["files"] * 2, read["files_total"], region)
        names = [row[0] for row in query(dimensions=[{"field": "stores.region"}])["rows"] if row[0]]
        others = query(filters=[{"field": "stores.region", "values": names[:1], "negated": True}])
        self.assertEqual(source(others)["files"], source(others)["files_total"], "rows without a store are others too")
        self.assertAlmostEqual(others["rows"][0][0], sum(whole.values()) - whole[names[0]], 2)
        nobody = query(filters=[{"field": "stores.region", "op": "starts_with", "values": ["no such"]}])
        self.assertEqual(source(nobody)["files"], 0)

    def test_2_a_rollup_answers_the_same(self):
        plain = {question: ask(self.shop, question)[1] for question in (
            "revenue by day", "revenue by department", "revenue by channel", "revenue by department in march 2024")}
        self.assertEqual({source(answer)["rollup_reason"] for answer in plain.values()}, {"not_built", "dimension_missing"})
        self.assertIn("built", self.run_ok("refresh", "-w", self.shop))
        self.assertIn("nothing to do", self.run_ok("refresh", "-w", self.shop, "by_day"))
        used = {}
        for question, before in plain.items():
            _, answer = ask(self.shop, question)
            self.assertEqual((answer["columns"], answer["rows"]), (before["columns"], before["rows"]), question)
            used[question] = source(answer)["rollup"]
        self.assertEqual(used, {"revenue by day": "by_day", "revenue by department": "by_month", "revenue by channel": None,
                                "revenue by department in march 2024": "by_month"})

    def test_3_new_rows_stand_beside_it_until_it_is_refreshed(self):
        self.run_ok("refresh", "-w", self.shop)
        for path in self.later:
            shutil.copy(path, self.shop / "landing")
        self.run_ok("ingest", "-w", self.shop)
        _, beside = ask(self.shop, "revenue by day in 2025")
        self.assertEqual(source(beside)["rollup"], "by_day")
        model = self.shop / "model/aisle.yaml"
        text = model.read_text()
        model.write_text(text.replace(ROLLUPS.strip(), ""))
        _, rows = ask(self.shop, "revenue by day in 2025")
        model.write_text(text)
        self.assertIsNone(source(rows)["rollup"])
        self.assertEqual(beside["rows"], rows["rows"])
        self.assertNotIn("nothing to do", self.run_ok("refresh", "-w", self.shop))
        _, refreshed = ask(self.shop, "revenue by day in 2025")
        self.assertEqual(refreshed["rows"], rows["rows"])
        self.assertLess(source(refreshed)["rows_scanned"], source(beside)["rows_scanned"])

    def test_4_a_scope_that_it_is_not_kept_by_goes_to_the_rows(self):
        scope = self.folder / "scope.json"
        scope.write_text(json.dumps({"row_filters": [{"field": "channel", "values": ["app"]}]}))
        _, answer = ask(self.shop, "revenue by day", "--scope", scope)
        self.assertEqual((source(answer)["rollup"], source(answer)["rollup_reason"]), (None, "scope_not_covered"))
        scope.write_text(json.dumps({"row_filters": [{"field": "department", "values": ["Cooking"]}]}))
        _, answer = ask(self.shop, "revenue by month", "--scope", scope)
        self.assertEqual(source(answer)["rollup"], "by_month")

    def test_7_reasons_that_lie_in_the_data(self):
        def reason(question):
            return source(ask(self.shop, question)[1])["rollup_reason"]

        model = self.shop / "model/aisle.yaml"
        text = model.read_text()
        model.write_text(text.replace(ROLLUPS.strip(), "rollups:\n  each_line: {dataset: order_lines, grain: day, dimensions: [line_id]}\n"))
        self.run_ok("refresh", "-w", self.shop)
        self.assertEqual(reason("revenue by day"), "not_smaller")
        model.write_text(text)
        self.run_ok("refresh", "-w", self.shop)
        self.assertEqual(reason("revenue by department"), "used")
        (self.shop / "products").mkdir()
        (self.shop / "ingest/products.yaml").write_text("source: products/*.csv\nkeys: [product_id]\n")
        lines = (self.made / "products.csv").read_text().splitlines(keepends=True)
        (self.shop / "products/changed.csv").write_text(lines[0] + lines[1].replace("Gardening", "Cooking"))
        self.run_ok("ingest", "-w", self.shop, "products")
        self.assertEqual(reason("revenue by department"), "dimension_changed")
        self.assertEqual(reason("revenue by day"), "used")
        changed = self.shop / "landing/order_lines_changed.csv"
        with open(changed, "w") as out:
            for path in sorted((self.made / "order_lines").glob("*.csv"))[2:-8]:
                header, *rows = path.read_text().splitlines(keepends=True)
                out.write("" if out.tell() else header)
                cells = rows[0].split(",")
                cells[header.split(",").index("quantity")] = "9"
                out.write(",".join(cells))
        self.run_ok("ingest", "-w", self.shop, "order_lines")
        self.assertEqual(reason("revenue by day"), "stale")
        self.run_ok("refresh", "-w", self.shop)
        self.assertEqual(reason("revenue by department"), "used")

    def test_6_what_was_asked_proposes_rollups(self):
        for question in ("units by channel by month", "units by channel in 2024", "units by channel by quarter"):
            ask(self.shop, question)
        said = self.run_ok("refresh", "-w", self.shop, "--advise")
        self.assertIn("grain: month\n    dimensions: [order_lines.channel]", said)
        model = self.shop / "model/aisle.yaml"
        text = model.read_text()
        model.write_text(text.replace("rollups:\n", said))
        self.run_ok("refresh", "-w", self.shop)
        _, answer = ask(self.shop, "units by channel in 2023")
        self.assertTrue(source(answer)["rollup"].startswith("order_lines_by_month"), answer["sources"])
        self.assertNotIn("[order_lines.channel]", self.run_ok("refresh", "-w", self.shop, "--advise"))
        model.write_text(text)

    def test_8_estimates_are_labelled_and_never_in_place_of_exact_numbers(self):
        model = self.shop / "model/aisle.yaml"
        text = model.read_text()
        self.addCleanup(model.write_text, text)
        model.write_text(text.rstrip() + "\n  people:\n    dataset: order_lines\n    grain: day\n    metrics: [revenue]\n"
                         "    estimates: [customers]\n")
        questions = ("customers by month", "customers by day in march 2024", "how many customers")
        exact = {question: ask(self.shop, question)[1] for question in questions}
        self.assertEqual({source(answer)["rollup"] for answer in exact.values()}, {None})
        self.run_ok("refresh", "-w", self.shop, "people")
        for question, before in exact.items():
            _, answer = ask(self.shop, question)
            self.assertEqual((source(answer)["rollup"], source(answer)["rollup_reason"]), ("people", "estimated"), question)
            note = next(caveat["text"] for caveat in answer["caveats"] if caveat["code"] == "estimated")
            self.assertIn("3.25 %", note)
            self.assertEqual(len(answer["rows"]), len(before["rows"]), question)
            for row, true in zip(answer["rows"], before["rows"]):
                self.assertEqual(row[:-1], true[:-1])
                few = "day" in question and true[-1] <= 256
                self.assertLessEqual(abs(row[-1] - true[-1]), 0 if few else 0.12 * true[-1], f"{question}: {row} for {true}")
        _, ratio = ask(self.shop, "average revenue per customer in 2024")  # of rows with a customer: the sketch cannot tell
        self.assertIsNone(source(ratio)["rollup"])
        _, revenue = ask(self.shop, "revenue by day")
        self.assertEqual(source(revenue)["rollup_reason"], "used")
        self.assertNotIn("estimated", [caveat["code"] for caveat in revenue["caveats"]])
        model.write_text(model.read_text().replace("estimates: [customers]", "estimates: [revenue]"))
        wrong = run("check", "-w", self.shop)
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("counts no different things", wrong.stdout + wrong.stderr)

    def test_5_a_wrong_definition_is_named(self):
        model = self.shop / "model/aisle.yaml"
        text = model.read_text()
        model.write_text(text.replace("products.department", "products.departement"))
        done = run("check", "-w", self.shop)
        model.write_text(text)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("departement", done.stdout)
