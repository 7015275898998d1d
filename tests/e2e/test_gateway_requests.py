"""What callers ask for that not every provider can do: mapped, enforced by the gateway, given to another route, or refused in words, and
never at the cost of the route. Files that the configuration names are read again when they change.
"""
import json
import time
import unittest

from gateway import URLS, GatewayCase, config_over, vendor_clients
from model_server import behaviour

PIXEL = "data:image/png;base64,iVBORw0KGgo="
CLIENTS = vendor_clients()


def image(address):
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": address}}]}]


class Requests(GatewayCase):
    def send(self, gateway, **more):
        return gateway.request("/v1/chat/completions", {"model": "main", "messages": [{"role": "user", "content": "Hi"}], **more})

    def content(self, answer):
        self.assertEqual(answer[0], 200, answer[1])
        return answer[1]["choices"][0]["message"]["content"]

    def test_what_a_provider_cannot_do_is_said_and_does_not_break_its_route(self):
        for kind in ("anthropic", "gemini"):
            server = self.server(behaviour("Fine."))
            gateway = self.gateway(config_over(server, kind=kind), name=kind)
            for field, value in (("n", 2), ("logprobs", True), ("top_logprobs", 3), ("functions", [{"name": "f"}]), ("logit_bias", {"50256": -100}),
                                 ("modalities", ["text", "audio"]), ("tools", [{"type": "custom", "custom": {"name": "x"}}])):
                for _ in range(2):
                    status, reply, _ = self.send(gateway, **{field: value})
                    self.assertEqual((status, reply["error"]["type"]), (400, "invalid_request_error"), (kind, field))
                    self.assertIn({"tools": "function", "n": "leave out n"}.get(field, field), reply["error"]["message"])
            self.assertEqual(len(server.seen), 0)
            nothing = {"n": 1, "logprobs": False, "logit_bias": {}, "modalities": ["text"], "functions": [], "seed": 7, "parallel_tool_calls": True}
            self.assertEqual(self.content(self.send(gateway, **nothing)), "Fine.", "asking for nothing is no request")

    def test_another_route_does_it(self):
        first, second = self.server(), self.server(behaviour("Two.", others=["Three."]))
        config = config_over(first, second, kind="anthropic")
        config["providers"]["p1"] = {**config["providers"]["p1"], "type": "openai", "url": second.url + "/v1"}
        gateway = self.gateway(config)
        for _ in range(8):
            status, reply, _ = self.send(gateway, n=2)
            self.assertEqual((status, [choice["message"]["content"] for choice in reply["choices"]]), (200, ["Two.", "Three."]))
        self.assertEqual(self.content(self.send(gateway)), "Hello there.", "the first is still asked what it can do")

    def test_images(self):
        for kind in URLS:
            server = self.server(behaviour("A pixel."))
            gateway = self.gateway(config_over(server, kind=kind), name=kind)
            self.assertEqual(self.content(self.send(gateway, messages=image(PIXEL))), "A pixel.")
            self.assertIn("iVBORw0KGgo=", json.dumps(server.seen[0]["body"]))
            status, reply, _ = self.send(gateway, messages=image("https://example.com/a.png"))
            self.assertEqual(status, 400 if kind == "gemini" else 200, reply)
            self.assertIn("data: URLs", reply["error"]["message"]) if kind == "gemini" else self.assertIn("https://example.com/a.png", json.dumps(server.seen[1]["body"]))

    def test_any_json_is_json_without_its_fence(self):
        for kind in URLS:
            server = self.server(behaviour("Here you are: {}"), behaviour('```json\n{"a": 1}\n```'), behaviour("[1]"))
            gateway = self.gateway(config_over(server, kind=kind), name=kind)
            self.assertEqual(json.loads(self.content(self.send(gateway, response_format={"type": "json_object"}))), {"a": 1})
            self.assertEqual(len(server.seen), 2)
            self.assertIn("json", json.dumps(server.seen[0]["body"]).lower())
            status, reply, _ = self.send(gateway, response_format={"type": "json_object"})
            self.assertEqual((status, reply["error"]["code"]), (403, "blocked"))

    def test_what_is_cut_off_is_not_asked_again(self):
        server = self.server(behaviour('{"a": ', finish="length"))
        status, reply, _ = self.send(self.gateway(config_over(server)), response_format={"type": "json_object"})
        self.assertEqual((status, len(server.seen)), (403, 1))
        self.assertIn("cut off", reply["error"]["message"])

    def test_every_choice_and_what_comes_with_tools_is_judged(self):
        tools = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]
        server = self.server(behaviour("Good.", others=["Take the forbidden elixir."]), behaviour("", tools=[("note", {"text": "the forbidden elixir"})]),
                             behaviour("", tools=[("note", {"text": "water"})]))
        gateway = self.gateway(config_over(server, policy={"refuse": ["forbidden\\s+elixir"]}))
        for more in ({"n": 2}, {"tools": tools}):
            status, reply, _ = self.send(gateway, **more)
            self.assertEqual((status, reply["error"]["code"]), (403, "blocked"), more)
            self.assertNotIn("elixir", json.dumps(reply))
        self.assertEqual(self.send(gateway, tools=tools)[1]["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "note")
        schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "required": ["a"]}}}
        server = self.server(behaviour('{"a": 1}', others=['{"b": 1}']), behaviour('{"a": 1}', others=['{"a": 2}']))
        status, reply, _ = self.send(self.gateway(config_over(server), name="two"), n=2, response_format=schema)
        self.assertEqual((status, [json.loads(choice["message"]["content"])["a"] for choice in reply["choices"]]), (200, [1, 2]))

    def test_the_limit_has_the_name_that_the_model_takes(self):
        for model, name in (("o3-mini", "max_completion_tokens"), ("gpt-5", "max_completion_tokens"), ("gpt-4o", "max_tokens"), ("llama", "max_tokens")):
            server = self.server()
            config = config_over(server, budgets=[{"company": "*", "limit": 100}])
            config["models"]["main"]["routes"][0]["model"] = model
            gateway = self.gateway(config, name=model)
            self.content(self.send(gateway))
            self.content(self.send(gateway, max_tokens=7))
            self.assertEqual([({"max_tokens", "max_completion_tokens"} & set(request["body"]), request["body"].get(name)) for request in server.seen], [({name}, 100), ({name}, 7)])

    def test_the_wait_that_a_body_asks_for(self):
        server = self.server(behaviour(status=429, error="You exceeded your current quota", retry_delay="1.2s"), behaviour("Later."))
        self.assertEqual(self.content(self.send(self.gateway(config_over(server, kind="gemini")))), "Later.")
        self.assertGreaterEqual(server.seen[1]["at"] - server.seen[0]["at"], 1.15)

    def wait_for(self, condition):
        for _ in range(200):
            if condition():
                return
            time.sleep(0.1)
        self.fail("it did not come")

    def test_files_that_the_configuration_names(self):
        server = self.server()
        folder = self.folder / "one"
        (folder / "prompts").mkdir(parents=True)
        (folder / "prices.yaml").write_text('prices: [{model: m0, input: 1, output: 1}]')
        gateway = self.gateway(config_over(server, prices="prices.yaml", prompts="prompts"))
        self.assertEqual(self.send(gateway)[2]["x-aisle-cost"], "0.000017")
        (folder / "prices.yaml").write_text('prices: [{model: m0, input: 100, output: 100}]')
        self.wait_for(lambda: self.send(gateway)[2]["x-aisle-cost"] == "0.0017")
        (folder / "prices.yaml").write_text("prices: [{model: m0, input: dear}]")
        self.wait_for(lambda: self.send(gateway) and "is not used" in gateway.log())
        self.assertEqual(self.send(gateway)[2]["x-aisle-cost"], "0.0017", "the old ones stand")
        (folder / "prices.yaml").write_text('prices: [{model: m0, input: 100, output: 100}]')
        (folder / "prompts/bad.yaml").write_text("id: bad\nversions: {1: {model: 3}}")
        self.wait_for(lambda: self.send(gateway) and "bad.yaml" in gateway.log())
        time.sleep(2.2)
        self.send(gateway)
        self.assertEqual(gateway.log().count("bad.yaml"), 1, "it is told once")


@unittest.skipUnless(CLIENTS, "the vendors' clients are not installed (scripts/setup.sh test)")
class ClientErrors(GatewayCase):
    def test_each_failure_has_its_class(self):
        import openai
        server = self.server()
        config = config_over(server, timeout="600ms", keys=[{"env": "ANN_KEY", "user": "ann"}, {"env": "BOB_KEY", "user": "bob", "models": ["none"]}, {"env": "EVA_KEY", "user": "eva"}],
                             budgets=[{"user": "bob", "limit": 0}, {"user": "ann", "limit": 2, "unit": "requests", "per": "day"}])
        config["models"]["main"]["retries"] = 0
        gateway = self.gateway(config, environment={"ANN_KEY": "key-of-ann", "BOB_KEY": "key-of-bob", "EVA_KEY": "key-of-eva"})

        def ask(key="key-of-ann", timeout=20, **more):
            client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=key, max_retries=0, timeout=timeout)
            return client.chat.completions.create(**{"model": "main", "messages": [{"role": "user", "content": "Hi"}], **more})
        for error, more in ((openai.AuthenticationError, {"key": "other"}), (openai.PermissionDeniedError, {"key": "key-of-bob"}), (openai.NotFoundError, {"model": "none"}),
                            (openai.BadRequestError, {"max_tokens": -3}), (openai.BadRequestError, {"messages": []})):
            with self.assertRaises(error, msg=more) as caught:
                ask(**more)
            self.assertTrue(caught.exception.body["message"], "it says why")
        for what, error in ((behaviour(status=500), openai.InternalServerError), (behaviour(delay=3), openai.InternalServerError)):
            server.script = lambda request, what=what: what
            with self.assertRaises(error):
                ask()
        server.script = lambda request: behaviour(delay=3)
        with self.assertRaises(openai.APITimeoutError):
            ask("key-of-eva", timeout=0.2)
        with self.assertRaises(openai.RateLimitError) as caught:
            ask()
        self.assertEqual((caught.exception.code, caught.exception.type), ("budget_exceeded", "insufficient_quota"))
        self.assertGreater(int(caught.exception.response.headers["Retry-After"]), 0)

    def test_streams_and_parallel_tools(self):
        import openai
        tools = [{"type": "function", "function": {"name": "get", "parameters": {"type": "object", "properties": {"m": {"type": "integer"}}}}}]
        for kind in URLS:
            server = self.server()
            server.script = lambda request: behaviour("", tools=[("get", {"m": 1}), ("get", {"m": 2}), ("get", {"m": 3})]) if "tools" in request["body"] else behaviour("One two three.")
            gateway = self.gateway(config_over(server, kind=kind), name=kind)
            client = openai.OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0)
            ask = {"model": "main", "messages": [{"role": "user", "content": "Hi"}]}
            with client.chat.completions.stream(**ask, tools=tools, stream_options={"include_usage": True}) as stream:
                whole = stream.get_final_completion()
            self.assertEqual([json.loads(call.function.arguments) for call in whole.choices[0].message.tool_calls], [{"m": 1}, {"m": 2}, {"m": 3}], kind)
            self.assertEqual(len({call.id for call in whole.choices[0].message.tool_calls}), 3)
            self.assertEqual((whole.choices[0].finish_reason, whole.usage.completion_tokens), ("tool_calls", 5))
            with client.chat.completions.stream(**ask) as stream:
                self.assertEqual(stream.get_final_completion().choices[0].message.content, "One two three.")

    def test_nested_schemas(self):
        import openai
        import pydantic

        class Row(pydantic.BaseModel):
            name: str
            value: float | None

        class Table(pydantic.BaseModel):
            title: str
            rows: list[Row]
        good = {"title": "Sales", "rows": [{"name": "Chairs", "value": 1.5}, {"name": "Lamps", "value": None}]}
        server = self.server(behaviour(json.dumps({**good, "rows": [{"name": 3}]})), behaviour("```\n" + json.dumps(good) + "\n```"))
        client = openai.OpenAI(base_url=self.gateway(config_over(server)).url + "/v1", api_key="any", max_retries=0)
        reply = client.chat.completions.parse(model="main", messages=[{"role": "user", "content": "Hi"}], response_format=Table)
        self.assertEqual((reply.choices[0].message.parsed.model_dump(), len(server.seen)), (good, 2))


if __name__ == "__main__":
    unittest.main()
