"""aisle eval: verdicts, targets and reports; its judge against the independent one; sentences of real answers."""
import json
import re
import sys
import unittest

from aisle import BAD_INPUT, INVALID_ARGUMENT, NOT_FOUND, PROGRAM, SHARED, WorkspaceCase, run

SALES = "Order No,Order Date,Shop,Product,Quantity,Sales\n" + "".join(
    f"SO-{1000 + i // 2},2023-{1 + i % 12:02}-{1 + i % 27:02},{('North', 'South', 'West')[i % 3]},Lamp {i % 40},{1 + i % 5},{12 + i % 80}.95\n"
    for i in range(600))
TOTAL = sum(12 + i % 80 + 0.95 for i in range(600))
GOLD = SHARED / "eval/golden.jsonl"
MISSED = 1


def line(id, question, **more):
    return json.dumps({"id": id, "dataset": "sales", "category": "simple", "question": question, "as_of": "2023-12-31", **more}) + "\n"


class Eval(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, self.write("sales.csv", SALES))
        self.assertEqual(done.returncode, 0, done.stderr)

    def eval(self, lines, *flags):
        return run("eval", "-w", self.workspace, self.write("golden.jsonl", lines), *flags)

    def test_verdicts_and_reports(self):
        lines = (line("sql", "total sales", gold_sql=['SELECT sum("Sales") FROM sales'])
                 + line("value", "total sales", value=round(TOTAL, 2))
                 + line("range", "total sales", range=[TOTAL - 1, TOTAL + 1])
                 + line("rows", "sales by shop", gold_sql=['SELECT "Shop", sum("Sales") FROM sales GROUP BY ALL'], category="groups")
                 + line("follow", "and only for the North?", after="value", category="groups",
                        gold_sql=["SELECT sum(\"Sales\") FROM sales WHERE \"Shop\" = 'North'"])
                 + line("refused", "what were sales in 1999?", expect="refused", category="groups")
                 + line("wrong", "total sales", value=1.0))
        report, page = self.folder / "report.json", self.folder / "report.html"
        done = self.eval(lines, "--json", report, "--html", page, "--show", "--min-right", "0.99")
        self.assertEqual(done.returncode, MISSED, done.stdout + done.stderr)
        self.assertIn("missed  all: 6 of 7 right", done.stdout)
        self.assertIn("wrong_values  wrong (simple)  total sales", done.stdout)
        items = {item["id"]: item["verdict"] for item in json.loads(report.read_text())["items"]}
        self.assertEqual(items.pop("wrong"), "wrong_values")
        self.assertEqual(set(items.values()), {"right"}, items)
        self.assertIn("<h1>Golden questions</h1>", page.read_text())

    def test_targets(self):
        lines = line("a", "total sales", value=round(TOTAL, 2)) + line("b", "total sales", value=1.0, category="other")
        self.assertEqual(self.eval(lines, "--min-right", "0.5").returncode, 0)
        self.assertEqual(self.eval(lines, "--min-right", "simple=1").returncode, 0)
        self.assertEqual(self.eval(lines, "--min-right", "other=1").returncode, MISSED)
        self.assertEqual(self.eval(lines, "--min-right", "0.5", "--max-wrong", "0").returncode, MISSED)
        self.assertEqual(self.eval(lines).returncode, MISSED)
        self.assert_clean_failure(self.eval(lines, "--min-right", "95"), INVALID_ARGUMENT, "0.95")

    def test_other_data_is_left_out(self):
        lines = line("a", "total sales", value=round(TOTAL, 2)) + line("b", "whatever", dataset="somebody_elses", value=1)
        done = self.eval(lines)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 question about other data left out", done.stdout)

    def test_bad_input(self):
        self.assert_clean_failure(self.eval('{"id": "a", "question": "b"}\nnot json\n'), BAD_INPUT, "golden.jsonl:2")
        self.assert_clean_failure(run("eval", "-w", self.workspace, self.folder / "none.jsonl"), NOT_FOUND)
        self.assert_clean_failure(run("eval", "-w", self.workspace), INVALID_ARGUMENT, "aisle eval")
        self.assert_clean_failure(run("eval", "-w", self.folder / "nowhere", self.write("g.jsonl", "")), NOT_FOUND)


@unittest.skipUnless(GOLD.exists(), "no ../shared/eval")
class RealQuestions(WorkspaceCase):
    NUMBER = re.compile(r"-?[£$€₹]?\d[\d,]*(?:\.\d+)?(?: %| pp)?")

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, SHARED / "data/supermarket_sales.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.questions = [q for q in map(json.loads, GOLD.read_text().splitlines()) if q["dataset"] == "supermarket"]

    def answers(self):
        keys = ("id", "question", "as_of", "after")
        batch = "".join(json.dumps({k: q[k] for k in keys if q.get(k)}) + "\n" for q in self.questions)
        done = run("ask", "-w", self.workspace, "--batch", self.write("batch.jsonl", batch))
        return {a["id"]: a for a in map(json.loads, done.stdout.splitlines())}

    def test_both_judges_agree(self):
        sys.path.insert(0, str(SHARED / "eval"))
        self.addCleanup(sys.path.remove, str(SHARED / "eval"))
        import score
        report = self.folder / "report.json"
        run("eval", "-w", self.workspace, GOLD, "--dataset", "supermarket", "--json", report)
        ours = {item["id"]: item["verdict"] for item in json.loads(report.read_text())["items"]}
        golds, answers = json.loads((SHARED / "eval/gold.json").read_text()), self.answers()
        theirs = {q["id"]: score.judge(q, golds.get(q["id"], []), answers.get(q["id"])).lower() for q in self.questions}
        self.assertEqual(ours, theirs)

    def test_answers_keep_a_sentence_and_its_numbers_are_facts(self):
        told = [a for a in self.answers().values() if a["status"] == "answered"]
        self.assertGreaterEqual(len(told), 20)
        self.assertGreaterEqual(sum(bool(a["narrative"]) for a in told), 0.95 * len(told))
        for answer in told:
            text = answer["narrative"]
            for fact in answer["facts"]:
                self.assertIn(fact["text"], text)
            known = {fact["text"] for fact in answer["facts"]}
            names = json.dumps([answer["rows"], answer["columns"], answer["resolved"], answer["question"]])
            for number in self.NUMBER.findall(re.sub(r"\b\d\d:00\b", "", text)):  # hours are names
                bare = number.strip(",-£$€₹ %p")
                self.assertTrue(any(bare in fact for fact in known) or bare in names, f"{number!r} of {text!r}")


if __name__ == "__main__":
    unittest.main()
