"""The gateway's own HTTP server, over bare sockets: requests cut anywhere, one after the other and several at once, bodies in
chunks, clients of HTTP/1.0, clients that leave, do not read or do not speak HTTP, and many at a time.
"""
import concurrent.futures
import json
import socket
import time
import unittest
from urllib.parse import urlparse

from gateway import GatewayCase, config_over
from model_server import behaviour

PATIENCE = 60
CHAT = "/v1/chat/completions"


class Client:
    """A socket to the gateway, and replies as they stand on the wire."""

    def __init__(self, gateway):
        url = urlparse(gateway.url)
        self.socket = socket.create_connection((url.hostname, url.port), timeout=PATIENCE)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        piece = self.socket.recv(65536)
        self.bytes += piece
        return piece

    def until(self, mark):
        while mark not in self.bytes:
            if not self.more():
                raise AssertionError(f"the connection ended: {self.bytes[-300:]!r}")
        part, self.bytes = self.bytes.split(mark, 1)
        return part

    def exactly(self, length):
        while len(self.bytes) < length:
            if not self.more():
                raise AssertionError(f"the connection ended: {self.bytes[-300:]!r}")
        part, self.bytes = self.bytes[:length], self.bytes[length:]
        return part

    def head(self):
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        return int(lines[0].split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}

    def reply(self):
        status, headers = self.head()
        if headers.get("transfer-encoding") != "chunked":
            return status, headers, self.exactly(int(headers["content-length"])).decode()
        body = b""
        while (size := int(self.until(b"\r\n"), 16)) > 0:
            body += self.exactly(size)
            self.exactly(2)
        self.exactly(2)
        return status, headers, body.decode()

    def at_end(self):
        """True once the other side has closed; what it still said is dropped."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        return True


class Silent:
    """A provider that takes what comes and never says anything."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"


def post(body, *lines, path=CHAT, version="1.1"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = "\r\n".join([f"POST {path} HTTP/{version}", "Host: x", "Content-Type: application/json", *lines, f"Content-Length: {len(data)}"])
    return head.encode() + b"\r\n\r\n" + data


def question(text="Hi", **more):
    return {"model": "main", "messages": [{"role": "user", "content": text}], **more}


def content(reply):
    status, _, body = reply
    return json.loads(body)["choices"][0]["message"]["content"] if status == 200 else (status, body)


class Connections(GatewayCase):
    def over(self, *script):
        self.upstream = self.server(*script)
        return self.gateway(config_over(self.upstream))

    def over_silence(self):
        silent = Silent()
        self.addCleanup(silent.socket.close)
        return self.gateway(config_over(silent))

    def wait_for(self, what, message):
        until = time.monotonic() + PATIENCE
        while not what():
            self.assertLess(time.monotonic(), until, message)
            time.sleep(0.02)

    def test_one_connection_serves_request_after_request_however_they_are_cut(self):
        gateway = self.over(behaviour("Hello."))
        with Client(gateway) as client:
            data = post(question())
            for size in (len(data), 1, 7, 50, data.index(b"\r\n\r\n") + 2, data.index(b"\r\n\r\n") + 4):
                for start in range(0, len(data), size):
                    client.send(data[start:start + size])
                self.assertEqual(content(client.reply()), "Hello.")

    def test_requests_sent_at_once_are_answered_in_order(self):
        gateway = self.over(behaviour("Hello."))
        with Client(gateway) as client:
            client.send(b"\r\n" + post(question()) + b"GET /health HTTP/1.1\r\n\r\n" + post(question(stream=True)) + b"GET /nowhere HTTP/1.1\r\n\r\n" + post(question()))
            self.assertEqual(content(client.reply()), "Hello.")
            self.assertEqual(json.loads(client.reply()[2]), {"status": "ok"})
            self.assertIn("[DONE]", client.reply()[2])
            self.assertEqual(client.reply()[0], 404)
            self.assertEqual(content(client.reply()), "Hello.")

    def test_bodies_in_chunks_and_those_that_ask_first(self):
        gateway = self.over(behaviour("Hello."))
        data = json.dumps(question()).encode()
        chunks = b"".join(b"%x;note\r\n%s\r\n" % (len(data[i:i + 9]), data[i:i + 9]) for i in range(0, len(data), 9)) + b"0\r\nTrailer: x\r\n\r\n"
        with Client(gateway) as client:
            client.send(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks)
            self.assertEqual(content(client.reply()), "Hello.")
            whole = post(question(), "Expect: 100-continue")
            client.send(whole[:-len(data)])
            self.assertEqual(client.head()[0], 100)
            client.send(data)
            self.assertEqual(content(client.reply()), "Hello.")

    def test_clients_of_http_1_0(self):
        gateway = self.over(behaviour("Hello."))
        with Client(gateway) as client:
            client.send(post(question(), "Connection: keep-alive", version="1.0"))
            status, headers, _ = client.reply()
            self.assertEqual((status, headers["connection"]), (200, "keep-alive"))
            client.send(post(question(stream=True), version="1.0"))
            status, headers = client.head()
            self.assertEqual((status, headers["connection"], "transfer-encoding" in headers), (200, "close", False))
            self.assertIn(b"[DONE]", client.bytes if b"[DONE]" in client.bytes else client.until(b"[DONE]") + b"[DONE]")
            self.assertTrue(client.at_end())

    def test_the_connection_ends_when_that_is_asked_for(self):
        with Client(self.over(behaviour("Hello."))) as client:
            client.send(post(question(), "Connection: close"))
            reply = client.reply()
            self.assertEqual((content(reply), reply[1]["connection"]), ("Hello.", "close"))
            self.assertTrue(client.at_end())

    def test_a_head_is_asked_for_without_its_body(self):
        with Client(self.over(behaviour("Hello."))) as client:
            client.send(b"HEAD /health HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            self.assertEqual(json.loads(client.reply()[2]), {"status": "ok"})

    def test_what_is_no_request_is_refused_and_the_connection_ends(self):
        gateway = self.over(behaviour("Hello."))
        bad = {b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n": 400, b"GET / HTTP/3\r\n\r\n": 505, b"GET / HTTP/1.1\r\nA : b\r\n\r\n": 400,
               b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
               b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": 400, b"GET / HTTP/1.1\r\nA: " + b"x" * 40000: 431}
        for data, expected in bad.items():
            with Client(gateway) as client:
                client.send(data)
                try:
                    status, _, body = client.reply()
                except ConnectionResetError:  # it did not wait for the rest of what we had to say
                    continue
                self.assertEqual((status, json.loads(body)["error"]["code"]), (expected, "bad_request"), data[:40])
                self.assertTrue(client.at_end())
        self.assertEqual(gateway.chat()[0], 200)

    def test_a_body_that_is_too_large_is_refused_and_the_next_request_served(self):
        with Client(self.over(behaviour("Hello."))) as client:
            client.send(post(b"x" * (17 << 20)))
            self.assertEqual(client.reply()[0], 413)
            client.send(post(question()))
            self.assertEqual(content(client.reply()), "Hello.")

    def test_a_body_without_end_is_not_read_to_its_end(self):
        gateway = self.over(behaviour("Hello."))
        with Client(gateway) as client:
            client.send(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 50}\r\n\r\n".encode())
            sent = 0
            with self.assertRaises(OSError):
                while sent < 1 << 30:
                    client.send(b"x" * (1 << 20))
                    sent += 1 << 20
            self.assertEqual(gateway.chat()[0], 200)

    def test_who_leaves_stops_what_runs_for_them(self):
        gateway = self.over_silence()
        for stream in (False, True):
            with Client(gateway) as client:
                client.send(post(question(stream=stream)))
                self.wait_for(lambda: "aisle_llm_calls_in_flight 1" in gateway.request("/metrics")[1], "the call is on its way")
            self.wait_for(lambda: "aisle_llm_calls_in_flight 0" in gateway.request("/metrics")[1], "it stops")

    def test_a_stream_that_is_read_late_is_whole(self):
        text = "word " * 25000  # some megabytes of events: more than the kernel keeps for who does not read
        gateway = self.over(behaviour(text))
        with Client(gateway) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            client.send(post(question(stream=True)))
            self.wait_for(lambda: "aisle_llm_calls_in_flight 0" in gateway.request("/metrics")[1] and self.upstream.seen, "the provider is through")
            status, _, body = client.reply()
            chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
            self.assertEqual((status, "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])), (200, text))

    def test_many_at_a_time(self):
        gateway = self.over(behaviour("Hello."))

        def talk(number):
            with Client(gateway) as client:
                replies = []
                for turn in range(5):
                    client.send(post(question(f"{number} {turn}", stream=turn % 2 == 1)))
                    replies.append(client.reply())
                return [status for status, _, _ in replies]

        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            for statuses in pool.map(talk, range(80)):
                self.assertEqual(statuses, [200] * 5)

    def test_it_stops_in_the_middle_of_replies(self):
        gateway = self.over_silence()
        clients = [Client(gateway) for _ in range(6)]
        for number, client in enumerate(clients):
            client.send(post(question(stream=number % 2 == 0))[:None if number < 4 else -5])
        self.wait_for(lambda: "aisle_llm_calls_in_flight 4" in gateway.request("/metrics")[1], "the calls are on their way")
        self.assertEqual(gateway.stop(), 0)
        for client in clients:
            with client:
                self.assertTrue(client.at_end())


if __name__ == "__main__":
    unittest.main()
