"""One conformance suite over every provider: what goes in as OpenAI's form comes out the same, whoever is behind."""
import json
import sqlite3
import unittest

from gateway import URLS, GatewayCase, config_over, provider, vendor_clients
from model_server import KEY, behaviour

TOOLS = [{"type": "function", "function": {"name": "get_sales", "description": "sales of a month",
                                           "parameters": {"type": "object", "properties": {"month": {"type": "string"}}, "required": ["month"]}}}]
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"], "additionalProperties": False}
CLIENTS = vendor_clients()


def over_each(test):
    def run(self):
        for kind in URLS:
            with self.subTest(provider=kind):
                test(self, kind)
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class Conformance(GatewayCase):
    def start(self, kind, *script, **more):
        server = self.server(*script)
        return server, self.gateway(config_over(server, kind=kind, **more), name=f"{kind}{id(server)}")

    @over_each
    def test_text(self, kind):
        server, gateway = self.start(kind, behaviour("Sales rose.", usage=(20, 7), cached=8))
        status, reply, headers = gateway.request("/v1/chat/completions", {
            "model": "main", "max_tokens": 50, "temperature": 0.5, "stop": ["END"],
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "How did sales do?"}]}]})
        self.assertEqual(status, 200, reply)
        choice = reply["choices"][0]
        self.assertEqual((choice["message"]["role"], choice["message"]["content"], choice["finish_reason"]), ("assistant", "Sales rose.", "stop"))
        self.assertEqual((reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"]), (20, 7))
        self.assertEqual(reply["usage"]["prompt_tokens_details"]["cached_tokens"], 8)
        self.assertEqual(headers["x-aisle-route"], "p0/m0")
        sent = json.dumps(server.seen[0]["body"])
        for word in ("Be brief.", "How did sales do?", "END", "50"):
            self.assertIn(word, sent)
        self.assertEqual("0.5" in sent, kind != "anthropic")

    @over_each
    def test_stream(self, kind):
        _, gateway = self.start(kind, behaviour("Sales of lamps rose — by 5 %.", usage=(20, 7)))
        text, chunks = gateway.stream(stream_options={"include_usage": True})
        self.assertEqual(text, "Sales of lamps rose — by 5 %.")
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)
        self.assertEqual([c["choices"][0]["finish_reason"] for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]], ["stop"])
        self.assertEqual(chunks[-1]["usage"]["completion_tokens"], 7)

    @over_each
    def test_tools(self, kind):
        call = behaviour("", tools=[("get_sales", {"month": "2024-03"}), ("get_sales", {"month": "2024-04"})])
        server, gateway = self.start(kind, call, call, behaviour("It was 12."))
        status, reply, _ = gateway.chat("Sales?", tools=TOOLS, tool_choice="required")
        self.assertEqual(status, 200, reply)
        calls = reply["choices"][0]["message"]["tool_calls"]
        self.assertEqual(reply["choices"][0]["finish_reason"], "tool_calls")
        self.assertEqual([(c["function"]["name"], json.loads(c["function"]["arguments"])["month"]) for c in calls],
                         [("get_sales", "2024-03"), ("get_sales", "2024-04")])
        _, chunks = gateway.stream("Sales?", tools=TOOLS)
        pieces = {}
        for chunk in chunks:
            for choice in chunk.get("choices", []):
                for part in choice["delta"].get("tool_calls", []):
                    one = pieces.setdefault(part["index"], ["", ""])
                    one[0] += part["function"].get("name") or ""
                    one[1] += part["function"].get("arguments") or ""
        self.assertEqual({i: (name, json.loads(text)) for i, (name, text) in pieces.items()},
                         {0: ("get_sales", {"month": "2024-03"}), 1: ("get_sales", {"month": "2024-04"})})
        status, reply, _ = gateway.request("/v1/chat/completions", {"model": "main", "tools": TOOLS, "messages": [
            {"role": "user", "content": "Sales?"}, {"role": "assistant", "content": None, "tool_calls": calls},
            *[{"role": "tool", "tool_call_id": c["id"], "content": "12 of " + c["function"]["arguments"]} for c in calls]]})
        self.assertEqual((status, reply["choices"][0]["message"]["content"]), (200, "It was 12."))
        sent = json.dumps(server.seen[-1]["body"])
        self.assertIn("2024-04", sent)
        self.assertEqual(sent.count("12 of "), 2)

    @over_each
    def test_structured_output(self, kind):
        server, gateway = self.start(kind, behaviour('{"answer": 42}'))
        status, reply, _ = gateway.chat("?", response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}})
        self.assertEqual((status, json.loads(reply["choices"][0]["message"]["content"])), (200, {"answer": 42}))
        self.assertIn('"additionalProperties": false', json.dumps(server.seen[0]["body"]))

    @over_each
    def test_wrong_structure_is_repaired_twice_at_most(self, kind):
        server, gateway = self.start(kind, behaviour("no json"), behaviour('{"answer": "x"}'), behaviour('{"answer": 1}'), behaviour("never"))
        form = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
        status, reply, _ = gateway.chat("?", response_format=form)
        self.assertEqual((status, reply["choices"][0]["message"]["content"], len(server.seen)), (200, '{"answer": 1}', 3))
        self.assertIn("must be of type integer", json.dumps(server.seen[2]["body"]))
        status, reply, _ = gateway.chat("?", response_format=form)
        self.assertEqual((status, reply["error"]["code"], len(server.seen)), (403, "blocked", 6))

    @over_each
    def test_stop_reasons(self, kind):
        for reason in ("stop", "length", "content_filter"):
            _, gateway = self.start(kind, behaviour("x", finish=reason))
            self.assertEqual(gateway.chat()[1]["choices"][0]["finish_reason"], reason)
            self.assertIn(reason, [c["choices"][0]["finish_reason"] for c in gateway.stream()[1] if c["choices"]])

    @over_each
    def test_refused_request(self, kind):
        server, gateway = self.start(kind, behaviour(status=400, error="messages are wrong"))
        status, reply, _ = gateway.chat()
        self.assertEqual((status, reply["error"]["type"], len(server.seen)), (400, "invalid_request_error", 1))
        self.assertIn("messages are wrong", reply["error"]["message"])

    @over_each
    def test_expired_key(self, kind):
        server = self.server()
        gateway = self.gateway(config_over(server, kind=kind), name=kind, environment={"PROVIDER_KEY": "old"})
        status, reply, _ = gateway.chat()
        self.assertEqual((status, reply["error"]["code"], len(server.seen)), (502, "upstream", 1))
        self.assertNotIn("key", reply["error"]["message"])

    @over_each
    def test_too_many_requests(self, kind):
        server, gateway = self.start(kind, behaviour(status=429, retry_after=0), behaviour(status=503), behaviour("At last."))
        status, reply, _ = gateway.chat()
        self.assertEqual((status, reply["choices"][0]["message"]["content"], len(server.seen)), (200, "At last.", 3))

    @over_each
    def test_what_does_not_change_stands_first(self, kind):
        """So that the provider's own cache has it: two requests of a template differ only behind it, and Anthropic is told where it ends."""
        server, gateway = self.start(kind, behaviour(json.dumps({"headline": "Fine", "summary": "All is well."})))
        config = json.loads(gateway.path.read_text())
        config["models"]["summary"] = config["models"]["main"]
        gateway.reload(config)
        for question in ("How did sales do?", "What else is there to say?"):
            status, reply, _ = gateway.request("/llm/summary", {"template": "summary", "input": {"question": question, "period": "May", "rows": []}})
            self.assertEqual(status, 200, reply)
        one, two = ([*self.static_part(kind, request["body"])] for request in server.seen)
        self.assertEqual(one[0], two[0])
        self.assertGreater(len(one[0]), 500)
        self.assertNotIn("How did sales do?", one[0])
        self.assertNotEqual(one[1], two[1])
        if kind == "anthropic":
            self.assertEqual(server.seen[0]["body"]["system"][-1]["cache_control"], {"type": "ephemeral"})
            gateway.chat("Sales?", tools=TOOLS)
            self.assertEqual(server.seen[-1]["body"]["tools"][-1]["cache_control"], {"type": "ephemeral"})

    def static_part(self, kind, body):
        """What stands before the caller's words, and the rest."""
        if kind == "anthropic":
            return json.dumps(body["system"]), json.dumps(body["messages"])
        if kind == "gemini":
            return json.dumps(body["systemInstruction"]), json.dumps(body["contents"])
        self.assertEqual([message["role"] for message in body["messages"]], ["system", "user"])
        return json.dumps(body["messages"][0]), json.dumps(body["messages"][1:])

    @over_each
    def test_cached_tokens_cost_less_and_are_counted(self, kind):
        """20 tokens in, of which the provider's cache had 8 at a quarter of the price; Anthropic kept 4 for a quarter more."""
        folder = self.folder / kind
        folder.mkdir()
        (folder / "prices.yaml").write_text(json.dumps({"prices": [{"model": "m0", "input": 1_000_000, "cached_input": 250_000, "output": 1_000_000}]}))
        server = self.server(behaviour("Fine.", usage=(20, 5), cached=8, kept=4))
        gateway = self.gateway(config_over(server, kind=kind, prices="prices.yaml", budgets=[{"company": "*", "limit": 5000}]), name=kind)
        self.assertEqual(gateway.chat()[0], 200)
        self.assertEqual(gateway.stream()[0], "Fine.")
        gateway.stop()
        with sqlite3.connect(gateway.state / "ai-calls.db") as database:
            rows = database.execute("SELECT cached_tokens, cost_nano / 1e9, saved_nano / 1e9 FROM calls").fetchall()
        expected = 12 + 8 / 4 + 5 + (4 / 4 if kind == "anthropic" else 0)
        self.assertEqual(rows[0], (8, expected, 6))
        self.assertEqual(rows[1], (8, expected, 6))
        with sqlite3.connect(gateway.state / "ai-budget.db") as database:
            self.assertEqual(database.execute("SELECT spent / 1e9, reserved FROM ledger").fetchall(), [(2 * expected, 0)])

    def test_the_older_form_of_anthropic(self):
        server = self.server()
        config = config_over(server, kind="anthropic")
        config["providers"]["p0"]["api_version"] = "2023-06-01"
        status, _, _ = self.gateway(config).chat("Hi", temperature=0.5)
        self.assertEqual((status, server.seen[0]["body"]["temperature"]), (200, 0.5))

    def test_embeddings(self):
        for kind in ("openai", "azure", "gemini"):
            with self.subTest(provider=kind):
                _, gateway = self.start(kind)
                status, reply, _ = gateway.request("/v1/embeddings", {"model": "main", "input": ["ab", "abcd"]})
                self.assertEqual((status, [item["embedding"] for item in reply["data"]]), (200, [[0.2, 0.0, -0.5], [0.4, 1.0, -0.5]]), reply)
        _, gateway = self.start("anthropic")
        self.assertEqual(gateway.request("/v1/embeddings", {"model": "main", "input": "ab"})[0], 400)


@unittest.skipUnless(CLIENTS, "the vendors' clients are not installed (scripts/setup.sh test)")
class VendorClients(GatewayCase):
    """The stand-ins are what the vendors' own clients take; the gateway is what OpenAI's takes."""

    def test_openai_stand_in(self):
        import openai
        server = self.server(behaviour("Hello you."))
        client = openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0)
        azure = openai.AzureOpenAI(azure_endpoint=server.url, api_key=KEY, api_version="2024-10-21", max_retries=0)
        for one in (client, azure):
            reply = one.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
            self.assertEqual((reply.choices[0].message.content, reply.usage.total_tokens), ("Hello you.", 17))
            self.assertEqual(len(one.embeddings.create(model="m", input="abc").data[0].embedding), 3)
        with self.assertRaises(openai.AuthenticationError):
            openai.OpenAI(base_url=server.url + "/v1", api_key="no", max_retries=0).chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])

    def test_anthropic_stand_in(self):
        import anthropic
        server = self.server(behaviour("Hello you."), behaviour("", tools=[("get_sales", {"month": "1"})]), behaviour("Hello you."))
        client = anthropic.Anthropic(base_url=server.url, api_key=KEY, max_retries=0)
        ask = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}
        reply = client.messages.create(**ask)
        self.assertEqual((reply.content[0].text, reply.stop_reason, reply.usage.output_tokens), ("Hello you.", "end_turn", 5))
        reply = client.messages.create(**ask)
        self.assertEqual((reply.content[0].name, reply.content[0].input), ("get_sales", {"month": "1"}))
        with client.messages.stream(**ask) as stream:
            self.assertEqual("".join(stream.text_stream), "Hello you.")
            self.assertEqual(stream.get_final_message().stop_reason, "end_turn")

    def test_gemini_stand_in(self):
        from google import genai
        server = self.server(behaviour("Hello you."))
        client = genai.Client(api_key=KEY, http_options={"base_url": server.url})
        reply = client.models.generate_content(model="m", contents="Hi")
        self.assertEqual((reply.text, reply.usage_metadata.candidates_token_count), ("Hello you.", 5))
        self.assertEqual("".join(part.text or "" for part in client.models.generate_content_stream(model="m", contents="Hi")), "Hello you.")

    def openai_client(self, gateway):
        import openai
        return openai.OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0)

    def test_openai_client_against_the_gateway(self):
        for kind in URLS:
            with self.subTest(provider=kind):
                server = self.server(lambda request: behaviour("Hello you."))
                server.script = lambda request: behaviour("", tools=[("get_sales", {"month": "3"})]) if "tools" in request["body"] else behaviour("Hello you.")
                client = self.openai_client(self.gateway(config_over(server, kind=kind), name=kind))
                messages = [{"role": "user", "content": "Hi"}]
                self.assertEqual(client.chat.completions.create(model="main", messages=messages).choices[0].message.content, "Hello you.")
                stream = client.chat.completions.create(model="main", messages=messages, stream=True, stream_options={"include_usage": True})
                chunks = list(stream)
                self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), "Hello you.")
                self.assertEqual(chunks[-1].usage.completion_tokens, 5)
                reply = client.chat.completions.create(model="main", messages=messages, tools=TOOLS)
                self.assertEqual(json.loads(reply.choices[0].message.tool_calls[0].function.arguments), {"month": "3"})
                self.assertEqual([model.id for model in client.models.list()], ["main"])

    def test_openai_client_parses_a_schema(self):
        import pydantic

        class Answer(pydantic.BaseModel):
            answer: int
        client = self.openai_client(self.gateway(config_over(self.server(behaviour('{"answer": 5}')))))
        reply = client.chat.completions.parse(model="main", messages=[{"role": "user", "content": "Hi"}], response_format=Answer)
        self.assertEqual(reply.choices[0].message.parsed.answer, 5)

    def test_openai_client_embeddings_and_errors(self):
        import openai
        client = self.openai_client(self.gateway(config_over(self.server(behaviour(status=400, error="bad")))))
        with self.assertRaises(openai.BadRequestError):
            client.chat.completions.create(model="main", messages=[{"role": "user", "content": "Hi"}])
        with self.assertRaises(openai.NotFoundError):
            client.chat.completions.create(model="other", messages=[{"role": "user", "content": "Hi"}])
        client = self.openai_client(self.gateway(config_over(self.server()), name="two"))
        self.assertEqual([round(x, 3) for x in client.embeddings.create(model="main", input=["abc"]).data[0].embedding], [0.3, 0.0, -0.5])


if __name__ == "__main__":
    unittest.main()
