"""Templates through the gateway: what leaves, what comes back checked, and calls that wait in the durable queue."""
import json
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from aisle import ROOT
from gateway import GatewayCase, config_over
from model_server import behaviour

ROWS = [{"category": "Chairs", "subcategory": "Office", "metric": "sales", "value": 1200, "value_previous": 1000, "value_change": 200, "value_growth": 0.2, "rows": 40},
        {"category": "Lamps", "subcategory": "Desk", "metric": "sales", "value": 450, "value_previous": 500, "value_change": -50, "value_growth": -0.1, "rows": 22},
        {"category": "Rugs", "subcategory": "Wool", "metric": "sales", "value": 77, "rows": 2}]
INPUT = {"question": "How did sales do?", "period": "last month", "rows": ROWS}
GOOD = json.dumps({"headline": "Chairs lead", "summary": "Sales of Chairs rose by 20% to 1,200."})
WRONG = json.dumps({"headline": "Chairs lead", "summary": "Sales of Chairs fell by 20% to 1,300."})


def config(*servers, **more):
    made = config_over(*servers, **more)
    made["models"]["summary"] = made["models"].pop("main")
    return made


class Summary(GatewayCase):
    def summary(self, gateway, data=None, **more):
        return gateway.request("/llm/summary", {"template": "summary", "input": data or INPUT, **more})

    def test_only_aggregates_leave_and_the_answer_is_checked(self):
        server = self.server(behaviour(GOOD))
        status, result, _ = self.summary(self.gateway(config(server)))
        self.assertEqual((status, result["json"]["headline"], result["consistency"], result["template_version"]), (200, "Chairs lead", 1.0, "1"), result)
        sent = json.dumps(server.seen[0]["body"]["messages"])
        self.assertIn("Chairs", sent)
        self.assertNotIn("Rugs", sent, "two rows are too few to leave")
        self.assertIn({"guard": "aggregates", "verdict": "reduced", "detail": "1 of 3 groups stand for fewer than 5 rows and were left out"}, result["verdicts"])
        self.assertEqual(server.seen[0]["body"]["response_format"]["type"], "json_schema")

    def test_a_wrong_answer_is_repaired_or_held_back(self):
        server = self.server(behaviour(WRONG), behaviour("I think " + GOOD), behaviour(GOOD), behaviour(WRONG))
        gateway = self.gateway(config(server))
        status, result, _ = self.summary(gateway)
        self.assertEqual((status, result["repair_rounds"], len(server.seen)), (200, 2, 3), result)
        told = server.seen[1]["body"]["messages"][-1]["content"]
        self.assertIn("1,300", told)
        self.assertIn("The direction is not what the data says", told)
        status, result, _ = self.summary(gateway, no_cache=True)
        self.assertEqual((status, result["error"]["code"], len(server.seen)), (403, "blocked", 6))
        self.assertNotIn("1,300", result["error"]["partial"])

    def test_a_drift_of_scores_is_told(self):
        """Twenty good answers set the level; then half of what is said is not in the data, and that is let through. It goes on over a restart."""
        server = self.server()
        server.script = lambda request: behaviour(json.dumps({"summary": "Chairs 1,200, Lamps 450." if len(server.seen) <= 22 else "Chairs 1,200, Lamps 451, Lamps 452."}))
        prompts = self.folder / "one/prompts"
        prompts.mkdir(parents=True)
        summary = {"model": "summary", "input": {"type": "object"}, "data": [{"path": "numbers", "as": "text"}], "instructions": "Say it.", "check_facts": True,
                   "output": {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}}
        (prompts / "say.yaml").write_text(json.dumps({"id": "say", "versions": {"1": summary}}))
        gateway = self.gateway(config(server, prompts="prompts"))

        def ask(number):
            return gateway.request("/llm/summary", {"template": "say", "input": {"numbers": {"Chairs": 1200, "Lamps": 450, "n": number}}})[0]
        self.assertEqual({ask(number) for number in range(22)}, {200})
        self.assertIn('aisle_llm_consistency_out{template="say"} 0', gateway.request("/metrics")[1])
        gateway.stop()
        gateway = self.gateway(config(server, prompts="prompts"))
        self.assertIn('aisle_llm_consistency{template="say"} 1', gateway.request("/metrics")[1], "the chart goes on where it was")
        self.assertEqual({ask(number) for number in range(100, 106)}, {403})
        self.assertIn('aisle_llm_consistency_out{template="say"} 1', gateway.request("/metrics")[1])
        self.assertEqual(gateway.log().count("have become less consistent"), 1)

    def test_refused_inputs_never_leave(self):
        server = self.server(behaviour(GOOD))
        gateway = self.gateway(config(server))
        raw = {"question": "?", "rows": [{"category": "Chairs", "value": 3}]}
        for data, code in ((raw, 403), ({"question": "?"}, 422), ({**INPUT, "orders": [{"id": 1}]}, 403), ({**INPUT, "question": 3}, 422)):
            self.assertEqual(self.summary(gateway, data)[0], code, data)
        self.assertEqual(gateway.request("/llm/summary", {"template": "no-such"})[0], 404)
        self.assertEqual(gateway.request("/llm/summary", {"tmplate": "summary"})[0], 400)
        self.assertEqual(len(server.seen), 0)

    def test_personal_data_is_redacted_and_unsafe_content_held_back(self):
        server = self.server(behaviour("Fine."), behaviour("Take the forbidden elixir."))
        gateway = self.gateway(config_over(server, policy={"refuse": ["forbidden\\s+elixir"]}))
        self.assertEqual(gateway.chat("Write to ann@example.org, card 4111 1111 1111 1111, key sk-abcdefghijklmnopqrstuv")[0], 200)
        self.assertEqual(server.seen[0]["body"]["messages"][0]["content"], "Write to [EMAIL], card [CARD], key [SECRET]")
        status, reply, _ = gateway.chat(user="ann@example.org", tools=[{"type": "function", "function": {"name": "mail", "description": "to ann@example.org"}}])
        self.assertEqual((status, reply["error"]["code"]), (403, "blocked"))
        self.assertNotIn("elixir", json.dumps(reply))
        self.assertNotIn("ann@", json.dumps(server.seen[1]["body"]))

    def test_records_are_hashed_unless_they_may_be_kept(self):
        for kept in (False, True):
            server = self.server(behaviour("Answer."))
            gateway = self.gateway(config_over(server, policy={"record": "kept" if kept else "hashed"}), name=str(kept))
            gateway.chat("A question", headers={"X-Aisle-User": "ann", "X-Aisle-Purpose": "test"})
            gateway.stop()
            with sqlite3.connect(gateway.state / "ai-calls.db") as database:
                row = database.execute("SELECT user, purpose, route, status, cache, input_tokens, output_tokens, input, output FROM calls").fetchone()
            self.assertEqual(row[:7], ("ann", "test", "p0/m0", "ok", "miss", 12, 5))
            self.assertEqual(("A question" in row[7], "Answer." in row[8]), (kept, kept))

    def test_versions_are_released_by_setting_and_tried_by_flag(self):
        server = self.server(behaviour("Fine."))
        prompts = self.folder / "one/prompts"
        prompts.mkdir(parents=True)
        version = {"model": "summary", "input": {"type": "object"}, "data": [], "instructions": "First."}
        (prompts / "note.yaml").write_text(json.dumps({"id": "note", "versions": {"1": version, "2": {**version, "instructions": "Second."}}}))
        made = config(server, prompts="prompts", releases={"note": {"version": "1", "trial": "2", "flag": "half"}}, flags={"half": {"share": 0.5}})
        gateway = self.gateway(made)
        seen = {user: gateway.request("/llm/summary", {"template": "note", "input": {}}, {"X-Aisle-User": user})[1]["template_version"] for user in map(str, range(20))}
        self.assertEqual(set(seen.values()), {"1", "2"})
        made["releases"]["note"] = {"version": "2"}
        gateway.reload(made)
        self.assertEqual(gateway.request("/llm/summary", {"template": "note", "input": {}})[1]["template_version"], "2")


class Queue(GatewayCase):
    def put(self, gateway, question="How did sales do?", **more):
        status, reply, headers = gateway.request("/llm/summary", {"template": "summary", "input": {**INPUT, "question": question}, "async": True, **more})
        self.assertEqual((status, headers["Location"]), (202, f"/llm/async?id={reply['id']}"))
        return reply["id"]

    def wait(self, gateway, job, seconds=20):
        status, reply, _ = gateway.request(f"/llm/async?id={job}&wait={seconds}", timeout=seconds + 10)
        self.assertEqual(status, 200, reply)
        return reply

    def test_result_events_and_series(self):
        server = self.server(behaviour(GOOD, delay=0.3))
        gateway = self.gateway(config(server))
        job = self.put(gateway, series="weekly")
        _, events, _ = gateway.request(f"/llm/async?id={job}", headers={"Accept": "text/event-stream"})
        states = [json.loads(line[6:])["state"] for line in events.splitlines() if line.startswith("data: ")]
        self.assertEqual(states[-1], "done")
        done = self.wait(gateway, job)
        self.assertEqual((done["state"], done["percent"], done["result"]["json"]["headline"]), ("done", 100, "Chairs lead"))
        again = self.put(gateway, series="weekly", no_cache=True)
        self.wait(gateway, again)
        self.assertEqual([entry["id"] for entry in gateway.request("/llm/async?series=weekly")[1]["jobs"]], [again, job])
        self.assertEqual(gateway.request(f"/llm/async?id={job}", headers={"X-Aisle-User": "other"})[0], 404)
        self.assertEqual(gateway.request("/llm/async?id=nothing")[0], 404)

    def test_failures_are_tried_again_and_told(self):
        server = self.server(*[behaviour(status=500)] * 3, behaviour(GOOD))
        gateway = self.gateway(config(server))
        done = self.wait(gateway, self.put(gateway))
        self.assertEqual((done["state"], done["attempts"]), ("done", 2))
        failed = self.wait(gateway, self.put(gateway, version="99"))
        self.assertEqual((failed["state"], failed["error"]["code"]), ("failed", "not_found"))

    def test_accepted_jobs_survive_kill_9(self):
        slow, fast = self.server(behaviour(GOOD, delay=30)), self.server(behaviour(GOOD))
        gateway = self.gateway(config(slow), name="a")
        jobs = [self.put(gateway, f"Question {i}?") for i in range(6)]
        for _ in range(100):
            if slow.seen:
                break
            time.sleep(0.05)
        gateway.stop(signal.SIGKILL)
        with sqlite3.connect(gateway.state / "ai-queue.db") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')").fetchone()[0], 6)
        other = self.gateway(config(fast), name="b", state=str(gateway.state))
        self.assertEqual([self.wait(other, job, 30)["state"] for job in jobs], ["done"] * 6)

    def test_priorities(self):
        server = self.server(behaviour(GOOD, delay=0.25))
        gateway = self.gateway(config(server, queue={"workers": 1}, batch={"size": 1, "wait": "0"}))
        jobs = [self.put(gateway, name, priority=priority) for name, priority in (("first?", "normal"), ("batch?", "batch"), ("normal?", "normal"), ("now?", "interactive"))]
        [self.wait(gateway, job) for job in jobs]
        order = [next(word for word in ("first?", "batch?", "normal?", "now?") if word in json.dumps(request["body"])) for request in server.seen]
        self.assertEqual(order[1:], ["now?", "normal?", "batch?"])

    def test_what_may_wait_is_sent_together(self):
        def script(request):
            text = json.dumps(request["body"]["messages"])
            n = sum(f"Item {i}:" in text for i in range(1, 9))
            if n == 0:
                return behaviour(GOOD)
            return behaviour(json.dumps({"answers": [{"item": i + 1, "answer": json.loads(GOOD if i != 1 else WRONG)} for i in range(n)]}))
        server = self.server()
        server.script = script
        gateway = self.gateway(config(server, batch={"size": 4, "wait": "3s"}))
        jobs = [self.put(gateway, f"Question {i}?", priority="batch") for i in range(4)]
        results = [self.wait(gateway, job)["result"] for job in jobs]
        self.assertEqual([result["json"]["summary"] for result in results], [json.loads(GOOD)["summary"]] * 4)
        self.assertEqual([result.get("batch") for result in results], [4, None, 4, 4], "the wrong one was asked again by itself")
        self.assertEqual(len(server.seen), 2)


NODE = """
import OpenAI from 'openai';
const client = new OpenAI({ baseURL: process.argv[2] + '/v1', apiKey: 'any', maxRetries: 0 });
const messages = [{ role: 'user', content: 'Hi' }];
const whole = await client.chat.completions.create({ model: 'main', messages });
let text = '', usage;
for await (const chunk of await client.chat.completions.create({ model: 'main', messages, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
let code = '';
try { await client.chat.completions.create({ model: 'none', messages }); } catch (error) { code = error.constructor.name; }
const vectors = await client.embeddings.create({ model: 'main', input: ['abc'] });
const models = []; for await (const model of client.models.list()) models.push(model.id);
console.log(JSON.stringify([whole.choices[0].message.content, text, usage.completion_tokens, code, vectors.data[0].embedding.length, models]));
"""


class NodeClient(GatewayCase):
    def test_openai_for_node(self):
        packages = ROOT / ".deps/clients/node_modules"
        if not (packages / "openai").is_dir() or shutil.which("node") is None:
            self.skipTest("the OpenAI client for Node is not installed (scripts/setup.sh test)")
        gateway = self.gateway(config_over(self.server(behaviour("Hello you."))))
        (self.folder / "node_modules").symlink_to(packages)
        (self.folder / "client.mjs").write_text(NODE)
        done = subprocess.run(["node", "client.mjs", gateway.url], cwd=self.folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), ["Hello you.", "Hello you.", 5, "NotFoundError", 3, ["main"]])


if __name__ == "__main__":
    unittest.main()
