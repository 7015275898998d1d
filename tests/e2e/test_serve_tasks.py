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
