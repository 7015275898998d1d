"""Two questions share a cached answer when they mean the same, not when they look alike."""
import tempfile
import unittest
from pathlib import Path

from aisle import run
from question_cache import PAIRS, SECOND, THIRD, judge, shop_table, table
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
