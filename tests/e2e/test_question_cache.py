"""Two questions share a cached answer when they mean the same, not when they look alike."""
import tempfile
import unittest
from pathlib import Path

from aisle import run
from question_cache import FRESH, PAIRS, judge, shop_table, table
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
        """Written before any of it was asked. `open_twins` are those that rules still take for the same: no other may join them."""
        hits = pairs = 0
        for name, shop in FRESH.items():
            with self.subTest(name), tempfile.TemporaryDirectory(prefix="aisle-cache-") as folder:
                data = Path(folder) / f"{name}.csv"
                data.write_text(shop_table(shop["columns"]))
                done = run("init", Path(folder) / "shop", data)
                self.assertEqual(done.returncode, 0, done.stderr)
                server = Server(Path(folder) / "shop")
                try:
                    hit, _, false = judge(server, shop)
                finally:
                    server.process.terminate()
                    server.process.wait(30)
                    server.process.stdout.close()
                self.assertEqual([pair for pair in map(list, false) if pair not in shop["open_twins"]], [])
                hits, pairs = hits + len(hit), pairs + len(shop["paraphrases"])
        self.assertEqual(pairs, 60)
        self.assertGreaterEqual(hits, 0.85 * pairs)


if __name__ == "__main__":
    unittest.main()
