"""Stand-in model providers: one server that speaks the wire formats of OpenAI, Azure OpenAI, Anthropic Messages and Gemini,
says what a test tells it to, and fails as told. The vendors' own clients are run against it (test_gateway_providers.py), so
what the gateway is tested with is what the vendors expect.
"""
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "provider-secret-key"


def behaviour(text="Hello there.", **more):
    """What a provider does with one request: tools [(name, arguments)], usage (input, output), status, retry_after, delay, drip,
    cut_after (pieces, then the connection breaks), hang_up (closes after the reply without saying so), malformed, endless, finish, cached."""
    return {"text": text, **more}


def pieces(text):
    words = text.split(" ")
    return [word + (" " if i + 1 < len(words) else "") for i, word in enumerate(words)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        if path.endswith("/chat/completions"):
            form = Azure if "/deployments/" in path else OpenAI
        elif path.endswith("/messages"):
            form = Anthropic
        elif ":" in path.rsplit("/", 1)[-1]:
            form = Gemini
        else:
            form = Embeddings
        request = {"path": self.path, "headers": dict(self.headers), "body": json.loads(body), "form": form.__name__, "at": time.monotonic()}
        owner = self.server.owner
        with owner.lock:
            owner.seen.append(request)
            owner.running += 1
            owner.most_running = max(owner.most_running, owner.running)
        try:
            self.answer(form(self, request), owner.next_behaviour(request))
        except (BrokenPipeError, ConnectionResetError):
            owner.broken += 1
            self.close_connection = True
        finally:
            with owner.lock:
                owner.running -= 1

    def answer(self, form, what):
        if form.key() != KEY:
            return self.send(401, form.error(401, "the key is not valid"))
        if what.get("delay"):
            time.sleep(what["delay"])
        if what.get("status", 200) != 200:
            headers = {"Retry-After": str(what["retry_after"])} if "retry_after" in what else {}
            return self.send(what["status"], form.error(what["status"], what.get("error", "it went wrong")), headers)
        if what.get("malformed"):
            return self.send(200, b'{"choices": [{"message": ')
        if form.streams():
            return self.stream(form, what)
        if what.get("cut_after") is not None:
            return self.cut(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"id\"")
        self.send(200, form.reply(what))
        self.close_connection = bool(what.get("hang_up"))

    def send(self, status, content, headers=None):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def cut(self, before=b""):
        self.wfile.write(before)
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def stream(self, form, what):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        number = 0
        for event in form.events(what):
            data = event if isinstance(event, bytes) else event.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            number += 1
            if what.get("drip"):
                time.sleep(what["drip"])
            if what.get("cut_after") is not None and number >= what["cut_after"]:
                return self.cut()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


class Form:
    def __init__(self, handler, request):
        self.headers = {name.lower(): value for name, value in request["headers"].items()}
        self.path, self.body = request["path"], request["body"]

    def words(self, what):
        while what.get("endless"):
            yield "and so on "
        yield from pieces(what["text"])


class OpenAI(Form):
    def key(self):
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def streams(self):
        return bool(self.body.get("stream"))

    def error(self, status, text):
        return {"error": {"message": text, "type": "invalid_request_error" if status < 429 else "server_error", "param": None, "code": None}}

    def usage(self, what):
        read, written = what.get("usage", (12, 5))
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written,
                "prompt_tokens_details": {"cached_tokens": what.get("cached", 0)}}

    def calls(self, what):
        return [{"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
                for i, (name, arguments) in enumerate(what.get("tools", []))]

    def reply(self, what):
        message = {"role": "assistant", "content": what["text"], "refusal": None}
        if what.get("tools"):
            message.update(content=None, tool_calls=self.calls(what))
        finish = what.get("finish", "tool_calls" if what.get("tools") else "stop")
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": self.body.get("model", "m"),
                "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}], "usage": self.usage(what)}

    def events(self, what):
        def chunk(delta, finish=None, **more):
            return "data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m",
                                          "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}) + "\n\n"
        yield chunk({"role": "assistant", "content": ""})
        if what.get("tools"):
            for i, call in enumerate(self.calls(what)):
                text = call["function"]["arguments"]
                yield chunk({"tool_calls": [{"index": i, **call, "function": {"name": call["function"]["name"], "arguments": ""}}]})
                for part in (text[:5], text[5:]):
                    yield chunk({"tool_calls": [{"index": i, "function": {"arguments": part}}]})
        else:
            for word in self.words(what):
                yield chunk({"content": word})
        yield chunk({}, what.get("finish", "tool_calls" if what.get("tools") else "stop"))
        if self.body.get("stream_options", {}).get("include_usage"):
            yield "data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m", "choices": [],
                                         "usage": self.usage(what)}) + "\n\n"
        yield "data: [DONE]\n\n"


class Azure(OpenAI):
    def key(self):
        return self.headers.get("api-key", "")


class Embeddings(OpenAI):
    def key(self):
        return self.headers.get("api-key") or super().key()

    def streams(self):
        return False

    def reply(self, what):
        texts = self.body["input"] if isinstance(self.body["input"], list) else [self.body["input"]]
        vectors = [[len(text) / 10.0, float(i), -0.5] for i, text in enumerate(texts)]
        if self.body.get("encoding_format") == "base64":
            import base64
            vectors = [base64.b64encode(struct.pack("<3f", *vector)).decode() for vector in vectors]
        return {"object": "list", "model": self.body["model"], "usage": {"prompt_tokens": 4, "total_tokens": 4},
                "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]}


class Anthropic(Form):
    def key(self):
        version = self.headers.get("anthropic-version", "")
        if version >= "2026":
            return self.headers.get("authorization", "").removeprefix("Bearer ")
        return self.headers.get("x-api-key", "") if version else ""

    def streams(self):
        return bool(self.body.get("stream"))

    def error(self, status, text):
        kind = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_1"}

    def usage(self, what):
        read, written = what.get("usage", (12, 5))
        cached = what.get("cached", 0)
        return {"input_tokens": read - cached, "output_tokens": written, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}

    def stop(self, what):
        names = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
        return names[what.get("finish", "tool_calls" if what.get("tools") else "stop")]

    def reply(self, what):
        content = [{"type": "tool_use", "id": f"toolu_{i}", "name": name, "input": arguments} for i, (name, arguments) in enumerate(what.get("tools", []))]
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": self.body["model"], "stop_reason": self.stop(what), "stop_sequence": None,
                "content": content or [{"type": "text", "text": what["text"]}], "usage": self.usage(what)}

    def events(self, what):
        def event(kind, **more):
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"
        usage = self.usage(what)
        yield event("message_start", message={"id": "msg_1", "type": "message", "role": "assistant", "model": self.body["model"], "content": [],
                                              "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}})
        yield event("ping")
        if what.get("tools"):
            for i, (name, arguments) in enumerate(what["tools"]):
                text = json.dumps(arguments)
                yield event("content_block_start", index=i, content_block={"type": "tool_use", "id": f"toolu_{i}", "name": name, "input": {}})
                for part in (text[:4], text[4:]):
                    yield event("content_block_delta", index=i, delta={"type": "input_json_delta", "partial_json": part})
                yield event("content_block_stop", index=i)
        else:
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            for word in self.words(what):
                yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
            yield event("content_block_stop", index=0)
        yield event("message_delta", delta={"stop_reason": self.stop(what), "stop_sequence": None}, usage={"output_tokens": usage["output_tokens"]})
        yield event("message_stop")


class Gemini(Form):
    def key(self):
        return self.headers.get("x-goog-api-key", "")

    def streams(self):
        return ":streamGenerateContent" in self.path

    def error(self, status, text):
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
        return {"error": {"code": status, "message": text, "status": names.get(status, "UNKNOWN")}}

    def chunk(self, what, parts, last):
        read, written = what.get("usage", (12, 5))
        names = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        if last:
            candidate["finishReason"] = names[what.get("finish", "stop")]
        return {"candidates": [candidate], "modelVersion": "m", "responseId": "resp1",
                "usageMetadata": {"promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written,
                                  "cachedContentTokenCount": what.get("cached", 0)}}

    def reply(self, what):
        if ":batchEmbedContents" in self.path:
            return {"embeddings": [{"values": [len(one["content"]["parts"][0]["text"]) / 10.0, float(i), -0.5]} for i, one in enumerate(self.body["requests"])]}
        parts = [{"functionCall": {"name": name, "args": arguments}} for name, arguments in what.get("tools", [])]
        return self.chunk(what, parts or [{"text": what["text"]}], True)

    def events(self, what):
        def event(parts, last=False):
            return "data: " + json.dumps(self.chunk(what, parts, last)) + "\r\n\r\n"
        if what.get("tools"):
            yield event([{"functionCall": {"name": name, "args": arguments}} for name, arguments in what["tools"]], True)
            return
        words = list(pieces(what["text"])) if not what.get("endless") else self.words(what)
        for word in words:
            yield event([{"text": word}])
        yield event([{"text": ""}], True)


class Listener(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        self.owner.broken += 1  # who asked is gone


class ModelServer:
    """A provider on a free port of loopback. `script`: behaviours to take in order, the last for ever; or a function of the request."""

    def __init__(self, script=None):
        self.lock = threading.Lock()
        self.seen, self.script, self.broken, self.running, self.most_running = [], script or [behaviour()], 0, 0, 0
        self.server = Listener(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def next_behaviour(self, request):
        with self.lock:
            if callable(self.script):
                return self.script(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
