"""aisle init over companies nobody described: what it says, what it leaves behind, and that people's words survive --add.

What is true of each company is held in tests/unit/model/test_infer.c; here the whole program makes the workspace."""
import json
import os
import shutil
import unittest

from aisle import ANSWERED, EXISTS, INVALID_ARGUMENT, NOT_FOUND, ROOT, WorkspaceCase, ask, run

COMPANIES = ROOT / "tests/data/infer"
NO_PROCESS = 4_194_305  # above any process number of Linux


class Making(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"

    def made(self, *arguments):
        done = run("init", "--json", self.workspace, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Init(Making):
    def test_every_company_can_be_asked(self):
        for company in sorted(path for path in COMPANIES.iterdir() if path.is_dir() and path.name != "truth"):
            with self.subTest(company.name):
                shutil.rmtree(self.workspace, ignore_errors=True)
                report = self.made(company)
                self.assertEqual(report["model"]["default_metric"], "revenue")
                self.assertEqual({table["rejected_rows"] for table in report["tables"]}, {0})
                self.assertEqual(run("check", "-w", self.workspace).returncode, 0)
                status, answer = ask(self.workspace, "revenue by year")
                self.assertEqual(status, ANSWERED, answer)
                self.assertGreaterEqual(len(answer["rows"]), 2)
                whole = ask(self.workspace, "total revenue")[1]["rows"][0][0]
                self.assertAlmostEqual(sum(row[-1] for row in answer["rows"]), whole, places=2)

    def test_says_what_was_concluded(self):
        done = run("init", self.workspace, COMPANIES / "lantern")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("1,369 rows", "invoiceNo begins with R", "qtySold times pricePerUnit", "sales_area > town"):
            self.assertIn(words, done.stdout)

    def test_reasons_stand_in_the_model(self):
        self.made(COMPANIES / "corner")
        text = (self.workspace / "model/aisle.yaml").read_text()
        self.assertRegex(text, r"(?s)# Total Amt = Net Amt \+ VAT Amt on the rows: it includes tax.*?\n  revenue:")

    def test_totals_at_the_end_are_no_row(self):
        done = run("init", self.workspace, COMPANIES / "rhein")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("846 rows", done.stdout)
        self.assertIn("1 row was left out", done.stdout)
        self.assertIn("Summe", next((self.workspace / "lake/_rejected").glob("*.csv")).read_text(encoding="utf-8"))
        self.assertNotIn([None], [row[:1] for row in ask(self.workspace, "revenue by month")[1]["rows"]])

    def test_a_row_that_only_sounds_like_totals_stays(self):
        lines = "Name,Sold,Pieces,Takings\n" + "".join(f"Brush,2024-01-{day:02},{day},{day * 3}.50\n" for day in range(1, 29))
        path = self.write("sales.csv", lines + "Total Care Shampoo,2024-01-30,4,18.00\n")
        self.assertEqual(self.made(path)["tables"][0]["rows"], 29)
        shutil.rmtree(self.workspace)
        path = self.write("sales.csv", lines + "Grand total:,,410,1232.00\nPrinted on 2024-02-01,,,\n")
        table = self.made(path)["tables"][0]
        self.assertEqual((table["rows"], table["aside_rows"]), (28, 2))

    def test_the_folder_that_a_dead_process_left_is_removed(self):
        stale, alive = (self.folder / f".shop.init-{number}" for number in (NO_PROCESS, os.getpid()))
        for folder in (stale, alive):
            (folder / "lake").mkdir(parents=True)
        self.made(COMPANIES / "meadow")
        self.assertFalse(stale.exists())
        self.assertTrue(alive.exists(), "a living process may still be building there")

    def test_name_of_the_workspace(self):
        self.assertEqual(self.made("--name", "Meadow Foods", COMPANIES / "meadow")["model"]["name"], "meadow_foods")
        self.assertIn("Meadow Foods", (self.workspace / "aisle.yaml").read_text())

    def test_wrong_use(self):
        self.assert_clean_failure(run("init", self.workspace), INVALID_ARGUMENT, "at least one data file")
        self.assert_clean_failure(run("init", "--sideways", self.workspace, "x.csv"), INVALID_ARGUMENT, "sideways")
        self.assert_clean_failure(run("init", "--add", self.workspace, COMPANIES / "meadow"), NOT_FOUND, "--add")


class Add(Making):
    def test_add_keeps_what_people_wrote(self):
        self.made(COMPANIES / "harbour/orders.csv", COMPANIES / "harbour/order_items.csv")
        path = self.workspace / "model/aisle.yaml"
        text = path.read_text()
        edited = text.replace("label: Revenue\n", "label: Our takings # agreed in March\n", 1)
        self.assertNotEqual(text, edited)
        path.write_text(edited)
        before = ask(self.workspace, "total revenue")[1]["rows"]
        report = self.made("--add", COMPANIES / "harbour/products.csv", COMPANIES / "harbour/stores.csv")
        self.assertEqual({table["name"] for table in report["tables"]}, {"products", "stores"})
        joins = {(join["from_dataset"], join["to_dataset"]) for join in report["model"]["relationships"]}
        self.assertEqual(joins, {("order_items", "orders"), ("order_items", "products"), ("orders", "stores")})
        self.assertRegex(path.read_text(), "label: Our takings +# agreed in March\n")
        self.assertEqual(ask(self.workspace, "total revenue")[1]["rows"], before)
        self.assertEqual(ask(self.workspace, "revenue by category")[0], ANSWERED)
        self.assertEqual(run("check", "-w", self.workspace).returncode, 0)

    def test_a_failed_addition_changes_nothing(self):
        self.made(COMPANIES / "meadow/sales.csv")
        model = (self.workspace / "model/aisle.yaml").read_text()
        bad = self.write("bad.csv", b"\0" * 4096)
        self.assertNotEqual(run("init", "--add", self.workspace, COMPANIES / "meadow/shops.csv", bad).returncode, 0)
        self.assertEqual((self.workspace / "model/aisle.yaml").read_text(), model)
        self.assertEqual(ask(self.workspace, "how many rows are there")[1]["rows"], [[530]])
        self.assertEqual(self.made("--add", COMPANIES / "meadow/shops.csv")["tables"][0]["name"], "shops")

    def test_without_add_nothing_is_touched(self):
        self.made(COMPANIES / "meadow/sales.csv")
        self.assert_clean_failure(run("init", self.workspace, COMPANIES / "meadow/shops.csv"), EXISTS, "--add")


if __name__ == "__main__":
    unittest.main()
