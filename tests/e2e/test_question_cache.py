"""Two questions share a cached answer when they mean the same, not when they look alike."""
import tempfile
import unittest
from pathlib import Path

from aisle import run
from question_cache import PAIRS, judge, table
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


if __name__ == "__main__":
    unittest.main()
