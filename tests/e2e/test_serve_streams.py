"""Answers as events: what is told and when, coming back after a broken connection, cancelling, bounds."""
import json
import random
import socket
import tempfile
import time
import unittest
from pathlib import Path

from aisle import run
from serving import Server, ServeCase

SLOW_ROWS = 900_000
SLOW = "number of customers by region and month"


def write_slow_table(path):
    """Large enough that counting its customers takes a while."""
    chance = random.Random(7)
    with path.open("w") as out:
        out.write("Order No,Order Date,Customer,Region,Quantity,Unit Price\n")
        for i in range(SLOW_ROWS):
            out.write(f"B{i:07},2023-{1 + i % 12:02}-{1 + i % 28:02},C{chance.randrange(700_000):06},{'NSEW'[i % 4]}{i % 3},{1 + i % 7},{1 + i % 90}.50\n")


class Streams(ServeCase):
    def events(self, path, value, **headers):
        stream = self.server.stream("POST", path, value, headers)
        self.addCleanup(stream.close)
        self.assertEqual((stream.reply.status, stream.reply.headers["content-type"]), (200, "text/event-stream"))
        self.assertRegex(stream.reply.headers["content-location"], r"^/v1/streams/\w+$", "where it is resumed")
        return stream

    def test_a_question_tells_its_stages_in_order(self):
        told = list(self.events("/v1/ask", {"question": "revenue by drink in May 2023"}))
        names = [name for _, name, _ in told if name != "running"]
        self.assertEqual(names, ["accepted", "understood", "result", "sentences", "done"])
        numbers = [number for number, _, _ in told]
        self.assertEqual(numbers, sorted(set(numbers)))
        by_name = {name: value for _, name, value in told}
        whole = by_name["done"]
        self.assertEqual(by_name["accepted"]["id"], whole["id"])
        self.assertEqual(by_name["accepted"]["question"], "revenue by drink in May 2023")
        for name in ("understood", "result", "sentences"):
            self.assertTrue(by_name[name])
            for key, value in by_name[name].items():
                self.assertEqual(value, whole[key], key)
        _, plain = self.server.ask("revenue by drink in May 2023")
        self.assertEqual((plain["rows"], plain["narrative"]), (whole["rows"], whole["narrative"]))

    def test_from_the_cache_it_is_accepted_and_done(self):
        self.server.ask("units by drink")
        told = list(self.events("/v1/ask", {"question": "units by drink"}))
        self.assertEqual([name for _, name, _ in told], ["accepted", "done"])
        self.assertEqual(told[0][2]["id"], told[1][2]["id"])
        self.assertEqual(told[1][2]["route"], "exact_cache")

    def test_a_query_and_its_refusal(self):
        told = list(self.events("/v1/query", {"query": {"metrics": ["revenue"], "dimensions": ["region"]}}))
        self.assertEqual((told[-1][1], told[-1][2]["status"], len(told[-1][2]["rows"])), ("done", "answered", 4))
        for path, value, status in (("/v1/query", {"query": {"metrics": ["happiness"]}}, "refused"),
                                    ("/v1/ask", {"question": "what is the weather like"}, "refused"),
                                    ("/v1/ask", {"question": "best region"}, "clarify")):
            told = list(self.events(path, value))
            self.assertEqual((told[-1][1], told[-1][2]["status"]), ("done", status))

    def test_what_fails_ends_with_a_problem(self):
        told = list(self.events("/v1/ask", {"question": "and South?", "after": "a_0000"}))
        self.assertEqual([name for _, name, _ in told], ["accepted", "error"])
        self.assertEqual((told[1][2]["status"], told[1][2]["code"]), (404, "not_found"))

    def test_wrong_requests_are_refused_before_they_stream(self):
        for value in ({}, {"question": ""}, {"question": "x" * 2001}):
            stream = self.server.stream("POST", "/v1/ask", value)
            self.assertEqual((stream.reply.status, stream.reply.headers["content-type"]), (400, "application/problem+json"))
            stream.close()
        self.assert_problem(self.server.get("/v1/streams/a_0000"), 404, "not_found")
        self.assert_problem(self.server.request("DELETE", "/v1/streams/a_0000"), 404, "not_found")
        self.assert_problem(self.server.get("/v1/streams/x?after=-1"), 400, "invalid_argument")
        self.assertEqual(self.server.get("/v1/streams/x", Accept="application/json")[0], 406)

    def test_coming_back_behind_the_last_event(self):
        told = list(self.events("/v1/ask", {"question": "revenue by month"}))
        ident, numbers = told[0][2]["id"], [number for number, _, _ in told]
        for seen in (0, numbers[1], numbers[-2], numbers[-1], 10_000):
            for stream in (self.server.stream("GET", f"/v1/streams/{ident}", None, {"Last-Event-ID": str(seen)}),
                           self.server.stream("GET", f"/v1/streams/{ident}?after={seen}")):
                self.assertEqual([event for event in stream], [event for event in told if event[0] > seen])
                stream.close()
        noise = self.server.stream("GET", f"/v1/streams/{ident}", None, {"Last-Event-ID": "no number"})
        self.assertEqual(len(list(noise)), len(told))
        noise.close()

    def test_many_streams_at_once(self):
        streams = [self.events("/v1/ask", {"question": f"revenue by region on {1 + i} March 2023"}) for i in range(28)]
        for stream in streams:
            self.assertEqual(list(stream)[-1][1], "done")


class SlowQuestions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        cls.addClassCleanup(scratch.cleanup)
        folder = Path(scratch.name)
        write_slow_table(folder / "sales.csv")
        done = run("init", folder / "shop", folder / "sales.csv")
        assert done.returncode == 0, done.stderr
        cls.server = Server(folder / "shop", "--threads", "1", "--workers", "1", "--cache", "0")
        cls.addClassCleanup(lambda: cls.server.stop())

    def start(self, question=SLOW):
        stream = self.server.stream("POST", "/v1/ask", {"question": question})
        self.addCleanup(stream.close)
        self.assertEqual(stream.reply.status, 200)
        return stream, next(stream)[2]["id"]

    def metric(self, name):
        for line in self.server.get("/metrics")[2].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(name)

    def test_progress_is_told_while_it_runs(self):
        ahead = [self.start()[0] for _ in range(4)]  # the only worker takes them first
        told = list(self.start()[0])
        for stream in ahead:
            self.assertEqual(list(stream)[-1][1], "done")
        running = [value for _, name, value in told if name == "running"]
        self.assertTrue(running, [name for _, name, _ in told])
        self.assertEqual(running, sorted(running, key=lambda value: value["seconds"]))
        for value in running:
            self.assertTrue(value["percent"] is None or 0 <= value["percent"] <= 100)
            self.assertLessEqual(value["rows"], 10 * SLOW_ROWS)
        self.assertEqual(told[-1][1], "done")

    def test_a_cancelled_question_ends_as_such(self):
        stream, ident = self.start()
        self.assertEqual(self.server.request("DELETE", f"/v1/streams/{ident}")[0], 204)
        told = list(stream)
        self.assertEqual((told[-1][1], told[-1][2]["code"]), ("error", "cancelled"))
        again = self.server.stream("GET", f"/v1/streams/{ident}")
        self.assertEqual(list(again)[-1][2]["code"], "cancelled")
        again.close()
        status, answer = self.server.ask("revenue by region")
        self.assertEqual((status, answer["status"]), (200, "answered"))

    def test_a_broken_connection_may_be_taken_up_again(self):
        stream, ident = self.start()
        stream.socket.shutdown(socket.SHUT_RDWR)
        stream.close()
        back = self.server.stream("GET", f"/v1/streams/{ident}", None, {"Last-Event-ID": "1"})
        told = list(back)
        back.close()
        self.assertEqual(told[-1][1], "done")
        self.assertGreater(told[0][0], 1)

    def test_two_readers_see_the_same(self):
        stream, ident = self.start()
        other = self.server.stream("GET", f"/v1/streams/{ident}")
        kept = ("understood", "result", "sentences", "done")
        first, second = ([event for event in one if event[1] in kept] for one in (stream, other))
        self.assertEqual(first, second)
        other.close()

    def test_stopping_lets_questions_finish(self):
        server = Server(Path(self.server.process.args[3]), "--threads", "1")
        self.addCleanup(server.stop)
        stream = server.stream("POST", "/v1/ask", {"question": SLOW})
        next(stream)
        server.process.terminate()
        self.assertEqual(list(stream)[-1][1], "done")
        stream.close()
        self.assertEqual(server.process.wait(timeout=30), 0)

    def test_readers_that_left_are_noticed(self):
        for _ in range(5):
            stream, _ = self.start()
            stream.socket.shutdown(socket.SHUT_RDWR)
            stream.close()
        until = time.monotonic() + 60
        while self.metric("aisle_requests_in_flight") > 0 and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(self.metric("aisle_requests_in_flight"), 0)
        self.assertEqual(json.loads(self.server.get("/healthz")[2])["status"], "ok")


if __name__ == "__main__":
    unittest.main()
