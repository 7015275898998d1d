"""Two questions share a cached answer when they mean the same, not when they look alike."""
import tempfile
import unittest
from pathlib import Path

from aisle import run
from question_cache import AS_OF, FOURTH, PAIRS, SECOND, THIRD, files_of, judge, shop_table, table
from serving import Server


class QuestionCache(unittest.TestCase):
    def test_paraphrases_hit_and_twins_never(self):
        self.assertEqual((len(PAIRS["paraphrases"]), len(PAIRS["twins"])), (30, 30))
        with tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
            shop, data = Path(folder) / "shop", Path(folder) / "furniture.csv"
            data.write_text(table())
            done = run("init", shop, data)
            self.assertEqual(done.returncode, 0, done.stderr)
            server = Server(shop)
            try:
                hit, missed, false = judge(server)
            finally:
                server.process.terminate()
                server.process.wait(30)
                server.process.stdout.close()
        self.assertEqual(false, [])
        self.assertGreaterEqual(len(hit), 24, missed)

    def test_a_second_set_over_other_shops(self):
        self.judge_shops(SECOND, 0.85)

    def test_a_third_set_over_other_shops(self):
        self.judge_shops(THIRD, 0.85)

    def test_a_fourth_set_over_real_forms(self):
        hits = pairs = 0
        for name, shop in FOURTH.items():
            with self.subTest(name), tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
                files = files_of(shop["from"], Path(folder) / "files")
                if files is None:
                    continue
                server = self.serve(Path(folder) / "shop", *files)
                try:
                    hit, missed, false = judge(server, shop, as_of=None)
                finally:
                    self.stop(server)
                self.assertEqual((len(shop["paraphrases"]), len(shop["twins"]), false), (30, 30, []))
                self.assertGreaterEqual(len(hit), 24, missed)
                hits, pairs = hits + len(hit), pairs + 30
        self.assertGreaterEqual(hits, 0.85 * pairs)

    def serve(self, shop, *files):
        done = run("init", shop, *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Server(shop)

    def stop(self, server):
        server.process.terminate()
        server.process.wait(30)
        server.process.stdout.close()

    def test_groups_in_another_order(self):
        """What is moved and sorted from a kept result is what the engine would have given, word for word."""
        pairs = [("sales by category and region", "sales by region and category", True), ("sales by month and segment", "sales by segment and month", True),
                 ("profit and sales by state and category", "profit and sales by category and state", True),
                 ("sales by weekday and region", "sales by region and weekday", True),
                 ("sales by region, category and segment", "sales by segment, region and category", True),
                 ("sales by state and product above 3000", "sales by product and state above 3000", True),
                 ("orders by quarter and segment", "orders by segment and quarter", True),
                 ("sales in 2024 by region and weekday", "sales in 2024 by weekday and region", False),
                 ("top 2 segments by sales in each region", "top 2 regions by sales in each segment", False)]
        with tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
            data = Path(folder) / "furniture.csv"
            data.write_text(table())
            server, fresh = self.serve(Path(folder) / "shop", data), self.serve(Path(folder) / "other", data)
            try:
                for first, second, shared in pairs:
                    with self.subTest(second):
                        server.ask(first, as_of=AS_OF)
                        got, expected = server.ask(second, as_of=AS_OF)[1], fresh.ask(second, as_of=AS_OF)[1]
                        self.assertEqual(got["status"], "answered")
                        self.assertEqual((got["route"], expected["route"]), ("meaning_cache" if shared else "rules", "rules"))
                        for own in ("id", "route", "timing_ms", "session", "sources", "model_hash"):
                            got.pop(own, None), expected.pop(own, None)
                        self.assertEqual(got, expected)
            finally:
                self.stop(server)
                self.stop(fresh)

    def test_a_values_column_is_that_of_what_is_measured(self):
        """A noun beside a value names the columns it may be of; which of them, the measure decides as without the noun."""
        with tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
            files = files_of(FOURTH["generated"]["from"], Path(folder) / "files")
            server = self.serve(Path(folder) / "shop", *files)
            try:
                for plain, named in (("revenue in Atlantic", "revenue in the Atlantic region"), ("revenue of Gardening", "revenue of the Gardening department"),
                                     ("revenue in Atlantic and Great Lakes", "revenue in the Atlantic and Great Lakes regions"),
                                     ("how many gold customers", "how many customers are in the gold tier")):
                    one, two = server.ask(plain)[1], server.ask(named)[1]
                    self.assertEqual((one["status"], one["rows"]), ("answered", two["rows"]), named)
                median, average = server.ask("median order value")[1], server.ask("average order value")[1]
                self.assertNotEqual(median["rows"], average["rows"])
                self.assertEqual(server.ask("median profit margin")[1]["status"], "refused")
            finally:
                self.stop(server)

    def judge_shops(self, shops, least):
        hits = pairs = 0
        for name, shop in shops.items():
            self.assertEqual((len(shop["paraphrases"]), len(shop["twins"])), (30, 30))
            with self.subTest(name), tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
                data = Path(folder) / f"{name}.csv"
                data.write_text(shop_table(shop["columns"]))
                done = run("init", Path(folder) / "shop", data)
                self.assertEqual(done.returncode, 0, done.stderr)
                server = Server(Path(folder) / "shop")
                try:
                    hit, missed, false = judge(server, shop)
                finally:
                    server.process.terminate()
                    server.process.wait(30)
                    server.process.stdout.close()
                self.assertEqual(false, [])
                hits, pairs = hits + len(hit), pairs + len(shop["paraphrases"])
        self.assertGreaterEqual(hits, least * pairs, missed)


if __name__ == "__main__":
    unittest.main()
