"""Questions in many people's words over four companies' tables, and the shared golden questions where they are."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import aisle

HERE = Path(__file__).resolve().parent
EVAL = aisle.SHARED / "eval"
TARGETS = {"simple": 39, "aggregation": 50, "comparison": 25, "complex": 12, "followup": 8, "unanswerable": 11, "ambiguous": 6}
WORKSPACES = {"superstore": "superstore.csv", "online_retail": "online_retail.csv.gz", "supermarket": "supermarket_sales.csv"}


class Cases(unittest.TestCase):
    def run_split(self, split, least, most_wrong):
        command = [sys.executable, str(HERE / "ask_cases.py"), split, "--min", str(least), "--max-wrong", str(most_wrong), "--show"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-1000:])

    def test_questions_looked_at_while_building(self):
        self.run_split("dev", 85, 30)

    def test_questions_in_other_words(self):
        self.run_split("held", 85, 30)


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
