"""aisle agent without a model, aisle trace, aisle memory."""
import json
import tempfile
import unittest
from pathlib import Path

from aisle import INVALID_ARGUMENT, NOT_FOUND, REFUSED, ROOT, SHARED, run
from serving import TABLE, Server, revenue_of

OWN = ("id", "timing_ms", "answer_id", "session", "after")
QUESTIONS = ["sales by region", "total sales in the North", "best region", "how many employees do we have", "sales in Nort",
             "revenue by month in 2023", "which drink sold most in June", "hello", "why did sales fall in July", "top 3 orders by revenue",
             "sales by region and then by drink", "average order value", "and in the South?", "sales last month", "share of each drink",
             "summary of sales", "sales in 2031", "compare North and South", "orders with more than 5 units", "", "x" * 3000]


def setUpModule():
    global SCRATCH, SHOP
    SCRATCH = tempfile.TemporaryDirectory(prefix="aisle-agent-")
    SHOP = Path(SCRATCH.name) / "shop"
    table = Path(SCRATCH.name) / "drinks.csv"
    table.write_text(TABLE)
    done = run("init", SHOP, table)
    assert done.returncode == 0, done.stderr


def tearDownModule():
    SCRATCH.cleanup()


def batch(verb, workspace, lines, *flags):
    path = Path(SCRATCH.name) / "questions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run(verb, "-w", workspace, "--batch", path, *flags, timeout=300)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(lines), done.stderr
    return answers


def agent(question, *flags):
    done = run("agent", "-w", SHOP, "--json", *flags, question)
    return done.returncode, json.loads(done.stdout), done.stderr


class SameAsAsk(unittest.TestCase):
    def same(self, workspace, lines):
        asked, ran = batch("ask", workspace, lines), batch("agent", workspace, lines)
        for line, expected, answer in zip(lines, asked, ran):
            for own in OWN:
                expected.pop(own, None)
                answer.pop(own, None)
            # Whether it was computed before in this process depends on what was asked before, which is the same here.
            self.assertEqual(answer, expected, line)

    def test_own_questions(self):
        lines = [{"id": f"q{i}", "question": question} for i, question in enumerate(QUESTIONS)]
        lines[12]["after"] = "q1"
        self.same(SHOP, lines)

    def test_shared_questions(self):
        golden = SHARED / "eval/golden.jsonl"
        if not golden.exists():
            self.skipTest("there are no shared questions here")
        lines = [json.loads(line) for line in golden.read_text().splitlines()]
        for dataset in sorted({line["dataset"] for line in lines}):
            table = next((SHARED / "data").glob(f"{dataset}*.csv*"))
            workspace = Path(SCRATCH.name) / dataset
            done = run("init", workspace, table, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            keys = ("id", "question", "as_of", "after")
            self.same(workspace, [{key: line[key] for key in keys if line.get(key)} for line in lines if line["dataset"] == dataset])

    def test_questions_of_the_demo(self):
        table = ROOT / "tests/data/demo/online_retail.csv.gz"
        workspace = Path(SCRATCH.name) / "demo"
        self.assertEqual(run("init", workspace, table, timeout=300).returncode, 0)
        cases = [json.loads(line) for line in (ROOT / "tests/data/ask/dev_online_retail.jsonl").read_text().splitlines()]
        lines = [{"id": f"c{i}", "question": case["question"]} for i, case in enumerate(cases) if isinstance(case.get("question"), str)]
        self.assertGreater(len(lines), 10)
        self.same(workspace, lines)


class Traces(unittest.TestCase):
    def test_trace_and_steps(self):
        status, answer, steps = agent("sales by region", "--steps")
        self.assertEqual(status, 0)
        told = [json.loads(line)["step"] for line in steps.splitlines()]
        self.assertEqual(told, ["route", "plan", "engineer"])
        done = run("trace", "-w", SHOP, "--json", answer["id"])
        trace = json.loads(done.stdout)
        self.assertEqual([step["name"] for step in trace], told)
        self.assertEqual(trace[-1]["detail"]["answer"], answer["id"])
        shown = run("trace", "-w", SHOP, answer["id"]).stdout
        self.assertIn("answered; -> whole", shown)
        self.assertIn("3 steps", shown)
        self.assertEqual(run("trace", "-w", SHOP, "nothing").returncode, NOT_FOUND)
        newest = json.loads(run("trace", "-w", SHOP, "--json").stdout)[0]
        self.assertEqual((newest["id"], newest["question"], newest["finished"], newest["steps"]), (answer["id"], "sales by region", True, 3))
        self.assertIn(answer["id"], run("trace", "-w", SHOP).stdout)
        again = run("agent", "-w", SHOP, "--json", "--resume", answer["id"])
        self.assertEqual(json.loads(again.stdout)["rows"], answer["rows"])

    def test_another_callers_trace(self):
        scope = Path(SCRATCH.name) / "ann.json"
        scope.write_text(json.dumps({"user": "ann"}))
        _, answer, _ = agent("sales by drink", "--scope", scope)
        self.assertEqual(run("trace", "-w", SHOP, "--scope", scope, answer["id"]).returncode, 0)
        self.assertEqual(run("trace", "-w", SHOP, answer["id"]).returncode, NOT_FOUND)
        self.assertEqual(run("agent", "-w", SHOP, "--resume", answer["id"]).returncode, NOT_FOUND)


class Memory(unittest.TestCase):
    def scope(self, user):
        path = Path(SCRATCH.name) / f"{user}.json"
        path.write_text(json.dumps({"user": user}))
        return "--scope", path

    def test_taught_edited_and_forgotten(self):
        mine = self.scope("mem1")
        self.assertEqual(agent("wonga in the North", *mine)[0], REFUSED)
        self.assertEqual(run("memory", "-w", SHOP, *mine, "add", "Wonga", "revenue").returncode, 0)
        status, answer, _ = agent("wonga in the North", *mine)
        self.assertEqual(status, 0)
        self.assertEqual(answer["question"], "wonga in the North")
        self.assertAlmostEqual(answer["rows"][0][0], revenue_of(2, "North"))
        self.assertIn("memory", [caveat["code"] for caveat in answer["caveats"]])
        word = answer["understood"][0]
        self.assertEqual((word["start"], word["length"], word["text"]), (0, 5, "wonga"))
        for word in answer["understood"]:
            self.assertEqual(answer["question"][word["start"]:word["start"] + word["length"]], word["text"])
        self.assertEqual(run("memory", "-w", SHOP, *mine, "add", "wonga", "units").returncode, 0)
        entries = json.loads(run("memory", "-w", SHOP, *mine, "--json").stdout)
        self.assertEqual([(e["phrase"], e["meaning"]) for e in entries], [("wonga", "units")])
        self.assertEqual(run("memory", "-w", SHOP, *mine, "forget", str(entries[0]["id"])).returncode, 0)
        self.assertEqual(agent("wonga in the North", *mine)[0], REFUSED)

    def test_only_whole_words_and_the_longest(self):
        mine = self.scope("mem2")
        for phrase, meaning in (("big money", "revenue"), ("money", "units")):
            self.assertEqual(run("memory", "-w", SHOP, *mine, "add", phrase, meaning).returncode, 0)
        _, answer, _ = agent("BIG MONEY by region", *mine)
        self.assertEqual(answer["query"]["metrics"][0]["metric"], "revenue")
        self.assertEqual([u["text"] for u in answer["understood"]], ["BIG MONEY", "by", "region"])
        self.assertEqual(agent("moneybags by region", *mine)[0], REFUSED)

    def test_never_another_users(self):
        mine, other = self.scope("mem3"), self.scope("mem4")
        run("memory", "-w", SHOP, *mine, "add", "lolly", "revenue")
        self.assertEqual(agent("lolly by region", *mine)[0], 0)
        self.assertEqual(agent("lolly by region", *other)[0], REFUSED)
        self.assertEqual(agent("lolly by region")[0], REFUSED)
        self.assertEqual(json.loads(run("memory", "-w", SHOP, *other, "--json").stdout), [])
        number = json.loads(run("memory", "-w", SHOP, *mine, "--json").stdout)[0]["id"]
        self.assertEqual(run("memory", "-w", SHOP, *other, "forget", str(number)).returncode, NOT_FOUND)
        self.assertEqual(agent("lolly by region", *mine)[0], 0)

    def test_a_meaning_gives_no_access(self):
        path = Path(SCRATCH.name) / "north_only.json"
        path.write_text(json.dumps({"user": "n", "row_filters": [{"field": "region", "values": ["North"]}]}))
        run("memory", "-w", SHOP, "--scope", path, "add", "home", "South")
        status, answer, _ = agent("sales at home", "--scope", path)
        self.assertNotEqual(status, 0)
        self.assertNotIn(str(revenue_of(2, "South")), json.dumps(answer))

    def test_taught_in_words(self):
        mine, other = self.scope("mem5"), self.scope("mem6")
        status, answer, _ = agent("By wonga I mean revenue", *mine)
        self.assertEqual((status, answer["status"], answer["rows"]), (0, "answered", []))
        self.assertIn("'wonga' is read as 'revenue'", answer["narrative"])
        self.assertEqual([step["name"] for step in json.loads(run("trace", "-w", SHOP, "--json", *mine, answer["id"]).stdout)], ["route"])
        again = run("agent", "-w", SHOP, "--json", *mine, "--resume", answer["id"])
        self.assertEqual(json.loads(again.stdout)["narrative"], answer["narrative"])
        self.assertAlmostEqual(agent("wonga in the North", *mine)[1]["rows"][0][0], revenue_of(2, "North"))
        self.assertEqual(agent("wonga in the North", *other)[0], REFUSED)
        self.assertEqual(agent("forget what I mean by wonga", *other)[0], REFUSED)
        self.assertIn("'wonga' is read as 'revenue'", agent("what do you remember?", *mine)[1]["narrative"])
        self.assertNotIn("wonga", agent("what do you remember?", *other)[1]["narrative"])
        refused, answer, _ = agent("by lolly I mean wibble", *mine)
        self.assertEqual((refused, answer["reason"]["missing"]), (REFUSED, "wibble"))
        self.assertEqual(agent("forget what I mean by wonga", *mine)[0], 0)
        self.assertEqual(agent("wonga in the North", *mine)[0], REFUSED)

    def test_what_is_best_is_by_what(self):
        mine = self.scope("mem7")
        self.assertEqual(agent("best region", *mine)[1]["status"], "clarify")
        agent("by best I mean number of orders", *mine)
        answer = agent("Which is the best region?", *mine)[1]
        self.assertEqual((answer["status"], answer["query"]["metrics"][0]["metric"], answer["query"]["limit"]), ("answered", "orders", 1))
        for word in answer["understood"]:
            self.assertEqual(answer["question"][word["start"]:word["start"] + word["length"]], word["text"])
        self.assertEqual(agent("best region by revenue", *mine)[1]["query"]["order"], agent("best region by revenue")[1]["query"]["order"])
        self.assertEqual(agent("best region by revenue", *mine)[1]["rows"], agent("best region by revenue")[1]["rows"])

    def test_a_lesson_gives_no_access(self):
        path = Path(SCRATCH.name) / "north_teaching.json"
        path.write_text(json.dumps({"user": "t", "row_filters": [{"field": "region", "values": ["North"]}]}))
        status, answer, _ = agent("by home I mean South", "--scope", path)
        self.assertEqual(status, REFUSED, answer)

    def test_what_is_refused(self):
        for words in (("add", "x"), ("add", "", "y"), ("forget", "x"), ("sing",)):
            self.assertEqual(run("memory", "-w", SHOP, *words).returncode, INVALID_ARGUMENT, words)


class OverHttp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(SHOP)

    @classmethod
    def tearDownClass(cls):
        cls.server.process.terminate()
        cls.server.process.wait(30)
        cls.server.process.stdout.close()

    def get(self, path):
        status, _, text = self.server.get(path)
        return status, json.loads(text)

    def test_an_answer_and_its_trace(self):
        status, _, text = self.server.post("/v1/agent", {"question": "sales by region"})
        answer = json.loads(text)
        self.assertEqual((status, answer["status"], answer["row_count"]), (200, "answered", 4))
        status, trace = self.get(f"/v1/traces/{answer['id']}")
        self.assertEqual((status, [step["name"] for step in trace["steps"]]), (200, ["route", "plan", "engineer"]))
        self.assertEqual(self.get("/v1/traces/nothing")[0], 404)
        self.assertEqual(self.server.post("/v1/agent", {"question": "x", "sql": "y"})[0], 400)

    def test_steps_as_events(self):
        status, headers, text = self.server.post("/v1/agent", {"question": "sales by drink"}, {"Accept": "text/event-stream"})
        self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "text/event-stream"))
        events = [block for block in text.replace("\r", "").split("\n\n") if "event:" in block]
        names = [line.split(": ", 1)[1] for block in events for line in block.splitlines() if line.startswith("event:")]
        self.assertEqual([name for name in names if name != "running"], ["accepted", "step", "step", "step", "done"])

    def test_memory(self):
        status, _, text = self.server.post("/v1/memory", {"phrase": "Bling", "meaning": "revenue"})
        entry = json.loads(text)
        self.assertEqual((status, entry["phrase"]), (201, "bling"))
        self.assertIn("bling", [e["phrase"] for e in self.get("/v1/memory")[1]["entries"]])
        status, _, text = self.server.post("/v1/agent", {"question": "bling by region"})
        self.assertEqual(json.loads(text)["status"], "answered")
        self.assertEqual(self.server.request("DELETE", f"/v1/memory/{entry['id']}")[0], 204)
        self.assertEqual(self.server.request("DELETE", f"/v1/memory/{entry['id']}")[0], 404)
        self.assertNotIn("bling", [e["phrase"] for e in self.get("/v1/memory")[1]["entries"]])
        self.assertEqual(self.server.post("/v1/memory", {"phrase": "x"})[0], 400)

    def test_memory_where_questions_are_answered_at_once(self):
        """Also of what is in the cache: what was taught decides from the next question on, and no longer when it is forgotten."""
        plain = self.server.ask("revenue by region")[1]
        self.assertEqual(self.server.ask("revenue by region")[1]["route"], "exact_cache")
        status, taught = self.server.ask("by revenue I mean number of orders")
        self.assertEqual((status, taught["status"]), (200, "answered"))
        kept = json.loads(self.server.get(f"/v1/answers/{taught['id']}")[2])
        self.assertEqual((kept["question"], kept["narrative"]), (taught["question"], taught["narrative"]))
        read = self.server.ask("revenue by region")[1]
        self.assertEqual((read["question"], read["query"]["metrics"][0]["metric"]), ("revenue by region", "orders"))
        self.assertIn("memory", [caveat["code"] for caveat in read["caveats"]])
        _, headers, text = self.server.post("/v1/ask", {"question": "revenue by region"}, {"Accept": "text/event-stream"})
        self.assertIn("'revenue' was read as 'number of orders'", text)
        entry = next(e for e in self.get("/v1/memory")[1]["entries"] if e["phrase"] == "revenue")
        self.assertGreaterEqual(entry["uses"], 2)
        self.assertEqual(self.server.ask("forget what I mean by revenue")[1]["status"], "answered")
        self.assertEqual(self.server.ask("revenue by region")[1]["rows"], plain["rows"])
        history = self.get("/v1/history?limit=10")[1]
        self.assertIn("revenue by region", json.dumps(history))


if __name__ == "__main__":
    unittest.main()
