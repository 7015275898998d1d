"""Questions that people found right: answered again where rules cannot read them, and shown to a model as examples."""
import json
import tempfile
import unittest
from pathlib import Path

from aisle import REFUSED, ROOT, run
from model_server import ModelServer
from serving import TABLE, Server
from test_agent_model import ENVIRONMENT, replies, use_model

CASES = json.loads((ROOT / "tests/data/agent/verified.json").read_text())
WEIGHTS = (ROOT / ".deps/minilm/model.safetensors").exists()


def setUpModule():
    global SCRATCH, TABLE_FILE
    SCRATCH = tempfile.TemporaryDirectory(prefix="aisle-verified-")
    TABLE_FILE = Path(SCRATCH.name) / "drinks.csv"
    TABLE_FILE.write_text(TABLE)


def tearDownModule():
    SCRATCH.cleanup()


def shop(name, golden=()):
    workspace = Path(SCRATCH.name) / name
    done = run("init", workspace, TABLE_FILE)
    assert done.returncode == 0, done.stderr
    if golden:
        (workspace / "golden").mkdir()
        (workspace / "golden/own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in golden) + "not JSON\n")
    return workspace


def agent(workspace, question, *flags, environment=None):
    done = run("agent", "-w", workspace, "--json", *flags, question, env=environment)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def verified_by(answer):
    return [caveat["text"] for caveat in answer["caveats"] if caveat["code"] == "verified"]


class Golden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.workspace = shop("golden", CASES["golden"])

    def test_cases(self):
        path = Path(SCRATCH.name) / "questions.jsonl"
        path.write_text("".join(json.dumps({"question": case["question"]}) + "\n" for case in CASES["cases"]))
        done = run("agent", "-w", self.workspace, "--batch", path)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(CASES["cases"]), done.stderr)
        self.assertIn("1 lines of the golden file", done.stderr)
        asked = [json.loads(line) for line in run("ask", "-w", self.workspace, "--batch", path).stdout.splitlines()]
        for case, answer, rules in zip(CASES["cases"], answers, asked):
            with self.subTest(case["question"]):
                self.assertNotEqual(rules["status"], "answered")  # else it shows nothing
                if "restatement" in case:
                    self.assertEqual((answer["status"], answer["restatement"], len(verified_by(answer))), ("answered", case["restatement"], 1))
                    self.assertEqual(answer["question"], case["question"])
                else:
                    self.assertEqual((answer["status"], answer["rows"]), (rules["status"], []), case["why"])

    def test_rules_come_first(self):
        _, answer = agent(self.workspace, "revenue by drink")
        self.assertEqual((answer["restatement"], verified_by(answer)), ("Revenue by Drink", []))

    def test_an_ended_run_gives_its_answer_again(self):
        _, answer = agent(self.workspace, "flumph by region")
        first = json.loads(run("trace", "-w", self.workspace, "--json", answer["id"]).stdout)
        self.assertEqual([step["name"] for step in first], ["route", "plan", "engineer"])
        self.assertEqual(first[-1]["detail"]["verified"], "flumph by region")
        follow = agent(self.workspace, "only Tea", "--after", answer["id"])[1]
        self.assertEqual((follow["status"], follow["row_count"]), ("answered", 4), follow["narrative"])

    def test_what_a_caller_may_not_see(self):
        scope = Path(SCRATCH.name) / "south.json"
        scope.write_text(json.dumps({"user": "s", "row_filters": [{"field": "region", "values": ["South"]}], "hidden_fields": ["unit_price"]}))
        status, answer = agent(self.workspace, "flumph in the North but not Tea", "--scope", scope)
        self.assertEqual((status, answer["rows"]), (REFUSED, []))
        status, answer = agent(self.workspace, "flumph in the South but not Tea", "--scope", scope)
        self.assertEqual(status, REFUSED)  # the verified question itself asks for what is hidden from them

    def test_examples_for_the_model(self):
        server = ModelServer(replies(propose={"words": [], "query": {}}))
        self.addCleanup(server.stop)
        use_model(self.workspace, server.url)
        scope = Path(SCRATCH.name) / "east.json"
        scope.write_text(json.dumps({"user": "e", "row_filters": [{"field": "region", "values": ["East"]}]}))
        agent(self.workspace, "flumph of the regions", environment=ENVIRONMENT)
        sent = json.dumps([request["body"] for request in server.seen])
        self.assertIn("flumph by region", sent)
        self.assertNotIn("Atlantis", sent)  # an example that does not hold is none
        server.seen.clear()
        agent(self.workspace, "flumph of the regions not Tea", "--scope", scope, environment=ENVIRONMENT)
        sent = json.dumps([request["body"] for request in server.seen])
        self.assertIn("flumph by region", sent)
        self.assertNotIn("North", sent)

    @unittest.skipUnless(WEIGHTS, "the text encoder's weights are not installed (scripts/setup.sh weights)")
    def test_vectors_are_kept_and_mended(self):
        workspace = shop("vectors", CASES["golden"])
        agent(workspace, "flumph by drink")
        files = sorted((workspace / "cache").glob("verified-*.vec"))
        self.assertEqual(len(files), 1)
        before = files[0].stat()
        agent(workspace, "flumph by drinks")
        self.assertEqual(files[0].stat().st_ino, before.st_ino)  # nothing changed: not written again
        with open(workspace / "golden/own.jsonl", "a") as file:
            file.write(json.dumps({"question": "flumph by drink", "query": {"metrics": ["revenue"], "dimensions": ["drinks.drink"]}}) + "\n")
        self.assertEqual(agent(workspace, "flumph by drink")[1]["restatement"], "Revenue by Drink")
        self.assertGreater(files[0].stat().st_size, before.st_size)


class Thumbs(unittest.TestCase):
    def setUp(self):
        self.workspace = shop(self.id().rsplit(".", 1)[1])
        self.server = Server(self.workspace)
        self.addCleanup(self.stop)

    def stop(self):
        self.server.process.terminate()
        self.server.process.wait(60)
        self.server.process.stdout.close()

    def say(self, answer, verdict):
        status, _, text = self.server.post("/v1/feedback", {"answer_id": answer["id"], "verdict": verdict})
        self.assertEqual(status, 201, text)

    def in_steps(self, question, **more):
        status, _, text = self.server.post("/v1/agent", {"question": question, **more})
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def test_a_choice_that_was_good(self):
        asked = self.in_steps("best region")
        self.assertEqual(asked["status"], "clarify")
        chosen = self.in_steps("the first", after=asked["id"])
        self.assertEqual(chosen["status"], "answered")
        self.assertEqual(self.in_steps("best region")["status"], "clarify")  # nobody said that it was good
        self.say(chosen, "up")
        again = self.in_steps("the best region?")
        self.assertEqual((again["status"], again["rows"]), ("answered", chosen["rows"]))
        self.assertEqual(verified_by(again), ["read as the verified question 'best region' (you found its answer good)"])
        # Another user is asked as before.
        scope = Path(SCRATCH.name) / "other.json"
        scope.write_text(json.dumps({"user": "other"}))
        self.assertEqual(agent(self.workspace, "best region", "--scope", scope)[1]["status"], "clarify")
        self.say(chosen, "down")
        self.assertEqual(self.in_steps("best region")["status"], "clarify")

    def test_golden_lines_hold_the_query(self):
        answer = self.in_steps("revenue by drink")
        self.say(answer, "up")
        case = json.loads(run("feedback", "-w", self.workspace, "--json").stdout)
        line = json.loads(run("feedback", "-w", self.workspace, "--golden", case["id"]).stdout)
        self.assertEqual(line["query"], answer["query"])
        golden = Path(SCRATCH.name) / "line.jsonl"
        golden.write_text(json.dumps(line) + "\n")
        self.assertEqual(run("eval", "-w", self.workspace, golden).returncode, 0)


if __name__ == "__main__":
    unittest.main()
