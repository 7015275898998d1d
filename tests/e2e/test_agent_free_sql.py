"""SQL that a model writes where rules have no words: only with two permissions, guarded, labelled."""
import json
import os
import re
import tempfile
import unittest
from pathlib import Path

from aisle import run
from model_server import KEY, ModelServer, behaviour
from serving import TABLE
from test_agent_model import use_model

QUESTION = "what is the kurtosis of the zorp"
ALLOWED = {**os.environ, "PROVIDER_KEY": KEY, "AISLE_AI_QUESTIONS": "true", "AISLE_AI_SQL": "true"}


class FreeSql(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-free-sql-")
        self.addCleanup(scratch.cleanup)
        self.shop = Path(scratch.name) / "shop"
        (Path(scratch.name) / "drinks.csv").write_text(TABLE)
        self.assertEqual(run("init", self.shop, Path(scratch.name) / "drinks.csv").returncode, 0)
        self.told = []
        self.statements = ["SELECT count(*) AS n FROM {table}"]
        server = ModelServer(self.reply)
        self.addCleanup(server.stop)
        use_model(self.shop, server.url)

    def reply(self, request):
        text = json.dumps(request["body"]["messages"])
        if "You write one SELECT" not in text:
            return behaviour(json.dumps({"words": [], "query": {}}))
        self.told.append(text)
        tables = json.loads(json.loads(json.dumps(re.search(r"tables:\n(.*)\n", request["body"]["messages"][1]["content"]).group(1))))
        table = next(iter(tables))
        statement = self.statements.pop(0) if len(self.statements) > 1 else self.statements[0]
        return behaviour(json.dumps({"sql": statement.format(table=table)}))

    def ask(self, *flags, environment=ALLOWED):
        done = run("agent", "-w", self.shop, "--json", *flags, QUESTION, env=environment)
        self.assertTrue(done.stdout, done.stderr)
        return json.loads(done.stdout)

    def test_with_both_permissions_it_is_answered_and_labelled(self):
        answer = self.ask("--allow-sql")
        self.assertEqual((answer["status"], answer["row_count"]), ("answered", 1), answer)
        self.assertIn("free_sql", [caveat["code"] for caveat in answer["caveats"]])
        self.assertIn("A language model wrote the query", answer["narrative"])

    def test_what_the_guard_refuses_is_asked_again(self):
        self.statements = ["DELETE FROM {table}", "SELECT * FROM read_csv('/etc/passwd')", "SELECT count(*) AS n FROM {table}"]
        self.assertEqual(self.ask("--allow-sql")["status"], "answered")
        self.assertEqual(len(self.told), 3)
        self.assertIn("what_was_wrong", self.told[2].split("tables:")[1])

    def test_without_either_permission_nothing_is_asked(self):
        for flags, environment in (((), ALLOWED), (("--allow-sql",), {**ALLOWED, "AISLE_AI_SQL": "false"})):
            self.assertEqual(self.ask(*flags, environment=environment)["status"], "refused")
        self.assertEqual(self.told, [])


if __name__ == "__main__":
    unittest.main()
