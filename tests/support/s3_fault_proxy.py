#!/usr/bin/env python3
"""Stands between a client and an S3 server on this machine and does what networks and services do wrong.

    s3_fault_proxy.py SERVER_PORT        prints the port it listens on

POST /__faults takes a list of rules, each used up after `times` requests that fit:
    {"method": "GET", "contains": "part", "skip": 0, "times": 2, "kind": "status", "status": 503, "code": "SlowDown", "retry_after": 0}
kinds: status (answers without asking the server) · truncate (half of the body, then the connection ends) · lost (the server does
it, the answer never comes) · refuse (the connection ends at once) · drip (a byte every 100 ms) · hang (no answer)
GET /__seen gives the requests since the last POST /__faults, as "METHOD path?query range" lines.
"""
import http.client
import http.server
import json
import socket
import sys
import threading
import time

SERVER_PORT = int(sys.argv[1])
LOCK = threading.Lock()
RULES, SEEN = [], []


def take_rule(method, path, range_of):
    with LOCK:
        SEEN.append(f"{method} {path} {range_of or ''}")
        for rule in RULES:
            if rule.get("method", method) != method or rule.get("contains", "") not in path or rule.get("times", 1) <= 0:
                continue
            if rule.get("skip", 0) > 0:
                rule["skip"] -= 1
                continue
            rule["times"] = rule.get("times", 1) - 1
            return dict(rule)
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def control(self, body):
        with LOCK:
            if self.path == "/__faults":
                RULES[:] = json.loads(body)
                SEEN.clear()
            text = "\n".join(SEEN)
        self.answer(200, text.encode())

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def forward(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", SERVER_PORT, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body if body else None)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response, data

    def relay(self, response, data, rule):
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if response.getheader("Content-Length") is None and response.status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        kind = rule["kind"] if rule else ""
        if kind == "truncate":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.drop()
        elif kind == "drip":
            for byte in data:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(data)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/__"):
            return self.control(body)
        rule = take_rule(self.command, self.path, self.headers.get("Range"))
        kind = rule["kind"] if rule else ""
        if kind == "status":
            text = f"<?xml version='1.0'?><Error><Code>{rule.get('code', 'InternalError')}</Code><Message>m</Message></Error>"
            extra = [("Retry-After", str(rule["retry_after"]))] if "retry_after" in rule else []
            return self.answer(rule["status"], text.encode(), extra)
        if kind == "refuse":
            return self.drop()
        if kind == "hang":
            time.sleep(rule.get("seconds", 5))
            return self.drop()
        response, data = self.forward(body)
        if kind == "lost":
            return self.drop()
        return self.relay(response, data, rule)

    def do_GET(self):
        try:
            self.handle_one()
        except (BrokenPipeError, ConnectionResetError, OSError):
            self.close_connection = True

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
