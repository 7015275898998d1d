"""aisle agent with a model that proposes the right query, and with one that is too slow to matter."""
import json
import subprocess
import sys
import threading
import unittest

import test_agent_model
from agent_models import kind_of, use_model
from aisle import REFUSED, ROOT, SHARED, run
from model_server import ModelServer, behaviour
from serving import DRINKS, revenue_of
from test_agent_model import ENVIRONMENT, WEIGHTS, agent, trace

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


class OverTheSharedQuestions(unittest.TestCase):
    """Whole runs over questions whose answers are known: with a model that is right, and with one that is slow, all are as rules have
    them, and all are right by the judge that comes with them."""

    @classmethod
    def setUpClass(cls):
        golden = SHARED / "eval/golden.jsonl"
        if not golden.exists():
            raise unittest.SkipTest("there are no shared questions here")
        cls.lines = [json.loads(line) for line in golden.read_text().splitlines()]
        cls.workspaces = {}
        for dataset in sorted({line["dataset"] for line in cls.lines}):
            cls.workspaces[dataset] = test_agent_model.SHOP.parent / f"shared-{dataset}"
            table = next((SHARED / "data").glob(f"{dataset}*.csv*"))
            assert run("init", cls.workspaces[dataset], table, timeout=300).returncode == 0
        cls.rules = cls.answers("--no-model")

    @classmethod
    def answers(cls, *flags, url=None):
        """Of all questions, in their order."""
        found = {}
        for dataset, workspace in cls.workspaces.items():
            if url is not None:
                use_model(workspace, url)
            lines = [line for line in cls.lines if line["dataset"] == dataset]
            path = test_agent_model.SHOP.parent / "shared.jsonl"
            path.write_text("".join(json.dumps({key: line[key] for key in ("id", "question", "as_of", "after") if line.get(key)}) + "\n" for line in lines))
            done = run("agent", "-w", workspace, "--batch", path, *flags, env=ENVIRONMENT, timeout=600)
            found |= {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
        return [found[line["id"]] for line in cls.lines]

    def judge(self, answers):
        """All right by the judge, and as rules have them."""
        for line, expected, answer in zip(self.lines, self.rules, answers):
            self.assertEqual((answer["status"], answer["rows"], answer["reason"]), (expected["status"], expected["rows"], expected["reason"]), line["question"])
        path = test_agent_model.SHOP.parent / "answers.jsonl"
        path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
        done = subprocess.run([sys.executable, SHARED / "eval/score.py", path, "--json"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        total = json.loads(done.stdout)["total"]
        self.assertEqual((total["questions"], total["wrong_answered_pct"]), (len(self.lines), 0), total)

    def test_right(self):
        """It proposes what rules read where they read it, and that no word fits where nothing can be right."""
        by_question = {line["question"]: answer for line, answer in zip(self.lines, self.rules)}

        def script(request):
            answer = by_question.get(question_in(request, by_question)) or {}
            kinds = {"plan": {"parts": []}, "propose": {"words": [], "query": answer.get("query") or {}}}
            return behaviour(json.dumps(kinds.get(kind_of(request), {"sentences": ["Nothing to add."]})))
        server = ModelServer(script)
        self.addCleanup(server.stop)
        self.judge(self.answers(url=server.url))
        self.assertGreater(len(server.seen), 5)  # it was asked where rules stop

    def test_slow(self):
        over = threading.Event()
        server = ModelServer(lambda _: (over.wait(300), behaviour("{}"))[1])
        self.addCleanup(server.stop)
        self.addCleanup(over.set)
        # A question that rules cannot read waits its second for the model, and no longer; soon nobody waits for it at all.
        self.judge(self.answers("--seconds", "1", url=server.url))
        self.assertGreater(len(server.seen), 0)


if __name__ == "__main__":
    unittest.main()
