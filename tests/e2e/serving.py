"""What the tests of aisle serve share: a small table, a running server, and a case that starts one."""
import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from aisle import PROGRAM, run

REGIONS, DRINKS = ("North", "South", "East", "West"), ("Tea", "Coffee", "Cocoa")
ROWS = [(f"B{i // 2:04}", f"2023-{1 + i % 12:02}-{1 + i % 28:02}", REGIONS[i % 4], DRINKS[i % 3], 1 + i % 7, 100 + i % 900)
        for i in range(1200)]
TABLE = "Order No,Order Date,Region,Drink,Quantity,Unit Price\n" + "".join(
    f"{order},{date},{region},{drink},{quantity},{cents / 100:.2f}\n" for order, date, region, drink, quantity, cents in ROWS)


def revenue_of(column, value):
    return sum(row[4] * row[5] for row in ROWS if row[column] == value) / 100


class Server:
    """One running server over a workspace."""

    def __init__(self, workspace, *flags, environment=None):
        self.process = subprocess.Popen([PROGRAM, "serve", "-w", str(workspace), "--listen", "127.0.0.1:0", *flags],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, **(environment or {})})
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.said = ""
        while "http://" not in self.said:
            self.said += lines.get(timeout=60)
        self.port = urlsplit(re.search(r"http://[^ ]+", self.said).group()).port

    def request(self, method, path, body=None, headers=None, timeout=60):
        """(status, headers in lower case, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, {key.lower(): value for key, value in reply.getheaders()}, reply.read().decode(errors="replace")
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, None, headers)

    def post(self, path, value, headers=None):
        body = value if isinstance(value, (str, bytes)) else json.dumps(value)
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def ask(self, question, **more):
        status, _, text = self.post("/v1/ask", {"question": question, **more})
        return status, json.loads(text)

    def stream(self, method, path, value=None, headers=None, timeout=60):
        """Opens an event stream; returns an Events to read it by."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request(method, path, None if value is None else json.dumps(value),
                           {"Content-Type": "application/json", "Accept": "text/event-stream, application/json", **(headers or {})})
        return Events(connection)

    def raw(self, data, timeout=10):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := peer.recv(65536):
                received += chunk
            return received

    def stop(self, sent=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sent)
        return self.process.wait(timeout=30)


class Events:
    """One open event stream, read event by event: (number, name, value)."""

    def __init__(self, connection):
        self.connection = connection
        self.reply = connection.getresponse()
        self.socket = connection.sock

    def __iter__(self):
        return self

    def __next__(self):
        fields = {}
        while line := self.reply.readline().decode().rstrip("\n"):
            key, _, value = line.partition(": ")
            if key in ("id", "event", "data"):
                fields[key] = value
        if "data" in fields:
            return int(fields["id"]), fields["event"], json.loads(fields["data"])
        if self.reply.isclosed() or not self.reply.peek(1):
            raise StopIteration
        return next(self)

    def close(self):
        self.reply.close()
        self.connection.close()


class ServeCase(unittest.TestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = Path(scratch.name)
        (cls.folder / "bar.csv").write_text(TABLE)
        cls.workspace = cls.folder / "bar"
        done = run("init", cls.workspace, cls.folder / "bar.csv")
        assert done.returncode == 0, done.stderr
        cls.server = Server(cls.workspace, *cls.flags)
        cls.addClassCleanup(lambda: cls.server.stop())

    def assert_problem(self, reply, status, code):
        self.assertEqual(reply[0], status, reply[2])
        self.assertEqual(reply[1]["content-type"], "application/problem+json")
        problem = json.loads(reply[2])
        self.assertEqual((problem["status"], problem["code"]), (status, code), problem)
        self.assertTrue(problem["detail"])
        self.assertNotIn(str(self.folder), reply[2])
        return problem
