"""aisle generate: the same bytes on any number of threads, and truth.json says what is in the files."""
import csv
import hashlib
import json
from collections import Counter
from decimal import Decimal

from aisle import EXISTS, INVALID_ARGUMENT, WorkspaceCase, ask, run


def digest(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def rows(folder, table):
    for path in sorted((folder / table).glob("*.csv")):
        with open(path, newline="") as file:
            yield from csv.DictReader(file)


class Generate(WorkspaceCase):
    def generate(self, name, *flags):
        folder = self.folder / name
        done = run("generate", folder, *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return folder

    def test_same_seed_same_bytes_whatever_the_threads(self):
        one = self.generate("one", "--scale", "0.01", "--seed", "5", "--threads", "1")
        three = self.generate("three", "--scale", "0.01", "--seed", "5", "--threads", "3")
        other = self.generate("other", "--scale", "0.01", "--seed", "6")
        self.assertEqual(digest(one), digest(three))
        self.assertNotEqual(digest(one), digest(other))

    def test_truth_is_what_stands_in_the_files(self):
        folder = self.generate("g", "--scale", "0.03", "--dirty", "0.02", "--duplicate", "0.05", "--late", "0.03")
        truth = json.loads((folder / "truth.json").read_text())
        lines, seen, late, revenue = 0, {}, 0, Decimal(0)
        for path in sorted((folder / "order_lines").glob("*.csv")):
            first = path.stem.rsplit("_", 1)[1]
            with open(path, newline="") as file:
                for row in csv.DictReader(file):
                    lines += 1
                    if row["line_id"] in seen:
                        self.assertEqual(seen[row["line_id"]], row)
                        continue
                    seen[row["line_id"]] = row
                    late += row["order_date"] < first and row["order_date"] != "2024-02-31"
        dirty, years, orders, cancelled = Counter(), Counter(), set(), {row["order_id"] for row in rows(folder, "orders") if row["status"] == "cancelled"}
        for row in seen.values():
            kind = ("missing_product" if not row["product_id"] else "unknown_product" if row["product_id"] >= "P9" else
                    "impossible_date" if row["order_date"] == "2024-02-31" else
                    "negative_quantity" if row["quantity"].startswith("-") else
                    "word_as_price" if row["unit_price"] == "ask" else
                    "untidy_state" if row["ship_state"] != row["ship_state"].strip().upper() else None)
            if kind:
                dirty[kind] += 1
            else:
                amount = int(row["quantity"]) * Decimal(row["unit_price"]) * (1 - Decimal(row["discount"]))
                revenue += amount
                years[row["order_date"][:4]] += amount
                orders.add(row["order_id"])
        told = truth["order_lines"]
        self.assertEqual((told["written"], told["distinct"], told["duplicates"]), (lines, len(seen), lines - len(seen)))
        self.assertEqual(told["dirty"], dict(dirty))
        self.assertEqual(len(dirty), 6)
        self.assertEqual(Decimal(told["clean"]["revenue"]), revenue)
        self.assertEqual((told["clean"]["lines"], told["clean"]["orders"]), (len(seen) - sum(dirty.values()), len(orders)))
        self.assertEqual({year: Decimal(value) for year, value in told["clean"]["revenue_by_year"].items()}, dict(years))
        self.assertEqual(told["returned_units"], sum(int(row["returned_quantity"]) for row in seen.values()))
        self.assertEqual(told["of_cancelled_orders"], sum(row["order_id"] in cancelled for row in seen.values()))
        for rate, count in ((0.02, sum(dirty.values())), (0.05, told["duplicates"]), (0.03, told["late"])):
            self.assertAlmostEqual(count / len(seen), rate, delta=rate / 5)
        self.assertLessEqual(abs(told["late"] - late), told["dirty"]["impossible_date"])
        self.assertEqual(truth["rows"]["orders"], len({row["order_id"] for row in rows(folder, "orders")}))

    def test_planted_events_can_be_found(self):
        folder = self.generate("g", "--scale", "0.3", "--seed", "3")
        events = {event["event"]: event for event in json.loads((folder / "truth.json").read_text())["events"]}
        for event in events.values():
            self.assertGreater(event["lost"]["lines"], 0, event)
        paused = events["lost_campaign"]
        days = Counter(row["placed_at"][:10] for row in rows(folder, "orders") if row["campaign_id"] == paused["campaign_id"])
        self.assertFalse([day for day in days if paused["from"] <= day < paused["to_exclusive"]])
        self.assertTrue([day for day in days if day < paused["from"]])
        with open(folder / "stores.csv", newline="") as file:
            hubs = {row["store_id"] for row in csv.DictReader(file) if row["region"] == events["region_outage"]["region"]}
        outage = events["region_outage"]
        online = [row for row in rows(folder, "order_lines") if row["store_id"] in hubs and row["channel"] in ("web", "app")]
        self.assertFalse([row for row in online if outage["from"] <= row["order_date"] < outage["to_exclusive"]])
        self.assertTrue(online)

    def test_what_was_made_becomes_a_workspace(self):
        folder = self.generate("g", "--scale", "0.01", "--dirty", "0")
        shop = self.folder / "shop"
        self.assertEqual(run("init", shop, folder).returncode, 0)
        truth = json.loads((folder / "truth.json").read_text())
        status, answer = ask(shop, "number of orders")
        self.assertEqual((status, answer["rows"]), (0, [[truth["rows"]["orders"]]]))
        self.assertFalse((shop / "lake/truth").exists())

    def test_weekly_files_and_wrong_options(self):
        folder = self.generate("weekly", "--scale", "0.005", "--files", "week")
        self.assertEqual(len(list((folder / "orders").glob("*.csv"))), 158)
        self.assert_clean_failure(run("generate", folder), EXISTS, "not empty")
        self.assert_clean_failure(run("generate", self.folder / "x", "--scale", "-1"), INVALID_ARGUMENT, "--scale")
        self.assert_clean_failure(run("generate", self.folder / "x", "--late", "0.9"), INVALID_ARGUMENT, "--late")
        self.assert_clean_failure(run("generate", self.folder / "x", "--files", "hour"), INVALID_ARGUMENT, "--files")
        self.assert_clean_failure(run("generate"), INVALID_ARGUMENT, "folder")
