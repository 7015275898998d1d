"""Stand-in model providers: one server that speaks the wire formats of OpenAI, Azure OpenAI, Anthropic Messages and Gemini,
says what a test tells it to, and fails as told. The vendors' own clients are run against it (test_gateway_providers.py), so
what the gateway is tested with is what the vendors expect.
"""
import json
import socket
import struct
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "provider-secret-key"


def behaviour(text="Hello there.", **more):
    """What a provider does with one request: tools [(name, arguments)], usage (input, output), status, retry_after, delay, drip,
    cut_after (pieces, then the connection breaks), hang_up (closes after the reply without saying so), malformed, endless, finish, cached (tokens that
    its cache had), kept (that went into it; Anthropic), others (texts of further choices; OpenAI), retry_delay (in the body; Gemini), embed (a text's vector; OpenAI)."""
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

    def do_GET(self):
        self.batches(None)

    do_DELETE = do_GET

    def batches(self, body):
        """TRUE where the address is one of a batch API: they have their own stand-in."""
        owner = self.server.owner
        path, _, query = self.path.partition("?")
        names = {name.lower(): value for name, value in self.headers.items()}
        with owner.lock:
            answer = owner.batches.handle(self.command, path, dict(urllib.parse.parse_qsl(query)), names, body)
        if answer is None:
            return False
        status, content, *headers = answer
        if status == "lost":
            self.cut()
        else:
            self.send(status, content, *headers)
        return True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        if self.batches(body):
            return
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
            error = form.error(what["status"], what.get("error", "it went wrong"))
            if "retry_delay" in what:
                error["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": what["retry_delay"]}]
            return self.send(what["status"], error, headers)
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
        messages = [message] + [{**message, "content": text} for text in what.get("others", [])]
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": self.body.get("model", "m"),
                "choices": [{"index": i, "message": one, "finish_reason": finish, "logprobs": None} for i, one in enumerate(messages)], "usage": self.usage(what)}

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
        vectors = [what["embed"](text) if "embed" in what else [len(text) / 10.0, float(i), -0.5] for i, text in enumerate(texts)]
        if self.body.get("encoding_format") == "base64":
            import base64
            vectors = [base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() for vector in vectors]
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
        cached, kept = what.get("cached", 0), what.get("kept", 0)
        return {"input_tokens": read - cached - kept, "output_tokens": written, "cache_read_input_tokens": cached, "cache_creation_input_tokens": kept}

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


def of_multipart(body, media_type):
    """The fields of a form: {name: bytes}."""
    boundary = b"--" + media_type.split("boundary=")[1].strip('"').encode()
    fields = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part[2:].partition(b"\r\n\r\n")
        fields[head.decode().split('name="')[1].split('"')[0]] = content[:-2]
    return fields


class Batches:
    """The batch APIs of OpenAI, Azure, Anthropic and Gemini. A test says when a batch ends (`finish`), and what goes wrong on the way: `lose`
    creations that happen but whose answer is lost, `refuse` a status for creations, `fail` a reason why OpenAI's fail as a whole."""

    def __init__(self, server):
        self.server, self.files, self.made, self.deleted = server, {}, {}, []
        self.lose = self.creations = 0
        self.refuse = self.fail = None
        self.automatic = True  # they end as soon as they are asked after

    def handle(self, method, path, query, headers, body):
        key = headers.get("api-key") or headers.get("x-api-key") or headers.get("x-goog-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        parts = path.strip("/").split("/")
        if ("x-goog-api-key" in headers or "upload_id" in query) and (parts[-1].endswith(":batchGenerateContent") or {"files", "batches"} & set(parts)):
            kind, rest = "gemini", parts
        elif "messages" in parts and "batches" in parts:
            kind, rest = "anthropic", parts[parts.index("batches") + 1:]
        elif parts[:1] in (["v1"], ["openai"]) and len(parts) > 1 and parts[1] in ("files", "batches"):
            kind, rest = parts[1], parts[2:]
        else:
            return None
        if key != KEY and "upload_id" not in query:  # that address is a secret of its own
            return 401, {"error": {"message": "the key is not valid", "type": "authentication_error"}}
        return getattr(self, "on_" + kind)(method, rest, query, headers, body)

    def finish(self, batch, **ends):
        """Runs what it holds. `ends` by the number of a request: expired, cancelled, errored, invalid."""
        batch["lines"] = []
        for number, request in enumerate(batch["requests"]):
            params = request.get("params") or request.get("request") or request["body"]
            form = {"anthropic": Anthropic, "gemini": Gemini}.get(batch["kind"], OpenAI)
            name = request.get("custom_id") or request["key"]
            whole = {"path": "batch", "headers": {}, "body": params, "form": form.__name__, "at": time.monotonic(), "batch": batch["id"], "id": name}
            end = "cancelled" if batch.get("stopped") else ends.get(f"n{number}", batch["ends"].get(number, "answered"))
            if end == "answered":
                self.server.seen.append(whole)
                script = self.server.script
                what = script(whole) if callable(script) else script.pop(0) if len(script) > 1 else script[0]
                batch["lines"].append((name, end, form(None, whole).reply(what)))
            else:
                batch["lines"].append((name, end, None))
        batch["over"] = True

    def new(self, kind, requests, **more):
        self.creations += 1
        name = f"{'msgbatch' if kind == 'anthropic' else 'batch'}_{self.creations}"
        self.made[name] = {"id": name, "kind": kind, "requests": requests, "over": False, "at": int(time.time()), "ends": {}, **more}
        if self.lose > 0:
            self.lose -= 1
            return None
        return self.made[name]

    # ---- OpenAI and Azure ----

    def on_files(self, method, rest, query, headers, body):
        if method == "POST":
            fields = of_multipart(body, headers["content-type"])
            name = f"file-{len(self.files) + 1}"
            self.files[name] = fields["file"]
            return 200, {"id": name, "object": "file", "bytes": len(fields["file"]), "created_at": int(time.time()), "filename": "x.jsonl",
                         "purpose": fields["purpose"].decode(), "status": "processed"}
        if rest[0] not in self.files:
            return 404, {"error": {"message": "No such File object", "type": "invalid_request_error"}}
        if method == "DELETE":
            self.deleted.append(rest[0])
            del self.files[rest[0]]
            return 200, {"id": rest[0], "object": "file", "deleted": True}
        return 200, self.files[rest[0]]

    def on_batches(self, method, rest, query, headers, body):
        if method == "POST" and not rest:
            if self.refuse:
                return self.refuse, {"error": {"message": "not now", "type": "server_error"}}
            wanted = json.loads(body)
            lines = [json.loads(line) for line in self.files[wanted["input_file_id"]].decode().splitlines() if line]
            assert all(line["method"] == "POST" and line["url"] == wanted["endpoint"] for line in lines) and wanted["completion_window"] == "24h"
            batch = self.new("openai", lines, wanted=wanted)
            return ("lost", None) if batch is None else (200, self.openai_batch(batch))
        if not rest:
            names = [name for name in reversed(self.made) if self.made[name]["kind"] == "openai"]
            names = names[names.index(query["after"]) + 1:] if "after" in query else names
            page = [self.openai_batch(self.made[name]) for name in names[:1]]  # one a page: whoever looks must turn them
            return 200, {"object": "list", "data": page, "has_more": len(names) > 1}
        batch = self.made.get(rest[0])
        if batch is None:
            return 404, {"error": {"message": "No batch found", "type": "invalid_request_error"}}
        if rest[1:] == ["cancel"]:
            batch["stopped"] = True
        self.progress(batch)
        return 200, self.openai_batch(batch)

    def progress(self, batch):
        if (self.automatic or batch.get("stopped")) and not batch["over"] and not self.fail:
            self.finish(batch)
        if batch["over"] and batch["kind"] == "openai" and "output" not in batch:
            answered = [{"id": f"batch_req_{i}", "custom_id": name, "response": {"status_code": 200, "request_id": "r", "body": reply}, "error": None}
                        for i, (name, end, reply) in enumerate(batch["lines"]) if end == "answered"]
            wrong = {"invalid": ({"status_code": 400, "request_id": "r", "body": {"error": {"message": "that is no request", "type": "invalid_request_error"}}}, None),
                     "errored": ({"status_code": 500, "request_id": "r", "body": {"error": {"message": "it broke", "type": "server_error"}}}, None),
                     "expired": (None, {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}),
                     "cancelled": (None, {"code": "batch_cancelled", "message": "cancelled"})}
            failed = [{"id": f"batch_req_{i}", "custom_id": name, "response": wrong[end][0], "error": wrong[end][1]}
                      for i, (name, end, reply) in enumerate(batch["lines"]) if end != "answered"]
            for name, lines in (("output", answered), ("errors", failed)):
                batch[name] = f"file-{batch['id']}-{name}" if lines else None
                if lines:
                    self.files[batch[name]] = "".join(json.dumps(line) + "\n" for line in lines).encode()

    def openai_batch(self, batch):
        ends = [end for _, end, _ in batch.get("lines", [])]
        status = "failed" if self.fail else "cancelled" if batch.get("stopped") else "in_progress" if not batch["over"] else "expired" if "expired" in ends else "completed"
        errors = {"object": "list", "data": [{"code": "x", "message": self.fail, "param": None, "line": None}]} if self.fail else None
        return {"id": batch["id"], "object": "batch", "endpoint": batch["wanted"]["endpoint"], "errors": errors, "input_file_id": batch["wanted"]["input_file_id"],
                "completion_window": "24h", "status": status, "output_file_id": batch.get("output"), "error_file_id": batch.get("errors"), "created_at": batch["at"],
                "expires_at": batch["at"] + 86400, "metadata": batch["wanted"].get("metadata"),
                "request_counts": {"total": len(batch["requests"]), "completed": ends.count("answered"), "failed": len(ends) - ends.count("answered")}}

    # ---- Anthropic ----

    def on_anthropic(self, method, rest, query, headers, body):
        if method == "POST" and not rest:
            if self.refuse:
                return self.refuse, {"type": "error", "error": {"type": "api_error", "message": "not now"}}
            requests = json.loads(body)["requests"]
            assert len({request["custom_id"] for request in requests}) == len(requests) and all(len(request["custom_id"]) <= 64 for request in requests)
            batch = self.new("anthropic", requests)
            return ("lost", None) if batch is None else (200, self.anthropic_batch(batch))
        if not rest:
            names = [name for name in reversed(self.made) if self.made[name]["kind"] == "anthropic"]
            for name in names:
                self.progress(self.made[name])
            names = names[names.index(query["after_id"]) + 1:] if "after_id" in query else names
            return 200, {"data": [self.anthropic_batch(self.made[name]) for name in names[:1]], "has_more": len(names) > 1, "first_id": (names or [None])[0],
                         "last_id": (names or [None])[0]}
        batch = self.made.get(rest[0])
        if batch is None:
            return 404, {"type": "error", "error": {"type": "not_found_error", "message": "not found"}}
        if method == "DELETE":
            self.deleted.append(rest[0])
            del self.made[rest[0]]
            return 200, {"id": rest[0], "type": "message_batch_deleted"}
        if rest[1:] == ["cancel"]:
            batch["stopped"] = True
        self.progress(batch)
        if rest[1:] == ["results"]:
            failures = {"invalid": ("invalid_request_error", "that is no request"), "errored": ("api_error", "it broke")}
            lines = []
            for name, end, reply in batch["lines"]:
                result = {"type": "succeeded", "message": reply} if end == "answered" else {"type": end.replace("cancelled", "canceled")}
                if end in failures:
                    result = {"type": "errored", "error": {"type": "error", "request_id": "r", "error": {"type": failures[end][0], "message": failures[end][1]}}}
                lines.append(json.dumps({"custom_id": name, "result": result}))
            return 200, "\n".join(reversed(lines)).encode()  # in any order, and without a last newline
        return 200, self.anthropic_batch(batch)

    def anthropic_batch(self, batch):
        ends = [end for _, end, _ in batch.get("lines", [])]
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(batch["at"]))
        return {"id": batch["id"], "type": "message_batch", "processing_status": "ended" if batch["over"] else "canceling" if batch.get("stopped") else "in_progress",
                "request_counts": {"processing": len(batch["requests"]) - len(ends), "succeeded": ends.count("answered"), "expired": ends.count("expired"),
                                   "errored": ends.count("errored") + ends.count("invalid"), "canceled": ends.count("cancelled")},
                "created_at": when, "expires_at": when, "ended_at": when if batch["over"] else None, "cancel_initiated_at": when if batch.get("stopped") else None,
                "archived_at": None, "results_url": f"{self.server.url}/v1/messages/batches/{batch['id']}/results" if batch["over"] else None}


    # ---- Gemini ----

    def on_gemini(self, method, parts, query, headers, body):
        version = next(i for i, part in enumerate(parts) if part.startswith("v1"))  # the vendor's client has v1, its documents v1beta
        prefix, rest = parts[:version], parts[version + 1:]
        if prefix == ["upload"]:
            return self.gemini_upload(query, headers, body)
        if rest[0] == "files" and rest[1].endswith(":download"):
            name = "files/" + rest[1].removesuffix(":download")
            return (200, self.files[name]) if name in self.files and query.get("alt") == "media" else (404, {"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}})
        if method == "POST" and rest[-1].endswith(":batchGenerateContent"):
            if self.refuse:
                return self.refuse, {"error": {"code": self.refuse, "message": "not now", "status": "PERMISSION_DENIED"}}
            wanted = json.loads(body)["batch"]
            source = wanted["inputConfig"]
            lines = [json.loads(line) for line in self.files[source["fileName"]].decode().splitlines()] if "fileName" in source else [
                {"key": one.get("metadata", {}).get("key", str(i)), "request": one["request"]} for i, one in enumerate(source["requests"]["requests"])]
            batch = self.new("gemini", lines, wanted=wanted, inline="fileName" not in source)
            return ("lost", None) if batch is None else (200, self.gemini_batch(batch))
        if rest == ["batches"]:
            names = [name for name in self.made if self.made[name]["kind"] == "gemini"]
            names = names[names.index(query["pageToken"]):] if "pageToken" in query else names
            return 200, {"operations": [self.gemini_batch(self.made[name]) for name in names[:1]], **({"nextPageToken": names[1]} if len(names) > 1 else {})}
        if rest[0] == "files":
            self.deleted.append("/".join(rest))
            return (200, {}) if self.files.pop("/".join(rest), None) is not None else (404, {"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}})
        batch = self.made.get(rest[1].removesuffix(":cancel"))
        if batch is None:
            return 404, {"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}
        if method == "DELETE":
            self.deleted.append(self.made.pop(rest[1])["id"])
            return 200, {}
        if rest[1].endswith(":cancel"):
            batch["stopped"] = True
            return 200, {}
        self.progress(batch)
        return 200, self.gemini_batch(batch)

    def gemini_upload(self, query, headers, body):
        """The resumable protocol: a start that names the address, then all bytes in one piece."""
        if headers.get("x-goog-upload-command") == "start":
            assert headers["x-goog-upload-protocol"] == "resumable" and int(headers["x-goog-upload-header-content-length"]) > 0
            return 200, {}, {"X-Goog-Upload-Status": "active", "X-Goog-Upload-URL": f"{self.server.url}/upload/v1beta/files?upload_id=u{len(self.files) + 1}"}
        assert headers["x-goog-upload-command"] == "upload, finalize" and headers["x-goog-upload-offset"] == "0" and "upload_id" in query
        name = f"files/f{len(self.files) + 1}"
        self.files[name] = body
        return 200, {"file": {"name": name, "sizeBytes": str(len(body)), "state": "ACTIVE", "mimeType": "application/jsonl"}}, {"X-Goog-Upload-Status": "final"}

    def gemini_batch(self, batch):
        lines = batch.get("lines", [])
        ends = [end for _, end, _ in lines]
        state = "FAILED" if self.fail else "CANCELLED" if batch.get("stopped") else "RUNNING" if not batch["over"] else "SUCCEEDED"
        errors = {"invalid": (3, "that is no request"), "errored": (13, "it broke"), "expired": (4, "it took too long"), "cancelled": (1, "cancelled")}
        results = [{"key": name, "response": reply} if end == "answered" else {"key": name, "error": dict(zip(("code", "message"), errors[end]))} for name, end, reply in lines]
        output = {}
        if state == "SUCCEEDED" and batch["inline"]:
            output = {"inlinedResponses": {"inlinedResponses": [{("metadata" if key == "key" else key): ({"key": value} if key == "key" else value) for key, value in one.items()}
                                                                for one in results]}}
        elif state == "SUCCEEDED":
            output = {"responsesFile": f"files/batch-{batch['id']}"}
            self.files.setdefault(output["responsesFile"], "".join(json.dumps(one) + "\n" for one in results).encode())
        when = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(batch["at"]))
        about = {"@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch", "model": "models/m", "displayName": batch["wanted"].get("displayName", ""),
                 "createTime": when, "updateTime": when, "state": "BATCH_STATE_" + state, "name": "batches/" + batch["id"],
                 "batchStats": {"requestCount": str(len(batch["requests"])), "successfulRequestCount": str(ends.count("answered")),
                                "failedRequestCount": str(len(ends) - ends.count("answered")), "pendingRequestCount": str(len(batch["requests"]) - len(ends))}}
        operation = {"name": "batches/" + batch["id"], "metadata": {**about, **({"output": output} if output else {})}}
        if state == "FAILED":
            operation.update(done=True, error={"code": 13, "message": self.fail})
        elif state != "RUNNING":
            operation.update(done=True, response=output)
        return operation


class Listener(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        self.owner.broken += 1  # who asked is gone


class ModelServer:
    """A provider on a free port of loopback. `script`: behaviours to take in order, the last for ever; or a function of the request."""

    def __init__(self, script=None):
        self.lock = threading.Lock()
        self.batches = Batches(self)
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
