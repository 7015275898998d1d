"""LiteLLM, a proxy of others' making, as a provider: our gateway calls it, and it calls a stand-in."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from aisle import ROOT
from gateway import Gateway
from model_server import KEY, ModelServer, behaviour

LITELLM = ROOT / ".venv-litellm/bin/litellm"
TOOLS = [{"type": "function", "function": {"name": "get_sales", "description": "Sales", "parameters": {"type": "object", "properties": {"month": {"type": "string"}}}}}]
PATIENCE = 180


@unittest.skipUnless(LITELLM.exists(), "LiteLLM is not installed (scripts/setup.sh bench)")
class LitellmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="aisle-litellm-")
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = Path(cls.scratch.name)
        cls.behind = ModelServer()
        cls.addClassCleanup(cls.behind.stop)
        model = {"model": "openai/m", "api_base": cls.behind.url + "/v1", "api_key": KEY, "max_retries": 0}
        (folder / "litellm.json").write_text(json.dumps({
            "model_list": [{"model_name": "m0", "litellm_params": model}], "general_settings": {"master_key": KEY},
            "litellm_settings": {"telemetry": False, "num_retries": 0}, "router_settings": {"num_retries": 0, "disable_cooldowns": True}}))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.port = free.getsockname()[1]
        with (folder / "litellm.log").open("w") as log:
            cls.proxy = subprocess.Popen([LITELLM, "--config", folder / "litellm.json", "--host", "127.0.0.1", "--port", str(cls.port)], stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log, start_new_session=True, env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"})
        cls.addClassCleanup(cls.end_proxy)
        until = time.monotonic() + PATIENCE
        while not cls.is_up():
            assert cls.proxy.poll() is None and time.monotonic() < until, (folder / "litellm.log").read_text()[-2000:]
            time.sleep(0.3)

    @classmethod
    def end_proxy(cls):
        if cls.proxy.poll() is None:
            os.killpg(cls.proxy.pid, signal.SIGKILL)
        cls.proxy.wait()

    @classmethod
    def is_up(cls):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{cls.port}/health/liveliness", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def start(self, *script, retries=1):
        self.behind.script = list(script)
        self.behind.seen.clear()
        folder = tempfile.TemporaryDirectory(prefix="aisle-gateway-")
        self.addCleanup(folder.cleanup)
        upstream = {"type": "openai", "url": f"http://127.0.0.1:{self.port}/v1", "key_env": "PROXY_KEY"}
        gateway = Gateway(folder.name, {"version": 1, "providers": {"p": upstream}, "first_token_timeout": "2min",
                                        "models": {"main": {"retries": retries, "routes": [{"provider": "p", "model": "m0", "max_output": 100}]}}},
                          environment={"PROXY_KEY": KEY})
        self.addCleanup(gateway.stop)
        return gateway

    def test_plain(self):
        status, reply, headers = self.start(behaviour("Hello through two.", usage=(11, 5))).chat(timeout=PATIENCE)
        self.assertEqual((status, reply["choices"][0]["message"]["content"]), (200, "Hello through two."), reply)
        self.assertEqual((reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"], headers["x-aisle-route"]), (11, 5, "p/m0"))

    def test_stream(self):
        text, chunks = self.start(behaviour("One two three four.")).stream()
        self.assertEqual(text, "One two three four.")
        self.assertIn("stop", [choice.get("finish_reason") for chunk in chunks for choice in chunk["choices"]])

    def test_tools(self):
        gateway = self.start(behaviour(tools=[("get_sales", {"month": "2024-03"})]), behaviour(tools=[("get_sales", {"month": "2024-04"})]))
        status, reply, _ = gateway.chat("Sales?", tools=TOOLS, timeout=PATIENCE)
        call = reply["choices"][0]["message"]["tool_calls"][0]
        self.assertEqual((status, reply["choices"][0]["finish_reason"], call["function"]["name"], json.loads(call["function"]["arguments"])),
                         (200, "tool_calls", "get_sales", {"month": "2024-03"}))
        pieces = [part["function"] for chunk in gateway.stream("Sales?", tools=TOOLS)[1] for choice in chunk["choices"] for part in choice["delta"].get("tool_calls") or []]
        self.assertEqual(json.loads("".join(piece.get("arguments") or "" for piece in pieces)), {"month": "2024-04"})

    def test_errors(self):
        gateway = self.start(behaviour(status=400, error="messages are wrong"))
        status, reply, _ = gateway.chat(timeout=PATIENCE)
        self.assertEqual((status, reply["error"]["type"]), (400, "invalid_request_error"), reply)
        self.assertIn("messages are wrong", reply["error"]["message"])
        gateway = self.start(behaviour(status=503), behaviour("At last."))
        status, reply, _ = gateway.chat(timeout=PATIENCE)
        self.assertEqual((status, reply["choices"][0]["message"]["content"]), (200, "At last."), reply)
        gateway = self.start(behaviour(status=429), retries=0)
        self.assertEqual(gateway.chat(timeout=PATIENCE)[0], 429)
        gateway = self.start(behaviour(status=401, error="the key is not valid"), retries=0)
        status, reply, _ = gateway.chat(timeout=PATIENCE)
        self.assertEqual((status, reply["error"]["code"]), (502, "upstream"), reply)


if __name__ == "__main__":
    unittest.main()
