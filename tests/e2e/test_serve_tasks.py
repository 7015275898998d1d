"""Long questions as tasks: progress, cancelling, results that wait, a server that is killed in between."""
import json
import tempfile
import time
import unittest
from pathlib import Path

from aisle import run
from serving import Server
from test_serve_streams import SLOW, write_slow_table

ENDED = ("done", "failed", "cancelled")


class Tasks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        cls.addClassCleanup(scratch.cleanup)
        cls.workspace = Path(scratch.name) / "shop"
        write_slow_table(Path(scratch.name) / "sales.csv")
        done = run("init", cls.workspace, Path(scratch.name) / "sales.csv")
        assert done.returncode == 0, done.stderr

    def setUp(self):
        self.server = self.start()

    def start(self):
        server = Server(self.workspace, "--threads", "1", "--cache", "0")
        self.addCleanup(server.stop)
        return server

    def call(self, method, path, value=None, status=200):
        reply = self.server.request(method, path, None if value is None else json.dumps(value),
                                    {} if value is None else {"Content-Type": "application/json"})
        self.assertEqual(reply[0], status, reply[2])
        return json.loads(reply[2]) if reply[2] else None

    def add(self, question):
        return self.call("POST", "/v1/tasks", {"question": question}, status=202)["id"]

    def wait_for(self, ident, statuses=ENDED, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            task = self.call("GET", f"/status/{ident}")
            if task["status"] in statuses:
                return task
            time.sleep(0.05)
        self.fail(f"{task} after {seconds} s")

    def test_a_result_waits_for_its_user(self):
        news = self.server.stream("GET", "/v1/events")
        self.addCleanup(news.close)
        added = self.call("POST", "/v1/tasks", {"question": "units by region", "session": "later"}, status=202)
        self.assertIn(added["status"], ("queued", "running", "done"))
        self.assertEqual(next(news)[1], "tasks")
        task = self.wait_for(added["id"])
        self.assertEqual((task["status"], task["percent"], task["title"]), ("done", 100, "units by region"))
        self.assertEqual(self.call("GET", added["status_url"]), task)
        whole = self.call("GET", f"/v1/tasks/{added['id']}")
        self.assertEqual((whole["answer"]["status"], whole["answer"]["id"]), ("answered", task["answer_id"]))
        self.assertEqual(self.call("GET", f"/v1/answers/{task['answer_id']}")["rows"], whole["answer"]["rows"])
        self.assertEqual([turn["id"] for turn in self.call("GET", "/v1/threads/later")["turns"]], [task["answer_id"]])
        self.assertEqual(self.call("GET", "/v1/tasks")["tasks"][0], task)
        self.assertEqual(self.server.stop(), 0)
        self.server = self.start()
        self.assertEqual(self.call("GET", f"/v1/tasks/{added['id']}"), whole)
        self.call("DELETE", f"/v1/tasks/{added['id']}", status=204)
        self.call("GET", f"/status/{added['id']}", status=404)

    def leave(self, question, session):
        """Asks and leaves before the answer is there, as a closed tab does: the stream's id."""
        asked = self.server.stream("POST", "/v1/ask", {"question": question, **({"session": session} if session else {})})
        ident = next(asked)[2]["id"]
        asked.close()
        return ident

    def test_a_question_that_was_left_waits_as_a_task(self):
        self.assertEqual(self.server.stop(), 0)
        self.server = Server(self.workspace, "--threads", "1", "--cache", "0", "--workers", "1", environment={"AISLE_SERVER_ABANDON": "1s"})
        self.addCleanup(self.server.stop)
        for attempt in range(5):  # the answer may be faster than the news that nobody waits for it
            # One worker: those before it are answered first, so that it is still under way when it is given up.
            before = [self.server.stream("POST", "/v1/ask", {"question": SLOW}) for _ in range(5)]
            session = f"left{attempt}"
            alone = self.leave(SLOW, None)
            ident = self.leave(SLOW, session)
            for stream in before:
                list(stream)
                stream.close()
            task = f"t{ident[1:]}"
            self.wait_until(lambda: self.turns(session), "the question is in its conversation")
            if self.server.get(f"/status/{task}")[0] == 200:
                break
        self.assertEqual(self.wait_for(task)["status"], "done")
        whole = self.call("GET", f"/v1/tasks/{task}")
        self.assertEqual((whole["answer"]["id"], whole["answer"]["status"]), (ident, "answered"))
        self.assertEqual([(turn["id"], turn["status"]) for turn in self.turns(session)], [(ident, "answered")], "one turn, with its answer")
        self.call("GET", f"/status/t{alone[1:]}", status=404)  # without a conversation there is nobody to wait for it

    def test_what_was_cancelled_is_no_task(self):
        before = [self.server.stream("POST", "/v1/ask", {"question": SLOW}) for _ in range(5)]
        asked = self.server.stream("POST", "/v1/ask", {"question": SLOW, "session": "cancelled"})
        ident = next(asked)[2]["id"]
        self.assertEqual(self.server.request("DELETE", f"/v1/streams/{ident}")[0], 204)
        for stream in [asked, *before]:
            list(stream)
            stream.close()
        self.call("GET", f"/status/t{ident[1:]}", status=404)

    def turns(self, session):
        status, _, text = self.server.get(f"/v1/threads/{session}")
        return json.loads(text)["turns"] if status == 200 else []

    def wait_until(self, holds, what, seconds=120):
        until = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), until, f"waited in vain until {what}")
            time.sleep(0.05)

    def test_a_killed_server_takes_its_tasks_up_again(self):
        ids = [self.add(f"{SLOW} in {month} 2023") for month in ("March", "April")] + [self.add(SLOW) for _ in range(6)]
        self.wait_for(ids[0], ("running", "done"))
        self.server.process.kill()
        self.server.process.wait()
        self.server = self.start()
        for ident in ids:
            self.assertEqual(self.wait_for(ident)["status"], "done")
            self.assertEqual(self.call("GET", f"/v1/tasks/{ident}")["answer"]["status"], "answered")

    def test_a_calm_stop_gives_them_back(self):
        ids = [self.add(SLOW) for _ in range(6)]
        self.wait_for(ids[0], ("running", "done"))
        self.assertEqual(self.server.stop(), 0)
        self.server = self.start()
        for ident in ids:
            self.assertEqual(self.wait_for(ident)["status"], "done")

    def test_cancelling(self):
        ids = [self.add(SLOW) for _ in range(6)]
        for ident in ids[::-1]:
            self.call("DELETE", f"/v1/tasks/{ident}", status=204)
        left = [task for task in self.call("GET", "/v1/tasks")["tasks"] if task["id"] in ids]
        for task in left:
            self.assertIn(self.wait_for(task["id"])["status"], ("cancelled", "done"))
        self.assertIn("cancelled", [task["status"] for task in left])

    def test_what_cannot_be_answered(self):
        refused = self.wait_for(self.add("what is the weather like"))
        self.assertEqual(refused["status"], "done")  # a refusal is an answer
        failed = self.wait_for(self.call("POST", "/v1/tasks", {"question": "and South?", "after": "a_0000"}, status=202)["id"])
        self.assertEqual((failed["status"], failed["error"]["code"]), ("failed", "not_found"))
        unknown = self.wait_for(self.call("POST", "/v1/tasks", {"query": {"metrics": ["happiness"]}}, status=202)["id"])
        self.assertEqual(self.call("GET", f"/v1/tasks/{unknown['id']}")["answer"]["status"], "refused")
        for wrong in ({}, {"question": "a", "query": {"metrics": ["units"]}}, {"question": ""}, {"question": "a", "extra": 1}):
            self.call("POST", "/v1/tasks", wrong, status=400)
        query = self.wait_for(self.call("POST", "/v1/tasks", {"query": {"metrics": ["revenue"]}}, status=202)["id"])
        self.assertEqual((query["status"], query["title"]), ("done", "Revenue"))
        self.call("GET", "/status/t_none", status=404)
        self.call("DELETE", "/v1/tasks/t_none", status=404)


if __name__ == "__main__":
    unittest.main()
