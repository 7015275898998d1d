"""Joins by several columns: found, held against the data, followed without multiplying rows, under every scope and rollup."""
import csv
import json
import unittest
from collections import Counter

from aisle import ANSWERED, BAD_MODEL, ROOT, WorkspaceCase, ask, run

FURNITURE, KETTLE = ROOT / "tests/data/ask/schemas/furniture", ROOT / "tests/data/infer/kettle"
DIFFERS = 8
ROLLUPS = """
rollups:
  returned: {dataset: returns, grain: year, dimensions: [orderlines.room], metrics: [returned_units]}
  sold: {dataset: orderlines, grain: year, dimensions: [room], metrics: [units]}
"""


def rows_of(path, delimiter=","):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def sums(rows, group, value):
    found = Counter()
    for row in rows:
        found[row[group]] += float(row[value])
    return {name: round(total, 2) for name, total in found.items()}


def answered(case, workspace, question, *flags):
    status, answer = ask(workspace, question, *flags)
    case.assertEqual(status, ANSWERED, answer)
    return answer


def by_group(answer):
    return {row[0]: round(row[-1], 2) for row in answer["rows"]}


class Returns(WorkspaceCase):
    """Returns name an order and an article, of which each order has one line."""

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, *sorted(FURNITURE.glob("*.csv")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.core = self.workspace / "model/core.yaml"
        self.lines = rows_of(FURNITURE / "orderlines.csv", ";")
        line = {(row["Order Ref"], row["Article Code"]): row for row in self.lines}
        self.returns = [{**line[row["Order Ref"], row["Article Code"]], **row} for row in rows_of(FURNITURE / "returns.csv", ";")]

    def check(self):
        return run("check", "-w", self.workspace)

    def join_by(self, columns):
        text = self.core.read_text()
        old = "to_columns: [order_ref, article_code]"
        self.assertIn(old, text)
        self.core.write_text(text.replace(old, f"to_columns: {columns}"))

    def test_what_came_back_by_what_was_sold(self):
        self.assertEqual(by_group(answered(self, self.workspace, "returned pieces by room")), sums(self.returns, "Room", "Pieces Returned"))
        sold = sums([row for row in self.lines if row["Order State"] != "Cancelled"], "Country", "Pieces")
        back = sums(self.returns, "Country", "Pieces Returned")
        rates = {row[0]: row[-1] for row in answered(self, self.workspace, "return rate by country")["rows"]}
        self.assertEqual(set(rates), set(sold))
        for country, rate in rates.items():
            self.assertAlmostEqual(rate, back.get(country, 0) / sold[country], places=9, msg=country)

    def test_the_reason_stands_in_the_model(self):
        text = self.core.read_text()
        self.assertRegex(text, r"order_ref and article_code together are different on every row of orderlines")

    def test_mistakes_have_a_place(self):
        self.join_by("[order_ref, colour]")
        done = self.check()
        self.assertEqual(done.returncode, BAD_MODEL)
        self.assertRegex(done.stdout, r'(?m)^model/core\.yaml:\d+:\d+: relationship returns_to_orderlines: "colour" is no field of orderlines')

    def test_as_many_columns_on_both_sides(self):
        self.join_by("[order_ref]")
        done = self.check()
        self.assertEqual(done.returncode, BAD_MODEL)
        self.assertRegex(done.stdout, r"(?m)^model/core\.yaml:\d+:\d+: relationship returns_to_orderlines: 2 columns lead to 1")

    def test_a_combination_that_is_not_unique_is_told(self):
        self.join_by("[order_ref, room]")
        done = self.check()
        self.assertEqual(done.returncode, DIFFERS)
        self.assertRegex(done.stdout, r"(?m)^relationship returns_to_orderlines: order_ref, room is not unique in orderlines, \d+ values")

    def test_rollups_give_the_same(self):
        questions = ["returned pieces by room", "returned pieces by room in 2022", "return rate by room", "return rate by room by year"]
        before = [answered(self, self.workspace, question)["rows"] for question in questions]
        with (self.workspace / "model/aisle.yaml").open("a") as model:
            model.write(ROLLUPS)
        done = run("refresh", "-w", self.workspace)
        self.assertEqual(done.returncode, 0, done.stderr)
        after = [answered(self, self.workspace, question) for question in questions]
        self.assertEqual([answer["rows"] for answer in after], before)
        self.assertEqual({source["rollup"] for source in after[0]["sources"]}, {"returned"})

    def test_one_order_with_an_article_twice_is_no_key(self):
        lines = (FURNITURE / "orderlines.csv").read_text(encoding="utf-8").splitlines()
        workspace = self.folder / "twice"
        done = run("init", "--json", workspace, self.write("orderlines.csv", "\n".join([*lines, lines[1]]) + "\n"), FURNITURE / "returns.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["model"]["relationships"], [])


class NumberedPerCountry(WorkspaceCase):
    """Shop 1 of Austria is not shop 1 of Germany; sales, stock and budget meet in shops, days and articles."""

    @classmethod
    def setUpClass(cls):
        cls.shops = {(row["country"], row["shop_no"]): row for row in rows_of(KETTLE / "shops.csv")}
        cls.sales = [{**row, **cls.shops[row["country"], row["shop_no"]]} for row in rows_of(KETTLE / "daily_sales.csv")]

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "kettle"
        done = run("init", self.workspace, KETTLE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_shops_are_counted_by_both_parts(self):
        self.assertEqual(answered(self, self.workspace, "how many shops are there")["rows"], [[len(self.shops)]])
        by_shop = by_group(answered(self, self.workspace, "revenue by shop"))
        for row in self.sales:
            row["shop"] = f"{row['country']} {row['shop_no']}"
        self.assertEqual(by_shop, sums(self.sales, "shop", "revenue"))

    def test_facts_of_different_grain_meet(self):
        answer = answered(self, self.workspace, "revenue and budget by region in January 2024")
        month = [row for row in self.sales if row["day"].startswith("2024-01")]
        plan = [{**row, **self.shops[row["country"], row["shop_no"]]} for row in rows_of(KETTLE / "budget.csv") if row["month"] == "2024-01"]
        revenue, budget = sums(month, "region", "revenue"), sums(plan, "region", "budget")
        self.assertEqual({row[0]: (round(row[1], 2), row[2]) for row in answer["rows"]},
                         {region: (revenue[region], budget[region]) for region in revenue})

    def test_a_scope_on_the_list_limits_every_fact(self):
        scope = self.write("scope.json", json.dumps({"tenant": "t", "user": "u", "roles": [], "hidden_fields": [],
                                                     "row_filters": [{"attribute": "region", "field": "region", "values": ["North"]}]}))
        north = {shop["town"] for shop in self.shops.values() if shop["region"] == "North"}
        for question in ("revenue by town", "budget by town", "stock by town"):
            with self.subTest(question):
                answer = answered(self, self.workspace, question, "--scope", scope)
                self.assertEqual({row[0] for row in answer["rows"]}, north)
        self.assertEqual(answered(self, self.workspace, "how many shops are there", "--scope", scope)["rows"], [[len(north)]])


if __name__ == "__main__":
    unittest.main()
