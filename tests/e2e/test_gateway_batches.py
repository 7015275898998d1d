"""Requests that may wait, in the providers' own batches: half the price, nothing twice, nothing lost."""
import json
import signal
import sqlite3
import time
import unittest
from decimal import Decimal

from gateway import GatewayCase, config_over, vendor_clients
from model_server import KEY, behaviour

# 1,000,000 per million tokens is 1 a token; in a batch it is half of that.
PRICES = {"version": 1, "currency": "EUR", "prices": [{"model": "m0", "from": "2020-01-01", "input": 0, "output": 1_000_000}]}
KINDS = ("openai", "azure", "anthropic", "gemini")
CLIENTS = vendor_clients()


def over_each(test):
    def run_each(self):
        for kind in KINDS:
            with self.subTest(provider=kind):
                test(self, kind)
    run_each.__name__, run_each.__doc__ = test.__name__, test.__doc__
    return run_each


class Batches(GatewayCase):
    def start(self, kind, server, most=1, name=None, **more):
        """A batch goes out as soon as `most` requests wait, and never sooner: no test depends on the clock."""
        name = name or f"{kind}-{id(server)}"
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "prices.yaml").write_text(json.dumps(PRICES))
        state = more.pop("state", None)
        config = config_over(server, kind=kind, prices="prices.yaml", batch={"collect": "1h", "most": most, "poll": "200ms"}, **more)
        config["models"]["main"]["routes"][0]["batch"] = True
        return self.gateway(config, name=name, **({"state": state} if state else {}))

    def put(self, gateway, text, headers=None, **more):
        body = {"model": "main", "messages": [{"role": "user", "content": text}], "max_tokens": 5, "async": True, "priority": "batch", **more}
        status, reply, _ = gateway.request("/llm/summary", body, headers)
        self.assertEqual(status, 202, reply)
        return reply["id"]

    def job(self, gateway, name, **more):
        return gateway.request(f"/llm/async?id={name}", **more)[1]

    def wait(self, gateway, name, headers=None, seconds=90):
        until = time.monotonic() + seconds
        while True:
            job = gateway.request(f"/llm/async?id={name}&wait=5", headers=headers, timeout=60)[1]
            if job["state"] in ("done", "failed", "cancelled"):
                return job
            self.assertLess(time.monotonic(), until, job)

    def until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def ledger(self, gateway):
        with sqlite3.connect(gateway.state / "ai-budget.db") as database:
            return database.execute("SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0) FROM ledger").fetchone()

    def bill(self, gateway):
        with sqlite3.connect(gateway.state / "ai-calls.db") as database:
            return database.execute("SELECT count(*), sum(cost_nano) FROM calls WHERE cost_nano > 0").fetchone()

    @over_each
    def test_many_requests_are_one_batch_at_half_the_price(self, kind):
        server = self.server()
        server.script = lambda request: behaviour("Answer to " + json.dumps(request["body"].get("messages") or request["body"]["contents"])[-30:], usage=(7, 4))
        gateway = self.start(kind, server, 5, budgets=[{"company": "*", "limit": 1000, "per": "month"}])
        jobs = [self.put(gateway, f"number {i} ") for i in range(5)]
        now = gateway.chat("An interactive one.", max_tokens=5)
        self.assertEqual(now[0], 200, "what is asked now does not wait")
        results = [self.wait(gateway, job) for job in jobs]
        self.assertEqual([result["state"] for result in results], ["done"] * 5, results)
        self.assertEqual([f"number {i} " in result["result"]["text"] for i, result in enumerate(results)], [True] * 5)
        self.assertEqual({Decimal(result["result"]["cost"]) for result in results}, {2})
        self.assertEqual({result["result"]["batch_id"] for result in results}, {"batch_1" if kind != "anthropic" else "msgbatch_1"})
        self.assertEqual(server.batches.creations, 1)
        self.until(lambda: server.batches.deleted, "what was sent is deleted there")
        gateway.stop()
        self.assertEqual(self.ledger(gateway), (14 * 10**9, 0))
        self.assertEqual(self.bill(gateway), (6, 14 * 10**9))

    @over_each
    def test_answers_are_checked_like_others(self, kind):
        server = self.server()
        server.script = lambda request: behaviour('{"n": 3}' if "batch" not in request else '{"n": "three"}')
        gateway = self.start(kind, server)
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        done = self.wait(gateway, self.put(gateway, "How many?", output_schema=schema))
        self.assertEqual((done["state"], done["result"]["json"], done["result"]["repair_rounds"]), ("done", {"n": 3}, 1), done)
        self.assertEqual(Decimal(done["result"]["cost"]), Decimal("7.5"), "5 tokens at half the price, then 5 at the whole one")

    @over_each
    def test_expired_failed_and_wrong_requests(self, kind):
        """What a batch does not answer is asked by itself; what is wrong is told; the rest is taken."""
        server = self.server(behaviour("Fine."))
        server.batches.automatic = False
        gateway = self.start(kind, server, 4, budgets=[{"company": "*", "limit": 1000}])
        jobs = [self.put(gateway, f"number {i}") for i in range(4)]
        self.until(lambda: server.batches.made, "it is created")
        self.assertEqual([self.job(gateway, job)["state"] for job in jobs], ["running"] * 4)
        with server.lock:
            server.batches.finish(next(iter(server.batches.made.values())), n1="expired", n2="errored", n3="invalid")
        results = [self.wait(gateway, job) for job in jobs]
        self.assertEqual([result["state"] for result in results], ["done", "done", "done", "failed"], results)
        self.assertEqual([Decimal(result["result"]["cost"]) for result in results[:3]], [Decimal("2.5"), 5, 5])
        self.assertIn("that is no request", results[3]["error"]["message"])
        gateway.stop()
        self.assertEqual(self.ledger(gateway), (12500000000, 0))

    @over_each
    def test_a_lost_answer_does_not_make_a_second_batch(self, kind):
        server = self.server(behaviour("Fine."))
        server.batches.lose = 1
        gateway = self.start(kind, server, 3)
        others = [self.put(gateway, f"number {i}") for i in range(3)]
        self.assertEqual([self.wait(gateway, job)["state"] for job in others], ["done"] * 3)
        self.assertEqual((server.batches.creations, len(server.seen)), (1, 3))

    @over_each
    def test_a_refused_batch_goes_the_ordinary_way(self, kind):
        server = self.server(behaviour("Fine."))
        server.batches.refuse = 403
        done = self.wait(self.start(kind, server), self.put(self.gateways[-1], "A question"))
        self.assertEqual((done["state"], Decimal(done["result"]["cost"]), server.batches.creations), ("done", 5, 0))

    def gateway(self, *arguments, **more):
        made = super().gateway(*arguments, **more)
        self.gateways = [*getattr(self, "gateways", []), made]
        return made

    def test_a_batch_that_fails_as_a_whole(self):
        for kind in ("openai", "gemini"):
            with self.subTest(provider=kind):
                self.fails_as_a_whole(kind)

    def fails_as_a_whole(self, kind):
        server = self.server(behaviour("Fine."))
        server.batches.fail = "the file is not what it must be"
        gateway = self.start(kind, server)
        done = self.wait(gateway, self.put(gateway, "A question"))
        self.assertEqual((done["state"], Decimal(done["result"]["cost"])), ("done", 5))
        self.assertIn("the file is not what it must be", gateway.log())

    @over_each
    def test_kill_9_loses_nothing_and_pays_nothing_twice(self, kind):
        """Killed when the batch may just have been created, when it runs, and when its answers come in."""
        server = self.server(behaviour("Fine."))
        server.batches.automatic = False
        server.batches.lose = 1
        limits = {"budgets": [{"company": "*", "limit": 1000}]}
        first = self.start(kind, server, 6, name=f"{kind}1", **limits)
        jobs = [self.put(first, f"number {i}") for i in range(6)]
        self.until(lambda: server.batches.creations == 1, "it is created")
        first.stop(signal.SIGKILL)
        self.assertEqual(server.batches.creations, 1)
        second = self.start(kind, server, 6, name=f"{kind}2", state=str(first.state), **limits)
        if kind == "anthropic":  # what is in a batch is only seen when it has ended
            with server.lock:
                server.batches.finish(next(iter(server.batches.made.values())))
        else:
            time.sleep(1)
        second.stop(signal.SIGKILL)
        with server.lock:
            if kind != "anthropic":
                server.batches.finish(next(iter(server.batches.made.values())))
        third = self.start(kind, server, 6, name=f"{kind}3", state=str(first.state), **limits)
        self.until(lambda: self.job(third, jobs[0])["state"] == "done", "answers come in", 90)
        third.stop(signal.SIGKILL)
        last = self.start(kind, server, 6, name=f"{kind}4", state=str(first.state), **limits)
        self.assertEqual([self.wait(last, job)["state"] for job in jobs], ["done"] * 6)
        self.assertEqual((server.batches.creations, len(server.seen)), (1, 6))
        last.stop()
        self.assertEqual(self.ledger(last), (15 * 10**9, 0))
        self.assertEqual(self.bill(last), (6, 15 * 10**9))

    def test_budgets_hold_at_the_price_of_batches(self):
        """Ten would cost 25 at half the price; 12 are left: four fit, and the rest are refused."""
        server = self.server(behaviour("Fine."))
        gateway = self.start("openai", server, 10, budgets=[{"company": "*", "limit": 12}], timeout="3s")
        jobs = [self.put(gateway, f"number {i}") for i in range(10)]
        results = [self.wait(gateway, job) for job in jobs]
        self.assertEqual([result["state"] for result in results].count("done"), 4)
        self.assertEqual({result["error"]["code"] for result in results if result["state"] == "failed"}, {"budget_exceeded"})
        gateway.stop()
        self.assertEqual(self.ledger(gateway), (10 * 10**9, 0))

    @over_each
    def test_cancelled_jobs(self, kind):
        server = self.server(behaviour("Fine."))
        server.batches.automatic = False
        gateway = self.start(kind, server, 2)
        waiting = self.put(gateway, "Never sent.")
        status, job, _ = self.cancel(gateway, waiting)
        self.assertEqual((status, job["state"]), (200, "cancelled"))
        jobs = [self.put(gateway, f"number {i}") for i in range(2)]
        self.until(lambda: server.batches.made, "it is created")
        batch = next(iter(server.batches.made.values()))
        self.assertEqual(len(batch["requests"]), 2)
        self.assertEqual(self.cancel(gateway, jobs[0], {"X-Aisle-User": "somebody else"})[0], 404)
        self.assertEqual([self.cancel(gateway, job)[1]["state"] for job in jobs], ["cancelled"] * 2)
        self.until(lambda: batch.get("stopped"), "nobody waits for it: it is cancelled there as well")
        self.until(lambda: server.batches.deleted, "and forgotten")
        self.assertEqual([self.job(gateway, job)["state"] for job in jobs], ["cancelled"] * 2)
        self.assertEqual(len(server.seen), 0)

    def cancel(self, gateway, job, headers=None):
        import http.client
        connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=30)
        connection.request("DELETE", f"/llm/async?id={job}", headers=headers or {})
        reply = connection.getresponse()
        status, body = reply.status, json.loads(reply.read())
        connection.close()
        return status, body, None

    def test_jobs_that_run_are_cancelled_upstream(self):
        slow = self.server(behaviour("Late.", delay=30))
        gateway = self.gateway(config_over(slow))
        job = self.put(gateway, "A question", priority="normal")
        self.until(lambda: slow.seen, "it runs")
        self.assertEqual(self.cancel(gateway, job)[1]["state"], "cancelled")
        self.until(lambda: "aisle_llm_calls_in_flight 0" in gateway.request("/metrics")[1], "its call has ended")
        self.assertEqual(self.job(gateway, job)["state"], "cancelled")

    def test_a_key_may_use_later_only_what_it_may_use_now(self):
        import hashlib
        server = self.server(behaviour("Fine."))
        config = config_over(server, keys=[{"sha256": hashlib.sha256(b"alpha").hexdigest(), "user": "ann", "models": ["other"]}])
        gateway = self.gateway(config)
        headers = {"Authorization": "Bearer alpha"}
        job = self.put(gateway, "A question", headers, models=["main"])
        failed = self.wait(gateway, job, headers)
        self.assertEqual((failed["state"], failed["error"]["code"]), ("failed", "forbidden"))


@unittest.skipUnless(CLIENTS, "the vendors' clients are not installed (scripts/setup.sh test)")
class VendorClients(GatewayCase):
    """The stand-ins' batches are what the vendors' own clients take."""

    def test_openai(self):
        import io

        import openai
        server = self.server(behaviour("Hello you."))
        server.batches.automatic = False
        for client, endpoint in ((openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0), "/v1/chat/completions"),
                                 (openai.AzureOpenAI(azure_endpoint=server.url, api_key=KEY, api_version="2024-10-21", max_retries=0), "/chat/completions")):
            lines = [{"custom_id": f"one-{i}", "method": "POST", "url": endpoint, "body": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}} for i in range(3)]
            file = client.files.create(file=io.BytesIO("\n".join(map(json.dumps, lines)).encode()), purpose="batch")
            batch = client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"a": "b"})
            self.assertEqual((batch.status, batch.metadata), ("in_progress", {"a": "b"}))
            with server.lock:
                server.batches.finish(server.batches.made[batch.id], n1="expired")
            batch = client.batches.retrieve(batch.id)
            self.assertEqual((batch.status, batch.request_counts.completed, batch.request_counts.failed), ("expired", 2, 1))
            answers = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
            self.assertEqual([answer["response"]["body"]["choices"][0]["message"]["content"] for answer in answers], ["Hello you."] * 2)
            self.assertIn("batch_expired", client.files.content(batch.error_file_id).text)
            self.assertIn(batch.id, [one.id for one in client.batches.list()])
            self.assertTrue(client.files.delete(file.id).deleted)
            self.assertEqual(client.batches.cancel(batch.id).status, "cancelled")

    def test_anthropic(self):
        import anthropic
        server = self.server(behaviour("Hello you."))
        server.batches.automatic = False
        client = anthropic.Anthropic(base_url=server.url, api_key=KEY, max_retries=0)
        ask = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}
        batch = client.messages.batches.create(requests=[{"custom_id": f"one-{i}", "params": ask} for i in range(4)])
        self.assertEqual((batch.processing_status, batch.request_counts.processing), ("in_progress", 4))
        with server.lock:
            server.batches.finish(server.batches.made[batch.id], n1="expired", n2="invalid", n3="cancelled")
        batch = client.messages.batches.retrieve(batch.id)
        self.assertEqual((batch.processing_status, batch.request_counts.succeeded), ("ended", 1))
        results = {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}
        self.assertEqual([results[f"one-{i}"].type for i in range(4)], ["succeeded", "expired", "errored", "canceled"])
        self.assertEqual(results["one-0"].message.content[0].text, "Hello you.")
        self.assertEqual(results["one-2"].error.error.type, "invalid_request_error")
        self.assertEqual([one.id for one in client.messages.batches.list()], [batch.id])
        self.assertEqual(client.messages.batches.delete(batch.id).id, batch.id)

    def test_gemini(self):
        import io

        from google import genai
        server = self.server(behaviour("Hello you."))
        server.batches.automatic = False
        client = genai.Client(api_key=KEY, http_options={"base_url": server.url})
        lines = [{"key": f"one-{i}", "request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}} for i in range(3)]
        file = client.files.upload(file=io.BytesIO("\n".join(map(json.dumps, lines)).encode()), config={"mime_type": "application/jsonl", "display_name": "a"})
        batch = client.batches.create(model="m", src=file.name, config={"display_name": "ours"})
        self.assertEqual((batch.state.name, batch.display_name), ("JOB_STATE_RUNNING", "ours"))
        with server.lock:
            server.batches.finish(server.batches.made[batch.name.removeprefix("batches/")], n1="errored")
        batch = client.batches.get(name=batch.name)
        self.assertEqual(batch.state.name, "JOB_STATE_SUCCEEDED")
        results = {line["key"]: line for line in map(json.loads, client.files.download(file=batch.dest.file_name).decode().splitlines())}
        self.assertEqual(results["one-0"]["response"]["candidates"][0]["content"]["parts"][0]["text"], "Hello you.")
        self.assertEqual(results["one-1"]["error"]["message"], "it broke")
        self.assertEqual([one.name for one in client.batches.list()], [batch.name])
        client.batches.cancel(name=batch.name)
        client.batches.delete(name=batch.name)
        inline = client.batches.create(model="m", src=[{"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}])
        with server.lock:
            server.batches.finish(server.batches.made[inline.name.removeprefix("batches/")])
        self.assertEqual(client.batches.get(name=inline.name).dest.inlined_responses[0].response.text, "Hello you.")


if __name__ == "__main__":
    unittest.main()
