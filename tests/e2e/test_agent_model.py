"""aisle agent with a language model behind the gateway: right, wrong, slow, down; also over the shared questions."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from aisle import PROGRAM, REFUSED, ROOT, SHARED, run
from agent_models import kind_of, replies, use_model
from model_server import KEY, ModelServer, behaviour
from serving import TABLE, revenue_of

TWO = "revenue by region, subsequently orders by drink"
OWN = ("id", "timing_ms", "answer_id", "session", "after", "cost")
WEIGHTS = (ROOT / ".deps/minilm/model.safetensors").exists()


def setUpModule():
    global SCRATCH, SHOP
    SCRATCH = tempfile.TemporaryDirectory(prefix="aisle-agent-")
    SHOP = Path(SCRATCH.name) / "shop"
    table = Path(SCRATCH.name) / "drinks.csv"
    # Mood is no word of retail: what means the same is unknown to rules today and tomorrow.
    moods = ["Mood"] + ["calm", "merry", "gloomy", "dull"] * len(TABLE)
    table.write_text("".join(f"{line},{mood}\n" for line, mood in zip(TABLE.splitlines(), moods)))
    done = run("init", SHOP, table)
    assert done.returncode == 0, done.stderr


def tearDownModule():
    SCRATCH.cleanup()


ENVIRONMENT = {**os.environ, "PROVIDER_KEY": KEY, "AISLE_AI_QUESTIONS": "true"}


def agent(question, *flags, workspace=None):
    done = run("agent", "-w", workspace or SHOP, "--json", *flags, question, env=ENVIRONMENT)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def trace(answer):
    return json.loads(run("trace", "-w", SHOP, "--json", answer["id"]).stdout)


PLAN = {"parts": [{"question": "revenue by region"}, {"question": "orders by drink"}]}


class Model(unittest.TestCase):
    def model(self, script):
        server = ModelServer(script)
        self.addCleanup(server.stop)
        use_model(SHOP, server.url)
        return server

    def test_a_question_in_two_parts(self):
        server = self.model(replies(plan=PLAN))
        status, answer = agent(TWO)
        self.assertEqual(status, 0, answer)
        self.assertEqual((answer["question"], answer["route"], answer["row_count"]), (TWO, "model", 3))
        self.assertIn("model_plan", [caveat["code"] for caveat in answer["caveats"]])
        best = max(("North", "South", "East", "West"), key=lambda region: revenue_of(2, region))
        self.assertIn(best, answer["narrative"])
        steps = trace(answer)
        self.assertEqual([s["name"] for s in steps],
                         ["route", "plan", "engineer", "plan", "engineer", "execute", "engineer", "execute", "analyse", "check"])
        self.assertGreater(steps[3]["detail"]["model"]["cost_nano"], 0)
        self.assertGreater(answer["cost"], 0)
        self.assertEqual(len(server.seen), 1)

    def test_sentences_of_a_model_are_checked(self):
        best = max(("North", "South", "East", "West"), key=lambda region: revenue_of(2, region))
        true, false = f"{best} leads with revenue of {revenue_of(2, best):,.2f}.", f"{best} leads with revenue of 123,456.78."
        self.model(replies(plan=PLAN, narrate={"sentences": [true, false]}))
        _, answer = agent(TWO, "--prose")
        self.assertNotIn("123,456.78", json.dumps(answer))
        _, answer = agent(TWO, "--prose")
        self.assertNotIn("123,456.78", json.dumps(answer))

    def test_a_right_number_in_a_wrong_sentence(self):
        """Another measure's name, a cause, a forecast, an amount without a number, advice: the result says none of them."""
        rows = {region: revenue_of(2, region) for region in ("North", "South", "East", "West")}
        best, worst = max(rows, key=rows.get), min(rows, key=rows.get)
        right = [f"{best} had the highest revenue with {rows[best]:,.2f}.", f"All 4 regions together come to {sum(rows.values()):,.2f}."]
        wrong = [text.format(best=best, worst=worst, amount=f"{rows[best]:,.2f}") for text in (
            "{best}'s profit was {amount}.", "{best} will reach {amount} next year.", "The {best} leads because of good weather.",
            "{best} had the highest revenue per order with {amount}.", "{best} had the highest average revenue with {amount}.",
            "Almost all revenue comes from {best}.", "{worst} had the highest revenue with {amount}.", "{best} should order more tea.",
            "Please visit http://shop.example for {best}.", "{best} grew by 12 %.")]
        for some in (wrong[:3], wrong[3:6], wrong[6:9], wrong[9:]):
            self.model(replies(plan=PLAN, narrate={"sentences": [right[0], *some, right[1]]}))
            _, answer = agent(TWO, "--prose")
            self.assertEqual(answer["narrative"], " ".join(right))

    @unittest.skipUnless(WEIGHTS, "the text encoder's weights are not installed (scripts/setup.sh weights)")
    def test_an_unknown_word_is_asked_about_and_learnt(self):
        self.model(replies(propose={"words": [{"text": "feeling", "means": "Mood"}],
                                    "query": {"metrics": ["revenue"], "dimensions": ["drinks.mood"]}}))
        scope = Path(SCRATCH.name) / "learner.json"
        scope.write_text(json.dumps({"user": "learner"}))
        status, asked = agent("revenue by feeling", "--scope", scope)
        self.assertEqual(asked["status"], "clarify", asked)
        self.assertGreaterEqual(len(asked["clarify"]["options"]), 2)
        status, chosen = agent("the first", "--scope", scope, "--after", asked["id"])
        self.assertEqual((status, chosen["row_count"]), (0, 4))
        status, again = agent("orders by feeling", "--scope", scope, "--no-model")
        self.assertEqual(status, 0)
        self.assertEqual(again["row_count"], 4)
        self.assertEqual(agent("orders by feeling", "--no-model")[0], REFUSED)

    def test_what_leaves_the_house(self):
        server = self.model(replies(propose={"words": [], "query": {}}))
        agent("revenue of flumph tea in the North")
        sent = json.dumps([request["body"] for request in server.seen])
        self.assertIn("flumph", sent)
        for value in ("South", "Cocoa", "B0001"):  # of the data, and not in the question
            self.assertNotIn(value, sent)

    def test_switched_off(self):
        server = self.model(replies(plan=PLAN))
        status, _ = agent(TWO, "--no-model")
        self.assertEqual(status, REFUSED)
        done = run("agent", "-w", SHOP, "--json", TWO, env={**ENVIRONMENT, "AISLE_AI_QUESTIONS": "false"})
        self.assertEqual(done.returncode, REFUSED)
        self.assertEqual(agent(TWO, "--budget", "0")[0], REFUSED)
        self.assertEqual(server.seen, [])

    def test_killed_while_the_model_answers(self):
        state = {"kill": True, "process": None}

        def script(request):
            if state.pop("kill", False):
                state["process"].send_signal(signal.SIGKILL)
                time.sleep(0.2)
            return behaviour(json.dumps(PLAN))
        self.model(script)
        scope = Path(SCRATCH.name) / "killed.json"
        scope.write_text(json.dumps({"user": "killed"}))
        with subprocess.Popen([PROGRAM, "agent", "-w", str(SHOP), "--scope", str(scope), "--json", TWO], stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
            state["process"] = process
            self.assertEqual(process.communicate(timeout=60)[0], b"")
        self.assertEqual(process.returncode, -signal.SIGKILL)
        done = run("agent", "-w", SHOP, "--scope", scope, "--json", "--resume", "all", env=ENVIRONMENT)
        answer = json.loads(done.stdout)
        self.assertEqual((done.returncode, answer["status"], answer["row_count"]), (0, "answered", 3))
        self.assertEqual(run("agent", "-w", SHOP, "--scope", scope, "--json", "--resume", "all", env=ENVIRONMENT).stdout, "")

    def test_broken_models(self):
        # Rules' refusal stands, whatever the model does.
        scripts = {"errors": [behaviour("", status=500)], "no JSON": [behaviour("I would say: revenue!")], "malformed": [behaviour("", malformed=True)],
                   "cut": [behaviour("{}", cut_after=1)], "wrong key": [behaviour("", status=401)], "slow": [behaviour("{}", delay=8)]}
        _, expected = agent(TWO, "--no-model")
        for name, script in scripts.items():
            with self.subTest(name):
                self.model(script)
                status, answer = agent(TWO, "--seconds", "3")
                self.assertEqual((status, answer["reason"]), (REFUSED, expected["reason"]))
        use_model(SHOP, "http://127.0.0.1:9")
        self.assertEqual(agent(TWO, "--seconds", "4")[0], REFUSED)


def wrong_model(request):
    """Says something plausible and wrong to everything, with names it was shown."""
    text = " ".join(message["content"] for message in request["body"]["messages"] if isinstance(message["content"], str))
    if kind_of(request) == "plan":
        return behaviour(json.dumps({"parts": [{"question": "total sales in 2019"}, {"question": "top 3 products by profit"}]}))
    names = re.findall(r'"([^"]{2,40})": ?"(?:metric|field|entity) ', text.replace('\\"', '"')) or ["Sales"]
    unknown = re.findall(r'\[\s*"([^"]+)"', text.replace('\\"', '"'))
    return behaviour(json.dumps({"words": [{"text": word, "means": names[0]} for word in unknown[-1:]],
                                 "query": {"metrics": ["revenue"], "limit": 5}}))


class OverTheSharedQuestions(unittest.TestCase):
    """With a model that is wrong, or down, nothing is answered that rules would not have answered, and nothing else than they would."""

    def setUp(self):
        golden = SHARED / "eval/golden.jsonl"
        if not golden.exists():
            self.skipTest("there are no shared questions here")
        self.lines = [json.loads(line) for line in golden.read_text().splitlines()]

    def batch(self, workspace, lines, *flags):
        path = Path(SCRATCH.name) / "q.jsonl"
        keys = ("id", "question", "as_of", "after")
        path.write_text("".join(json.dumps({key: line[key] for key in keys if line.get(key)}) + "\n" for line in lines))
        done = run("agent", "-w", workspace, "--batch", path, *flags, env=ENVIRONMENT, timeout=600)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(lines), done.stderr)
        for answer in answers:
            for own in OWN:
                answer.pop(own, None)
        return answers

    def test_wrong_and_down(self):
        server = ModelServer(wrong_model)
        self.addCleanup(server.stop)
        for dataset in sorted({line["dataset"] for line in self.lines}):
            workspace = Path(SCRATCH.name) / dataset
            table = next((SHARED / "data").glob(f"{dataset}*.csv*"))
            self.assertEqual(run("init", workspace, table, timeout=300).returncode, 0)
            lines = [line for line in self.lines if line["dataset"] == dataset]
            use_model(workspace, server.url)
            rules = self.batch(workspace, lines, "--no-model")
            wrong = self.batch(workspace, lines)
            use_model(workspace, "http://127.0.0.1:9")
            down = self.batch(workspace, lines, "--seconds", "5")
            for line, expected, answer, without in zip(lines, rules, wrong, down):
                self.assertEqual(without, expected, line["question"])
                if answer["status"] == "answered" or expected["status"] == "answered":
                    self.assertEqual(answer, expected, line["question"])
        self.assertGreater(len(server.seen), 5)


# What an endpoint of embeddings might say of these words: those that mean the same point the same way.
MEANINGS = (("mood", "feeling"), ("revenue", "sales"), ("region",), ("drink",), ("quantity", "units"), ("order",), ("date", "day"), ("price",))


def vector_of(text, dimensions):
    lower = text.lower()
    vector = [3.0 * any(word in lower for word in words) for words in MEANINGS[:dimensions - 1]]
    return vector + [0.0] * (dimensions - 1 - len(vector)) + [0.5]


class EmbeddingsByAnEndpoint(unittest.TestCase):
    """Retrieval by the gateway's logical model "embedding" instead of the encoder in the program."""

    def serve(self, **embedding):
        def script(request):
            if "input" in request["body"]:
                return behaviour("", **embedding)
            return replies(propose={"words": [{"text": "feeling", "means": "Mood"}], "query": {"metrics": ["revenue"], "dimensions": ["drinks.mood"]}})(request)
        server = ModelServer(script)
        self.addCleanup(server.stop)
        use_model(SHOP, server.url)
        file = SHOP / "ai.yaml"
        config = json.loads(file.read_text())
        config["models"]["embedding"] = {"routes": [{"provider": "p", "model": "m"}]}
        file.write_text(json.dumps(config))
        return server

    def ask(self, user, question="revenue by feeling"):
        scope = Path(SCRATCH.name) / f"{user}.json"
        scope.write_text(json.dumps({"user": user}))
        done = run("agent", "-w", SHOP, "--json", "--scope", scope, question, env={**ENVIRONMENT, "AISLE_VECTOR_ENDPOINT": "true", "AISLE_VECTOR_WEIGHTS": "/nowhere"})
        answer = json.loads(done.stdout)
        steps = json.loads(run("trace", "-w", SHOP, "--json", "--scope", scope, answer["id"]).stdout)
        shown = run("trace", "-w", SHOP, "--scope", scope, answer["id"]).stdout
        return answer, next(step["detail"] for step in steps if "near_by" in step["detail"]), shown, done.stderr

    @staticmethod
    def embedded(server):
        return [text for request in server.seen if "input" in request["body"] for text in request["body"]["input"]]

    def test_names_are_found_by_it_and_kept(self):
        server = self.serve(embed=lambda text: vector_of(text, 12))
        answer, detail, _, _ = self.ask("emb1")
        self.assertEqual((answer["status"], detail["near_by"]), ("clarify", "endpoint"))
        self.assertIn("Mood", json.dumps(answer["clarify"]["options"]) + json.dumps(answer.get("understood")))
        asked = self.embedded(server)
        self.assertIn("Mood", asked)
        self.assertEqual(len(asked), len(set(asked)), "no text is sent twice")
        self.ask("emb1", "units by feeling")
        self.assertEqual([text for text in self.embedded(server)[len(asked):] if text == "Mood"], [], "names are kept on disk")
        # Another model, whose vectors have another length: all names are asked for anew.
        other = self.serve(embed=lambda text: vector_of(text, 20))
        answer, detail, _, _ = self.ask("emb1")
        self.assertEqual((answer["status"], detail["near_by"]), ("clarify", "endpoint"))
        self.assertIn("Mood", self.embedded(other))

    def test_one_that_is_down_leaves_words_alone(self):
        self.serve(status=500)
        answer, detail, shown, said = self.ask("emb2")
        self.assertEqual(detail["near_by"], "words")
        self.assertTrue(detail["no_vectors"])
        self.assertIn("by their letters alone", shown)
        self.assertIn("words alone", said)
        self.assertNotEqual(answer["status"], "answered")


if __name__ == "__main__":
    unittest.main()
