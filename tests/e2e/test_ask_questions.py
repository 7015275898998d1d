"""The shared golden questions, where they are, judged by their own judge."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import aisle

EVAL = aisle.SHARED / "eval"
TARGETS = {"simple": 39, "aggregation": 50, "comparison": 25, "complex": 12, "followup": 8, "unanswerable": 11, "ambiguous": 6}
WORKSPACES = {"superstore": "superstore.csv", "online_retail": "online_retail.csv.gz", "supermarket": "supermarket_sales.csv"}


@unittest.skipUnless((EVAL / "golden.jsonl").is_file(), "the shared golden questions are not here")
class Golden(unittest.TestCase):
    def test_golden_questions(self):
        questions = [json.loads(line) for line in (EVAL / "golden.jsonl").read_text().splitlines() if line.strip()]
        with tempfile.TemporaryDirectory(prefix="aisle-golden-") as scratch:
            folder, lines = Path(scratch), ""
            for dataset, name in WORKSPACES.items():
                done = aisle.run("init", folder / dataset, aisle.SHARED / "data" / name)
                self.assertEqual(done.returncode, 0, done.stderr)
                asked = [{key: q[key] for key in ("id", "question", "as_of", "after") if q.get(key)} for q in questions if q["dataset"] == dataset]
                (folder / "q.jsonl").write_text("".join(json.dumps(q) + "\n" for q in asked))
                lines += aisle.run("ask", "-w", folder / dataset, "--batch", folder / "q.jsonl", timeout=300).stdout
            (folder / "answers.jsonl").write_text(lines)
            judged = subprocess.run([sys.executable, str(EVAL / "score.py"), str(folder / "answers.jsonl"), "--json"], capture_output=True, text=True)
        report = json.loads(judged.stdout)
        wrong = sum(report["total"]["verdicts"][v] for v in ("WRONG_ROWS", "WRONG_VALUES", "WRONG_STATUS_ANSWERED"))
        self.assertLessEqual(wrong, 1)
        for category, least in TARGETS.items():
            self.assertGreaterEqual(report["categories"][category]["verdicts"]["RIGHT"], least, category)


if __name__ == "__main__":
    unittest.main()
