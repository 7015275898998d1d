"""What the gateway's tests share: a running `aisle gateway` over stand-in providers, and requests to it."""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from aisle import PROGRAM, ROOT
from model_server import KEY, ModelServer

CLIENTS = ROOT / ".venv-models/lib"


def vendor_clients():
    """Makes the vendors' packages importable; False where set-up could not install them."""
    for folder in CLIENTS.glob("python3.*/site-packages"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        import anthropic  # noqa: F401
        import openai  # noqa: F401
        from google import genai  # noqa: F401
        return True
    except ImportError:
        return False


class Gateway:
    """One process. `config` is ai.yaml as JSON (which is YAML too)."""

    def __init__(self, folder, config, state="state", environment=None):
        self.folder, self.state = Path(folder), Path(folder) / state
        self.path = self.folder / "ai.yaml"
        self.write(config)
        with (self.folder / "gateway.log").open("a") as log:
            self.start(log, environment)

    def start(self, log, environment):
        self.process = subprocess.Popen([PROGRAM, "gateway", "--config", self.path, "--state", self.state, "--listen", "127.0.0.1:0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env={**os.environ, "PROVIDER_KEY": KEY, **(environment or {})})
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else ""
        if "listening on " not in line:
            self.stop()
            raise AssertionError(f"the gateway did not start: {line}{self.log()}")
        self.url = line.split()[-1]

    def write(self, config):
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(config))
        new.rename(self.path)

    def log(self):
        return (self.folder / "gateway.log").read_text()

    def reload(self, config):
        self.write(config)
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)

    def request(self, path, body=None, headers=None, timeout=30):
        """(status, JSON or text, headers)"""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                status, text, headers = reply.status, reply.read(), dict(reply.headers)
        except urllib.error.HTTPError as failure:
            status, text, headers = failure.code, failure.read(), dict(failure.headers)
        try:
            return status, json.loads(text), headers
        except ValueError:
            return status, text.decode(), headers

    def chat(self, text="Hi", model="main", headers=None, timeout=30, **more):
        return self.request("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}], **more}, headers, timeout)

    def stream(self, text="Hi", model="main", headers=None, **more):
        """All events of a streamed answer, as (text, chunks); an error event is the last chunk."""
        status, body, _ = self.chat(text, model, headers, stream=True, **more)
        if status != 200:
            return status, body
        chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ") and line != "data: [DONE]"]
        parts = [choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", [])]
        return "".join(parts), chunks

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.returncode


URLS = {"openai": "/v1", "azure": "", "anthropic": "", "gemini": "/v1beta"}


def provider(server, kind="openai"):
    return {"type": kind, "url": server.url + URLS[kind], "key_env": "PROVIDER_KEY"}


def config_over(*servers, kind="openai", **more):
    """A model `main` whose routes are the servers in order: the first, then fallbacks."""
    routes = [{"provider": f"p{i}", "model": f"m{i}", "max_output": 100} for i in range(len(servers))]
    return {"version": 1, "providers": {f"p{i}": provider(server, kind) for i, server in enumerate(servers)},
            "models": {"main": {"routes": routes[:1], "fallbacks": routes[1:]}}, **more}


class GatewayCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-gateway-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def server(self, *script):
        server = ModelServer(list(script) or None)
        self.addCleanup(server.stop)
        return server

    def gateway(self, config, name="one", **more):
        gateway = Gateway(self.folder / name, config, **more)
        self.addCleanup(gateway.stop)
        return gateway
