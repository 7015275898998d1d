"""What is kept of answers: history, conversations, pins, feedback, links, and the news about them."""
import json
import re
import unittest

from aisle import INVALID_ARGUMENT, NOT_FOUND, run
from serving import Server, ServeCase, revenue_of

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


class KeptCase(ServeCase):
    def call(self, method, path, value=None, status=200):
        reply = self.server.request(method, path, None if value is None else json.dumps(value),
                                    {} if value is None else {"Content-Type": "application/json"})
        self.assertEqual(reply[0], status, reply[2])
        return json.loads(reply[2]) if reply[2] else None


class LookingBack(KeptCase):
    def test_an_answer_again(self):
        first = self.server.ask("revenue by region in May 2023", session="again")[1]
        again = self.call("GET", f"/v1/answers/{first['id']}")
        for key in ("id", "question", "session", "query", "resolved", "rows", "narrative", "as_of", "columns"):
            self.assertEqual(again[key], first[key], key)
        follow = self.server.ask("only West", session="again")[1]
        self.assertEqual(self.call("GET", f"/v1/answers/{follow['id']}")["rows"], follow["rows"])
        refused = self.server.ask("what is the weather like")[1]
        self.assertEqual(self.call("GET", f"/v1/answers/{refused['id']}")["status"], "refused")
        self.assert_problem(self.server.get("/v1/answers/a_0000"), 404, "not_found")

    def test_an_answer_counts_from_the_day_it_counted_from(self):
        first = self.server.ask("revenue last month", as_of="2023-06-15")[1]
        again = self.call("GET", f"/v1/answers/{first['id']}")
        self.assertEqual((again["as_of"], again["resolved"], again["rows"]), ("2023-06-15", first["resolved"], first["rows"]))

    def test_a_table(self):
        table = self.call("GET", "/v1/tables/bar")
        self.assertEqual((table["name"], table["rows"], table["versions"][0]["version"]), ("bar", 1200, table["version"]))
        self.assertRegex(table["loaded_at"], TIME)
        self.assertTrue(table["versions"][0]["operation"])
        self.assertIsInstance(table["quality"]["checks"], list)
        self.assert_problem(self.server.get("/v1/tables/nothing"), 404, "not_found")

    def test_history(self):
        asked = [f"revenue in {month} 2023" for month in ("January", "February", "March", "April")]
        for question in asked + asked[:1]:  # the last from the cache
            self.server.ask(question)
        entries = self.call("GET", "/v1/history?q=REVENUE%20in&limit=5")["entries"]
        self.assertEqual([entry["question"] for entry in entries], asked[:1] + asked[::-1])
        self.assertEqual(entries[0]["route"], "exact_cache")
        self.assertEqual(entries[0]["restatement"], entries[4]["restatement"])
        for entry in entries:
            self.assertRegex(entry["at"], TIME)
        page, seen = self.call("GET", "/v1/history?limit=2"), []
        while True:
            seen += [entry["id"] for entry in page["entries"]]
            if page["next"] is None:
                break
            page = self.call("GET", f"/v1/history?limit=2&before={page['next']}")
        self.assertEqual(len(seen), len(set(seen)))
        self.assertGreaterEqual(len(seen), 5)
        self.assertEqual(self.call("GET", "/v1/history?q=nobody%20asked%20this")["entries"], [])

    def test_conversations(self):
        first = self.server.ask("units by region", session="talk-1")[1]
        second = self.server.ask("only Tea", session="talk-1")[1]
        self.server.ask("units by drink", session="talk-2")
        threads = {thread["id"]: thread for thread in self.call("GET", "/v1/threads")["threads"]}
        self.assertEqual((threads["talk-1"]["title"], threads["talk-1"]["turns"]), ("units by region", 2))
        self.assertRegex(threads["talk-1"]["updated_at"], TIME)
        turns = self.call("GET", "/v1/threads/talk-1")["turns"]
        self.assertEqual([(turn["id"], turn["after"]) for turn in turns], [(first["id"], None), (second["id"], first["id"])])
        self.assertEqual(turns[1]["query"], second["query"])
        # A branch from an earlier turn, and a query as a turn.
        branch = self.server.ask("only South", session="talk-1", after=first["id"])[1]
        self.assertEqual(branch["after"], first["id"])
        self.assertEqual(len(branch["rows"]), 1)
        edited = self.call("POST", "/v1/query", {"query": first["query"], "session": "talk-1", "after": branch["id"]})
        self.assertEqual(edited["after"], branch["id"])
        self.assertEqual(len(self.call("GET", "/v1/threads/talk-1")["turns"]), 4)
        self.assertEqual(self.call("PATCH", "/v1/threads/talk-1", {"title": "Tea, by region"})["title"], "Tea, by region")
        self.assertEqual([thread["id"] for thread in self.call("GET", "/v1/threads?q=tea")["threads"]], ["talk-1"])
        self.call("DELETE", "/v1/threads/talk-1", status=204)
        self.assert_problem(self.server.get("/v1/threads/talk-1"), 404, "not_found")
        self.assertIn("only Tea", [entry["question"] for entry in self.call("GET", "/v1/history")["entries"]])
        for wrong in ({}, {"title": ""}, {"title": "x" * 201}, {"title": "a", "id": "b"}):
            self.call("PATCH", "/v1/threads/talk-2", wrong, status=400)


class Keeping(KeptCase):
    QUERY = {"metrics": ["revenue"], "filters": [{"field": "drink", "values": ["Tea"]}]}

    def test_pins(self):
        first = self.call("POST", "/v1/pins", {"title": "Tea", "query": self.QUERY, "chart_type": "bar"}, status=201)
        second = self.call("POST", "/v1/pins", {"title": "All", "query": {"metrics": ["revenue"]}}, status=201)
        pins = self.call("GET", "/v1/pins")["pins"]
        self.assertEqual([pin["id"] for pin in pins][-2:], [first["id"], second["id"]])
        changed = self.call("PATCH", f"/v1/pins/{second['id']}", {"title": "Everything", "position": first["position"] - 1})
        self.assertEqual((changed["title"], changed["query"]), ("Everything", {"metrics": ["revenue"]}))
        self.assertEqual([pin["title"] for pin in self.call("GET", "/v1/pins")["pins"]][-2:], ["Everything", "Tea"])
        answer = self.call("POST", "/v1/query", {"query": pins[-2]["query"]})
        self.assertAlmostEqual(answer["rows"][0][0], revenue_of(3, "Tea"), places=6)
        self.call("DELETE", f"/v1/pins/{first['id']}", status=204)
        self.call("DELETE", f"/v1/pins/{first['id']}", status=404)
        self.call("PATCH", f"/v1/pins/{first['id']}", {"title": "x"}, status=404)
        unknown = self.call("POST", "/v1/pins", {"title": "x", "query": {"metrics": ["happiness"]}}, status=201)  # the answer will say so
        self.assertEqual(self.call("POST", "/v1/query", {"query": unknown["query"]})["status"], "refused")
        for wrong in ({"title": "x"}, {"title": "", "query": self.QUERY}, {"title": "x", "query": self.QUERY, "rows": []}):
            self.assert_problem(self.server.post("/v1/pins", wrong), 400, "invalid_argument")

    def test_links_hold_the_question_never_the_data(self):
        link = self.call("POST", "/v1/links", {"query": self.QUERY, "title": "Tea", "days": 30}, status=201)
        self.assertEqual(self.call("GET", f"/v1/links/{link['id']}"), link)
        self.assertEqual(set(link), {"id", "query", "title", "created_at", "expires_at"})
        self.assertRegex(link["expires_at"], TIME)
        self.assert_problem(self.server.get("/v1/links/l_unknown"), 404, "not_found")
        self.assert_problem(self.server.post("/v1/links", {"query": {"metrics": "happiness"}}), 400, "invalid_argument")

    def test_feedback_becomes_golden_questions(self):
        first = self.server.ask("revenue by drink", session="judged")[1]
        second = self.server.ask("only Tea", session="judged")[1]
        self.call("POST", "/v1/feedback", {"answer_id": second["id"], "verdict": "down", "reason": "chart", "text": "first thought"}, status=201)
        down = self.call("POST", "/v1/feedback", {"answer_id": second["id"], "verdict": "down", "reason": "misunderstood", "text": "I meant the profit"}, status=201)
        up = self.call("POST", "/v1/feedback", {"answer_id": first["id"], "verdict": "up"}, status=201)
        self.assertEqual([turn["feedback"] for turn in self.call("GET", "/v1/threads/judged")["turns"]], ["up", "down"])
        listed = run("feedback", "-w", self.workspace)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("misunderstood: 1", listed.stdout)
        self.assertIn("I meant the profit", listed.stdout)
        self.assertNotIn("first thought", listed.stdout)  # the newest word counts
        cases = [json.loads(line) for line in run("feedback", "-w", self.workspace, "--json", "--reason", "misunderstood").stdout.splitlines()]
        self.assertEqual([case["id"] for case in cases], [down["id"]])
        trace = cases[0]["trace"]
        self.assertEqual(([turn["id"] for turn in trace["before"]], trace["question"], trace["query"]), ([first["id"]], "only Tea", second["query"]))
        self.assertIn("SELECT", trace["sql"])
        # What was found good is expected as it was; what was bad needs the truth.
        refused = run("feedback", "-w", self.workspace, "--golden", down["id"])
        self.assertEqual(refused.returncode, INVALID_ARGUMENT)
        self.assertIn("--sql", refused.stderr)
        lines = run("feedback", "-w", self.workspace, "--golden", up["id"]).stdout
        lines += run("feedback", "-w", self.workspace, "--golden", down["id"], "--sql",
                     'SELECT "Drink", sum("Quantity" * "Unit Price") FROM bar WHERE "Drink" = \'Tea\' GROUP BY 1').stdout
        golden = self.folder / "golden.jsonl"
        golden.write_text(lines)
        self.assertEqual(len([json.loads(line) for line in lines.splitlines()]), 3)
        judged = run("eval", "-w", self.workspace, golden, "--show")
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        self.assertEqual(run("feedback", "-w", self.workspace, "--golden", "f_none").returncode, NOT_FOUND)
        self.assertEqual(run("feedback", "-w", self.folder).returncode, NOT_FOUND)
        self.assert_problem(self.server.post("/v1/feedback", {"answer_id": "a_0000", "verdict": "up"}), 404, "not_found")
        for wrong in ({"answer_id": first["id"]}, {"answer_id": first["id"], "verdict": "maybe"}, {"answer_id": first["id"], "verdict": "up", "text": "x" * 4001}):
            self.assert_problem(self.server.post("/v1/feedback", wrong), 400, "invalid_argument")

    def test_two_tabs_hear_of_changes(self):
        tabs = [self.server.stream("GET", "/v1/events") for _ in range(2)]
        pin = self.call("POST", "/v1/pins", {"title": "Tea", "query": self.QUERY}, status=201)
        self.call("DELETE", f"/v1/pins/{pin['id']}", status=204)
        for tab in tabs:
            first = next(tab)
            self.assertEqual((first[1], next(tab)[1]), ("pins", "pins"))
            back = self.server.stream("GET", "/v1/events", None, {"Last-Event-ID": str(first[0])})
            self.assertEqual(next(back)[:2], (first[0] + 1, "pins"))
            back.close()
            tab.close()

    def test_changes_without_waiting(self):
        last = self.call("GET", "/v1/events")["last"]
        self.assertEqual(self.call("GET", f"/v1/events?after={last}"), {"events": [], "last": last} if last else self.call("GET", "/v1/events"))
        pin = self.call("POST", "/v1/pins", {"title": "Tea", "query": self.QUERY}, status=201)
        self.call("DELETE", f"/v1/pins/{pin['id']}", status=204)
        self.assertEqual(self.call("GET", "/v1/events"), {"events": [], "last": last + 2})
        after = self.call("GET", f"/v1/events?after={last + 1}")
        self.assertEqual(after, {"events": [{"id": last + 2, "event": "pins"}], "last": last + 2})
        # A number of a server that ran before this one counts as having seen nothing.
        self.assertEqual(self.call("GET", "/v1/events?after=1000000000")["events"][-1], {"id": last + 2, "event": "pins"})

    def test_it_outlives_the_server(self):
        server = Server(self.workspace)
        self.addCleanup(server.stop)
        status, _, text = server.post("/v1/pins", {"title": "Kept", "query": self.QUERY})
        self.assertEqual(status, 201)
        server.process.kill()
        server.process.wait()
        self.assertIn(json.loads(text)["id"], [pin["id"] for pin in self.call("GET", "/v1/pins")["pins"]])


if __name__ == "__main__":
    unittest.main()
