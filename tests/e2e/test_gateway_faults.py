"""The gateway when providers fail: retries, Retry-After, deadlines, breaker, failover before and in mid-stream, hedging,
cancelling, cache and what is left when nobody answers.
"""
import http.client
import json
import sqlite3
import threading
import time
import unittest

from gateway import GatewayCase, config_over, provider
from model_server import behaviour

LONG = "one two three four five six seven eight nine ten"


class Faults(GatewayCase):
    def over(self, *servers, **more):
        return self.gateway(config_over(*servers, **more))

    def content(self, answer):
        self.assertEqual(answer[0], 200, answer[1])
        return answer[1]["choices"][0]["message"]["content"]

    def test_retry_after_is_honoured(self):
        server = self.server(behaviour(status=429, retry_after=1), behaviour("Later."))
        self.assertEqual(self.content(self.over(server).chat()), "Later.")
        self.assertGreaterEqual(server.seen[1]["at"] - server.seen[0]["at"], 0.95)

    def test_a_long_retry_after_is_not_waited_for_when_there_is_another(self):
        first, second = self.server(behaviour(status=429, retry_after=60)), self.server(behaviour("Mine."))
        gateway = self.over(first, second)
        self.assertEqual(self.content(gateway.chat()), "Mine.")
        self.assertEqual(self.content(gateway.chat()), "Mine.")
        self.assertEqual(len(first.seen), 1, "it is left alone for as long as it asked")

    def test_everybody_at_the_limit_is_429_with_retry_after(self):
        status, reply, headers = self.over(self.server(behaviour(status=429, retry_after=40))).chat()
        self.assertEqual((status, reply["error"]["code"]), (429, "rate_limited"))
        self.assertGreater(int(headers["Retry-After"]), 30)

    def test_server_errors_are_tried_again_then_passed_over(self):
        first, second = self.server(behaviour(status=500)), self.server(behaviour("Mine."))
        self.assertEqual(self.content(self.over(first, second).chat()), "Mine.")
        self.assertEqual((len(first.seen), len(second.seen)), (3, 1))

    def test_a_bad_key_is_not_tried_twice(self):
        first, second = self.server(behaviour(status=401)), self.server(behaviour("Mine."))
        self.assertEqual(self.content(self.over(first, second).chat()), "Mine.")
        self.assertEqual(len(first.seen), 1)

    def test_malformed_and_cut_replies(self):
        for what in (behaviour(malformed=True), behaviour(cut_after=0)):
            second = self.server(behaviour("Mine."))
            self.assertEqual(self.content(self.gateway(config_over(self.server(what), second), name=str(len(what)) + "x" * ("cut_after" in what)).chat()), "Mine.")

    def test_nobody_listens_and_no_such_host(self):
        second = self.server(behaviour("Mine."))
        config = config_over(second, second, second)
        config["providers"]["p0"]["url"] = "http://127.0.0.1:9/v1"
        config["providers"]["p1"]["url"] = "http://no-such-host.invalid/v1"
        self.assertEqual(self.content(self.gateway(config).chat()), "Mine.")

    def test_kept_connections_that_the_provider_closes(self):
        server = self.server(behaviour("Still here.", hang_up=True))
        gateway = self.over(server)
        for pause in (0, 0.2, 0, 0, 0.2, 0):
            time.sleep(pause)
            self.assertEqual(self.content(gateway.chat()), "Still here.")
        self.assertEqual(len(server.seen), 6)

    def test_breaker_leaves_a_broken_route_alone(self):
        first, second = self.server(behaviour(status=500)), self.server(behaviour("Mine."))
        gateway = self.over(first, second)
        for _ in range(6):
            self.content(gateway.chat())
        self.assertLess(len(first.seen), 8)

    def test_deadline(self):
        gateway = self.over(self.server(behaviour(delay=5)), timeout="700ms")
        started = time.monotonic()
        status, reply, _ = gateway.chat()
        self.assertEqual((status, reply["error"]["code"]), (504, "timeout"))
        self.assertLess(time.monotonic() - started, 4)

    def test_silence_is_failed_over(self):
        second = self.server(behaviour("Mine."))
        config = config_over(self.server(behaviour(delay=3)), second, first_token_timeout="300ms")
        config["models"]["main"]["retries"] = 0
        self.assertEqual(self.content(self.gateway(config).chat()), "Mine.")

    def test_hedging_takes_the_first_answer_and_cancels_the_other(self):
        slow, fast = self.server(behaviour("Slow.", delay=3)), self.server(behaviour("Fast."))
        config = config_over(slow, fast)
        config["models"]["main"]["hedge_after"] = "150ms"
        started = time.monotonic()
        self.assertEqual(self.content(self.gateway(config).chat()), "Fast.")
        self.assertLess(time.monotonic() - started, 2.5)
        self.assertEqual((len(slow.seen), len(fast.seen)), (1, 1))

    def test_a_hedged_call_is_paid_once(self):
        slow, fast = self.server(behaviour("Slow.", delay=20)), self.server(behaviour("Fast."))
        folder = self.folder / "one"
        folder.mkdir()
        (folder / "prices.yaml").write_text('prices: [{model: m0, input: 1000000, output: 1000000}, {model: m1, input: 1000000, output: 1000000}]')
        config = config_over(slow, fast, prices="prices.yaml", budgets=[{"company": "*", "limit": 100000}])
        config["models"]["main"]["hedge_after"] = "150ms"
        gateway = self.gateway(config)
        answer = gateway.chat()
        self.assertEqual((self.content(answer), answer[2]["x-aisle-cost"]), ("Fast.", "17.00"))
        gateway.stop()
        with sqlite3.connect(gateway.state / "ai-budget.db") as database:
            self.assertEqual(database.execute("SELECT spent / 1000000000, reserved FROM ledger").fetchall(), [(17, 0)])

    def test_stream_fails_over_before_the_first_token(self):
        text, chunks = self.over(self.server(behaviour(status=503)), self.server(behaviour(LONG))).stream()
        self.assertEqual(text, LONG)
        self.assertFalse(any("aisle" in chunk for chunk in chunks))

    def test_broken_stream_is_continued_and_says_so(self):
        first, second = self.server(behaviour(LONG, cut_after=5)), self.server(behaviour("five six seven eight nine ten"))
        config = config_over(first, second)
        config["models"]["main"]["retries"] = 0
        text, chunks = self.gateway(config).stream()
        self.assertEqual(text, LONG)
        self.assertEqual(sum("aisle" in chunk for chunk in chunks), 1)
        messages = second.seen[0]["body"]["messages"]
        self.assertEqual((messages[-2]["role"], messages[-2]["content"]), ("assistant", "one two three four "))

    def test_broken_stream_without_another_ends_in_an_error(self):
        config = config_over(self.server(behaviour(LONG, cut_after=5)))
        config["models"]["main"].update({"retries": 0, "continue": False})
        text, chunks = self.gateway(config).stream()
        self.assertEqual(text, "one two three four ")
        self.assertEqual(chunks[-1]["error"]["code"], "upstream")

    def test_slow_drip_arrives_in_pieces_and_endless_ends(self):
        gateway = self.over(self.server(behaviour(LONG, drip=0.05)))
        self.assertEqual(gateway.stream()[0], LONG)
        config = config_over(self.server(behaviour(endless=True)), policy={"max_output_bytes": 20000})
        config["models"]["main"]["retries"] = 0
        text, chunks = self.gateway(config, name="endless").stream()
        self.assertLess(len(text), 300000)
        self.assertIn("error", chunks[-1])

    def test_who_leaves_stops_the_provider(self):
        server = self.server(behaviour(LONG * 100, drip=0.02))
        gateway = self.over(server)
        connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"))
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "main", "stream": True, "messages": [{"role": "user", "content": "x"}]}),
                           {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read(50)
        reply.close()
        connection.close()
        for _ in range(100):
            if server.broken:
                break
            time.sleep(0.05)
        self.assertGreaterEqual(server.broken, 1)
        self.assertEqual(gateway.request("/health")[0], 200)

    def test_cache_and_the_same_call_in_flight(self):
        server = self.server(behaviour("Once.", delay=0.4))
        gateway = self.over(server)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(gateway.chat("Same?", temperature=0))) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual([self.content(answer) for answer in answers], ["Once."] * 8)
        self.assertEqual(len(server.seen), 1)
        self.assertEqual(sorted({answer[2]["x-aisle-cache"] for answer in answers}), ["joined", "miss"])
        self.assertEqual(gateway.chat("Same?", temperature=0)[2]["x-aisle-cache"], "hit")
        self.assertEqual(gateway.stream("Same?", temperature=0)[0], "Once.")
        self.assertEqual(gateway.chat("Same?", temperature=0, headers={"X-Aisle-User": "other"})[2]["x-aisle-cache"], "miss")
        self.assertEqual(gateway.chat("Same?")[2]["x-aisle-cache"], "miss")

    def test_last_good_result_when_all_fail(self):
        server = self.server(behaviour("Good."), behaviour(status=500))
        gateway = self.over(server, cache={"keep": "1s"})
        self.content(gateway.chat("Same?", temperature=0))
        time.sleep(1.1)
        status, reply, headers = gateway.chat("Same?", temperature=0)
        self.assertEqual((status, headers["x-aisle-cache"]), (200, "stale"), reply)

    def test_weights_flags_tiers_and_reload(self):
        one, two = self.server(behaviour("One.")), self.server(behaviour("Two."))
        config = config_over(one, two)
        config["models"]["main"] = {"routes": [{"provider": "p0", "model": "a", "weight": 3}, {"provider": "p1", "model": "b", "weight": 1}]}
        gateway = self.gateway(config)
        for _ in range(80):
            gateway.chat()
        self.assertTrue(5 <= len(two.seen) <= 38, len(two.seen))
        config["flags"] = {"new": {"share": 0.5}}
        config["models"]["main"] = {"routes": [{"provider": "p0", "model": "a"}, {"provider": "p1", "model": "b", "flag": "new"}]}
        gateway.reload(config)
        sides = {user: {self.content(gateway.chat(headers={"X-Aisle-User": user})) for _ in range(3)} for user in map(str, range(24))}
        self.assertEqual({len(side) for side in sides.values()}, {1}, "each caller stays on one side")
        self.assertEqual({text for side in sides.values() for text in side}, {"One.", "Two."})
        config["models"]["main"] = {"tiers": {"simple": {"routes": [{"provider": "p0", "model": "a"}]}, "complex": {"routes": [{"provider": "p1", "model": "b"}]}}}
        gateway.reload(config)
        self.assertEqual((self.content(gateway.chat("short")), self.content(gateway.chat("long " * 5000))), ("One.", "Two."))
        gateway.path.write_text("models: {main: {routs: []}}")
        time.sleep(1.2)
        self.assertEqual(self.content(gateway.chat("short")), "One.", "a configuration with a mistake changes nothing")
        self.assertIn("there is no 'routs' here", gateway.log() if gateway.chat() else "")

    def test_regions(self):
        """A call that names a region, or whose key does, is answered there or not at all; later jobs and the cache keep to it."""
        far, near = self.server(behaviour("Far.")), self.server(behaviour("Near."))
        config = config_over(far, near)
        config["providers"]["p1"]["region"] = "eu"
        config["keys"] = [{"env": "EU_KEY", "user": "eva", "region": "eu"}, {"env": "ANY_KEY", "user": "ann"}]
        gateway = self.gateway(config, environment={"EU_KEY": "key of eva", "ANY_KEY": "key of ann"})
        eva, ann = {"Authorization": "Bearer key of eva"}, {"Authorization": "Bearer key of ann"}
        self.assertEqual([self.content(gateway.chat(headers=who, temperature=0)) for who in (ann, {**ann, "X-Aisle-Region": "eu"}, eva, {**eva, "X-Aisle-Region": "us"})],
                         ["Far.", "Near.", "Near.", "Near."])
        status, reply, _ = gateway.chat(headers={**ann, "X-Aisle-Region": "mars"})
        self.assertEqual((status, reply["error"]["code"]), (404, "unsupported"))
        status, job, _ = gateway.request("/llm/summary", {"messages": [{"role": "user", "content": "Later."}], "model": "main", "async": True, "region": "us"}, eva)
        self.assertEqual(status, 202)
        self.assertEqual(gateway.request(f"/llm/async?id={job['id']}&wait=30", headers=eva)[1]["result"]["text"], "Near.")

    def test_keys(self):
        import hashlib
        server = self.server()
        digest = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("alpha", "beta")}
        gateway = self.over(server, keys=[{"sha256": digest["alpha"], "company": "acme", "team": "bi", "user": "ann", "models": ["main"]},
                                          {"sha256": digest["beta"], "models": ["other"]}])
        self.assertEqual(gateway.chat()[0], 401)
        self.assertEqual(gateway.chat(headers={"Authorization": "Bearer gamma"})[0], 401)
        self.assertEqual(gateway.chat(headers={"Authorization": "Bearer alpha"})[0], 200)
        self.assertEqual(gateway.chat(headers={"Authorization": "Bearer beta"})[0], 403)

    def test_hostile_requests(self):
        gateway = self.over(self.server())
        for body in (b"", b"{", b"[]", b'{"model": "main"}', b'{"model": "main", "messages": []}', b'{"model": 1, "messages": [{"role": "user"}]}',
                     b'{"model": "main", "messages": [{"content": "x"}]}', b'{"model":"main","messages":[{"role":"user","content":"x"}],"max_tokens":-1}',
                     b"[" * 100000, b'{"model": "main", "messages": [{"role": "user", "content": "\xff"}]}'):
            status, reply, _ = gateway.request("/v1/chat/completions", body)
            self.assertEqual(status, 400, body[:60])
            self.assertIn("message", reply["error"])
        self.assertEqual(gateway.request("/v1/chat/completions")[0], 405)
        self.assertEqual(gateway.request("/v1/chat/completions", b"x" * (17 << 20))[0], 413)
        self.assertEqual(gateway.chat("word " * 200000)[0], 413)
        self.assertEqual(gateway.chat()[0], 200)


if __name__ == "__main__":
    unittest.main()
