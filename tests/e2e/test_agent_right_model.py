"""aisle agent with a model that proposes the right query, and with one that is too slow to matter."""
import json
import threading
import unittest

import test_agent_model
from aisle import REFUSED, ROOT, SHARED, run
from model_server import ModelServer, behaviour
from serving import DRINKS, revenue_of
from test_agent_model import ENVIRONMENT, WEIGHTS, agent, kind_of, trace, use_model

CASES = json.loads((ROOT / "tests/data/agent/right_model.json").read_text())
TWO = "revenue by region, subsequently orders by drink"


def setUpModule():
    test_agent_model.setUpModule()


def tearDownModule():
    test_agent_model.tearDownModule()


def question_in(request, questions):
    """Which of the questions a request to the model is about: the longest that stands in it."""
    text = " ".join(message["content"] for message in request["body"]["messages"] if isinstance(message["content"], str))
    return max((question for question in questions if question in text), key=len, default=None)


class Right(unittest.TestCase):
    def setUp(self):
        best = max(DRINKS, key=lambda drink: revenue_of(3, drink))
        self.cases = json.loads(json.dumps(CASES).replace("$best drink", best))
        by_question = {case["question"]: case for case in self.cases}

        def script(request):
            case = by_question.get(question_in(request, by_question), {})
            return behaviour(json.dumps(case.get(kind_of(request), {"parts": []} if kind_of(request) == "plan" else {"words": [], "query": {}})))
        self.server = ModelServer(script)
        self.addCleanup(self.server.stop)
        use_model(test_agent_model.SHOP, self.server.url)

    def points(self, case, answer):
        """1: the right answer, or a right refusal; 0.5: the right reading is offered; 0: nothing; a wrong answer is a failure."""
        if answer["status"] == "answered":
            self.assertEqual(answer["resolved"], case["gold"], case["question"])
            return 1
        if answer["status"] == "clarify":
            return 0.5 if case["gold"] in [option["query"] for option in answer["clarify"]["options"]] else 0
        return 1 if case["gold"] is None else 0

    def test_no_worse_and_mostly_better(self):
        without, along = [], []
        for case in self.cases:
            without.append(self.points(case, agent(case["question"], "--no-model")[1]))
            along.append(self.points(case, agent(case["question"])[1]))
            self.assertGreaterEqual(along[-1], without[-1], case["question"])
        # Rules alone answer the first four; the model adds both plans, and four words where there is an encoder to speak for them.
        self.assertEqual(without, [1] * 4 + [0] * 6)
        self.assertEqual(along, [1] * 4 + [0.5 if WEIGHTS else 0] * 4 + [1] * 2)

    @unittest.skipUnless(WEIGHTS, "the text encoder's weights are not installed (scripts/setup.sh weights)")
    def test_what_is_offered_is_answered_when_chosen(self):
        case = next(case for case in self.cases if case["question"] == "units by emotion")
        _, asked = agent(case["question"])
        number = [option["query"] for option in asked["clarify"]["options"]].index(case["gold"])
        status, chosen = agent(["the first", "the second", "the third", "the fourth"][number], "--after", asked["id"], "--no-model")
        self.assertEqual((status, chosen["resolved"]), (0, case["gold"]))


class Slow(unittest.TestCase):
    """The model answers only when the test is over: whatever comes before that came in time."""

    def setUp(self):
        self.over = threading.Event()

        def script(_):
            self.over.wait(300)
            return behaviour(json.dumps({"parts": [{"question": "revenue by region"}, {"question": "orders by drink"}]}))
        self.server = ModelServer(script)
        self.addCleanup(self.server.stop)
        self.addCleanup(self.over.set)

    def test_the_rules_answer_comes_in_time_and_says_so(self):
        use_model(test_agent_model.SHOP, self.server.url)
        _, rules = agent(TWO, "--no-model")
        status, answer = agent(TWO, "--seconds", "2")
        self.assertEqual((status, answer["reason"]), (REFUSED, rules["reason"]))
        self.assertEqual([caveat["code"] for caveat in answer["caveats"] if caveat not in rules["caveats"]], ["model_late"])
        self.assertIn("error", trace(answer)[3]["detail"]["model"])
        # What rules answer does not wait for it.
        before = len(self.server.seen)
        status, answer = agent("revenue by region", "--seconds", "20")
        self.assertEqual((status, [c["code"] for c in answer["caveats"] if c["code"] == "model_late"], len(self.server.seen)), (0, [], before))

    def test_over_the_shared_questions(self):
        if not (SHARED / "eval/golden.jsonl").exists():
            self.skipTest("there are no shared questions here")
        lines = [json.loads(line) for line in (SHARED / "eval/golden.jsonl").read_text().splitlines()]
        lines = [line for line in lines if line["dataset"] == "superstore"]
        folder = test_agent_model.SHOP.parent
        workspace, path = folder / "slow", folder / "slow.jsonl"
        self.assertEqual(run("init", workspace, next((SHARED / "data").glob("superstore*.csv*")), timeout=300).returncode, 0)
        use_model(workspace, self.server.url)
        path.write_text("".join(json.dumps({key: line[key] for key in ("id", "question", "as_of", "after") if line.get(key)}) + "\n" for line in lines))
        # Each question that rules cannot read waits its second for the model, and no longer.
        answers = {flag: [json.loads(line) for line in run("agent", "-w", workspace, "--batch", path, *flag, env=ENVIRONMENT, timeout=300).stdout.splitlines()]
                   for flag in (("--no-model",), ("--seconds", "1"))}
        rules, slow = answers.values()
        self.assertEqual((len(rules), len(slow)), (len(lines), len(lines)))
        for line, expected, answer in zip(lines, rules, slow):
            self.assertEqual((answer["status"], answer["rows"], answer["reason"]), (expected["status"], expected["rows"], expected["reason"]), line["question"])


if __name__ == "__main__":
    unittest.main()
