"""The model gateway's addresses inside aisle serve: the same as aisle gateway's, on the one listener, in process for agents."""
import json
import os
import re
import tempfile
import threading
import time
import unittest
from pathlib import Path

from aisle import run
from gateway import config_over, vendor_clients
from model_server import KEY, ModelServer, behaviour
from serving import TABLE, Server

TOOLS = [{"type": "function", "function": {"name": "get_sales", "parameters": {"type": "object", "properties": {"month": {"type": "string"}}}}}]


class ServeModelsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="aisle-serve-models-")
        cls.shop = Path(cls.scratch.name) / "shop"
        table = Path(cls.scratch.name) / "drinks.csv"
        table.write_text(TABLE)
        done = run("init", cls.shop, table)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def start(self, *script, environment=None, **more):
        """A stand-in provider and a server over it; `more` goes into ai.yaml."""
        provider = ModelServer(list(script) or None)
        self.addCleanup(provider.stop)
        (self.shop / "ai.yaml").write_text(json.dumps(config_over(provider, **more)))
        server = Server(self.shop, environment={"PROVIDER_KEY": KEY, **(environment or {})})
        self.addCleanup(server.stop)
        return provider, server

    def chat(self, server, text="Hi", headers=None, **more):
        status, headers, body = server.post("/v1/chat/completions", {"model": "main", "messages": [{"role": "user", "content": text}], **more}, headers)
        return status, headers, json.loads(body) if body.startswith("{") else body

    def test_plain_streamed_and_models(self):
        provider, server = self.start(behaviour("Twelve tea."), behaviour("A long answer in pieces."))
        status, headers, reply = self.chat(server)
        self.assertEqual((status, reply["choices"][0]["message"]["content"], headers["x-aisle-route"]), (200, "Twelve tea.", "p0/m0"))
        status, headers, body = self.chat(server, stream=True)
        self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "text/event-stream"))
        chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
        self.assertEqual("".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"]), "A long answer in pieces.")
        self.assertTrue(body.rstrip().endswith("data: [DONE]"))
        self.assertEqual(json.loads(server.get("/v1/models")[2])["data"][0]["id"], "main")
        self.assertEqual(len(provider.seen), 2)

    def test_errors_say_what_both_sides_know(self):
        _, server = self.start(behaviour(status=400, error="messages are wrong"))
        status, headers, reply = self.chat(server)
        self.assertEqual((status, headers["content-type"]), (400, "application/problem+json"))
        self.assertEqual((reply["status"], reply["code"], reply["error"]["type"]), (400, "invalid_argument", "invalid_request_error"))
        self.assertIn("messages are wrong", reply["detail"])
        self.assertEqual(self.chat(server, n=0)[0], 400)
        status, _, reply = self.chat(server, model="no such model")
        self.assertEqual((status, reply["error"]["code"]), (404, "unsupported"))

    def test_budget_is_kept(self):
        _, server = self.start(budgets=[{"company": "*", "limit": 2, "unit": "requests", "per": "day"}])
        self.assertEqual([self.chat(server, f"Question {i}")[0] for i in range(4)], [200, 200, 429, 429])

    def test_keys_of_ai_yaml_hold_here_too(self):
        _, server = self.start(keys=[{"env": "SHOP_KEY", "user": "ann"}], environment={"SHOP_KEY": "secret-of-ann"})
        self.assertEqual(self.chat(server)[0], 401)
        self.assertEqual(self.chat(server, headers={"Authorization": "Bearer secret-of-ann"})[0], 200)

    def test_summary_now_later_and_as_events(self):
        body = {"messages": [{"role": "user", "content": "Tell."}], "model": "main"}
        _, server = self.start(behaviour("Told now."), behaviour("Told later."), behaviour("Told in pieces, one by one."))
        status, _, text = server.post("/llm/summary", body)
        self.assertEqual((status, json.loads(text)["text"]), (200, "Told now."))
        status, headers, text = server.post("/llm/summary", {**body, "async": True})
        job = json.loads(text)
        self.assertEqual((status, headers["location"]), (202, f"/llm/async?id={job['id']}"))
        status, _, text = server.get(f"/llm/async?id={job['id']}&wait=30")
        self.assertEqual((status, json.loads(text)["state"], json.loads(text)["result"]["text"]), (200, "done", "Told later."))
        self.assertIn(job["id"], [one["id"] for one in json.loads(server.get("/llm/async")[2])["jobs"]])
        status, _, text = server.request("DELETE", f"/llm/async?id={job['id']}")
        self.assertEqual((status, json.loads(text)["state"]), (200, "done"), "what has ended stays as it is")
        self.assertEqual(server.request("DELETE", "/llm/async?id=job-of-nobody")[0], 404)
        self.assertEqual(server.request("DELETE", "/llm/async")[0], 400)
        status, _, text = server.post("/llm/summary", {**body, "stream": True}, {"Accept": "text/event-stream, application/json"})
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
        self.assertEqual("".join(event.get("text", "") for event in events), "Told in pieces, one by one.")
        self.assertGreater(len(events), 2)
        self.assertEqual(events[-1]["result"]["text"], "Told in pieces, one by one.")

    def test_client_that_leaves_ends_the_call_upstream(self):
        provider, server = self.start(behaviour("Late.", delay=6))
        with self.assertRaises(OSError):
            server.request("POST", "/v1/chat/completions", json.dumps({"model": "main", "stream": False, "messages": [{"role": "user", "content": "Hi"}]}),
                           {"Content-Type": "application/json"}, timeout=1)
        until = time.monotonic() + 30
        while time.monotonic() < until and "aisle_llm_calls_in_flight 0" not in server.get("/metrics")[2]:
            time.sleep(0.1)
        self.assertIn("aisle_llm_calls_in_flight 0", server.get("/metrics")[2])
        self.assertIn('aisle_llm_calls_total{status="cancelled"} 1', server.get("/metrics")[2])
        self.assertEqual(len(provider.seen), 1)

    def test_many_at_once_take_no_worker_of_questions(self):
        """More model calls than there are workers and places in the queue, and a question is answered meanwhile."""
        _, server = self.start(behaviour("Late.", delay=3))
        replies = []
        threads = [threading.Thread(target=lambda i=i: replies.append(self.chat(server, f"Question {i}")[0])) for i in range(90)]
        for thread in threads:
            thread.start()
        status, answer = server.ask("revenue by region")
        waiting = len(replies) < len(threads)
        for thread in threads:
            thread.join()
        self.assertEqual((status, answer["status"]), (200, "answered"))
        self.assertEqual(replies, [200] * 90)
        self.assertTrue(waiting)

    def test_metrics_tell_of_models(self):
        _, server = self.start()
        self.chat(server)
        text = server.get("/metrics")[2]
        self.assertIn('aisle_llm_calls_total{status="ok"} 1', text)
        self.assertRegex(text, r'aisle_llm_call_duration_seconds_bucket\{le="\+Inf"\} 1')
        self.assertEqual(len(re.findall(r"^# TYPE aisle_llm_calls_in_flight", text, re.M)), 1)

    def test_without_a_gateway(self):
        (self.shop / "ai.yaml").unlink(missing_ok=True)
        elsewhere = Server(self.shop, environment={"AISLE_AI_URL": "http://127.0.0.1:9"})
        self.addCleanup(elsewhere.stop)
        status, _, text = elsewhere.get("/v1/models")
        self.assertEqual((status, json.loads(text)["code"]), (404, "unsupported"))
        empty = Server(self.shop)
        self.addCleanup(empty.stop)
        self.assertEqual(json.loads(empty.get("/v1/models")[2])["data"], [])

    def test_stops_with_a_stream_open(self):
        _, server = self.start(behaviour("slow " * 500, drip=0.1))
        events = server.stream("POST", "/v1/chat/completions", {"model": "main", "stream": True, "messages": [{"role": "user", "content": "Hi"}]})
        self.addCleanup(events.close)
        self.assertEqual(events.reply.status, 200)
        self.assertEqual(server.stop(), 0)

    @unittest.skipUnless(vendor_clients(), "set-up could not install the vendors' clients")
    def test_official_client(self):
        import openai
        _, server = self.start(behaviour("Hello."), behaviour("In pieces, then."), behaviour(tools=[("get_sales", {"month": "2024-03"})]))
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="any", max_retries=0)
        messages = [{"role": "user", "content": "Hi"}]
        self.assertEqual(client.chat.completions.create(model="main", messages=messages).choices[0].message.content, "Hello.")
        parts = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(model="main", messages=messages, stream=True) if chunk.choices]
        self.assertEqual("".join(parts), "In pieces, then.")
        call = client.chat.completions.create(model="main", messages=messages, tools=TOOLS).choices[0].message.tool_calls[0]
        self.assertEqual((call.function.name, json.loads(call.function.arguments)), ("get_sales", {"month": "2024-03"}))
        self.assertEqual([model.id for model in client.models.list()], ["main"])
        self.assertEqual(len(client.embeddings.create(model="main", input=["ab", "abcd"]).data[1].embedding), 3)
        with self.assertRaises(openai.NotFoundError):
            client.chat.completions.create(model="nobody", messages=messages)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    unittest.main()
