#!/usr/bin/env python3
"""Many listeners while questions are answered. Writes bench/results/streams.{json,md}.

    bench/streams.py [--listeners 1000] [--rate 100] [--seconds 30]

Half of the listeners hold an event stream (GET /v1/events), half an idle WebSocket; meanwhile questions are asked at a
fixed rate, half of them for events and half for plain JSON, most of them new (so that the engine works). Latency is from
when a question was due, not from when it could be sent, until its whole answer was read; memory is the server's resident
set, divided by the connections it grew by. AISLE names the program. Only the standard library is needed.
"""
import argparse
import base64
import datetime
import http.client
import json
import os
import platform
import queue
import random
import re
import resource
import selectors
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
AISLE = (HERE.parent / os.environ.get("AISLE", "build/aisle")).resolve()
REGIONS, DRINKS = ("North", "South", "East", "West"), ("Tea", "Coffee", "Cocoa", "Juice", "Water")
MONTHS = "January February March April May June July August September October November December".split()
ASKERS = 24


def write_table(path, rows):
    chance = random.Random(11)
    with path.open("w") as out:
        out.write("Order No,Order Date,Region,Drink,Quantity,Unit Price\n")
        for i in range(rows):
            out.write(f"B{i // 2:07},{chance.randrange(2021, 2024)}-{1 + i % 12:02}-{1 + i % 28:02},{REGIONS[i % 4]},{DRINKS[i % 5]},{1 + i % 7},"
                      f"{1 + chance.random() * 9:.2f}\n")


def start_server(folder, rows):
    write_table(folder / "bar.csv", rows)
    subprocess.run([AISLE, "init", folder / "bar", folder / "bar.csv"], check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([AISLE, "serve", "-w", folder / "bar", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    return server, int(re.search(r"http://[^ :]+:(\d+)", line).group(1))


def resident_kb(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise RuntimeError("no resident set")


class Listeners:
    """Connections that only listen; one thread reads what comes, so that none of them is full."""

    def __init__(self, port, count):
        self.selector, self.heard, self.lost, self.running = selectors.DefaultSelector(), 0, 0, True
        for i in range(count):
            peer = socket.create_connection(("127.0.0.1", port), timeout=30)
            if i % 2:
                key = base64.b64encode(os.urandom(16)).decode()
                head = f"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            else:
                head = "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
            peer.sendall(head.encode())
            status = peer.recv(4096).split()[1]
            if status not in (b"200", b"101"):
                raise RuntimeError(f"a listener was refused: {status}")
            peer.setblocking(False)
            self.selector.register(peer, selectors.EVENT_READ, bool(i % 2))
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.running:
            for key, _ in self.selector.select(timeout=0.5):
                data = key.fileobj.recv(65536)
                if not data:
                    self.lost += 1
                    self.selector.unregister(key.fileobj)
                    continue
                self.heard += 1
                if key.data and data[0] & 0x0F == 9:  # a ping wants its pong
                    key.fileobj.sendall(bytes([0x8A, 0x80]) + os.urandom(4))

    def close(self):
        self.running = False
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def question(chance):
    if chance.random() < 0.1:
        return f"revenue by {chance.choice(('region', 'drink', 'month'))}"  # asked before
    return (f"{chance.choice(('revenue', 'units'))} by {chance.choice(('region', 'drink'))} from {1 + chance.randrange(14)} to {15 + chance.randrange(13)} "
            f"{chance.choice(MONTHS)} {2021 + chance.randrange(3)}")


def ask_at(port, rate, seconds):
    """Latencies in seconds, and how many failed."""
    due, latencies, failures, lock = queue.Queue(), [], [], threading.Lock()

    def asker(number):
        chance, connection = random.Random(number), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (moment := due.get()) is not None:
            accept = "text/event-stream" if chance.random() < 0.5 else "application/json"
            try:
                connection.request("POST", "/v1/ask", json.dumps({"question": question(chance)}), {"Content-Type": "application/json", "Accept": accept})
                reply = connection.getresponse()
                body = reply.read()
                good = reply.status == 200 and (b'"status":"answered"' in body)
            except OSError:
                connection.close()
                good = False
            with lock:
                (latencies if good else failures).append(time.monotonic() - moment)

    threads = [threading.Thread(target=asker, args=(i,)) for i in range(ASKERS)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for i in range(int(rate * seconds)):
        moment = began + i / rate
        time.sleep(max(0, moment - time.monotonic()))
        due.put(moment)
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return sorted(latencies), len(failures)


def measure(arguments):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as scratch:
        server, port = start_server(Path(scratch), arguments.rows)
        try:
            ask_at(port, 50, 4)  # so that what the first questions need is not counted as the listeners'
            time.sleep(1)
            before = resident_kb(server.pid)
            listeners = Listeners(port, arguments.listeners)
            time.sleep(2)
            after = resident_kb(server.pid)
            latencies, failures = ask_at(port, arguments.rate, arguments.seconds)
            listeners.close()
        finally:
            server.terminate()
            server.wait()
    def at(part):
        return round(1000 * latencies[min(len(latencies) - 1, int(part * len(latencies)))], 1)
    return {"listeners": arguments.listeners, "lost": listeners.lost, "questions": len(latencies), "failed": failures, "rate_asked": arguments.rate,
            "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "max_ms": at(1), "memory_kb_per_listener": round((after - before) / arguments.listeners, 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rows", type=int, default=200_000)
    arguments = parser.parse_args()
    result = measure(arguments)
    result |= {"when": datetime.date.today().isoformat(), "cores": os.cpu_count(), "load_before": os.getloadavg()[1], "system": platform.machine(), "nice": os.nice(0)}
    folder = HERE / "results"
    (folder / "streams.json").write_text(json.dumps(result, indent=1) + "\n")
    text = (f"# {result['listeners']:,} listeners while {result['rate_asked']:g} questions a second are answered\n\n"
            "| | measured | aim |\n| --- | --- | --- |\n"
            f"| p50 / p95 / p99 / slowest | {result['p50_ms']} / {result['p95_ms']} / {result['p99_ms']} / {result['max_ms']} ms | p95 < 1,000 ms |\n"
            f"| memory of the server for each listener | {result['memory_kb_per_listener']} KB | < 40 KB |\n"
            f"| answered, failed, listeners lost | {result['questions']:,}, {result['failed']}, {result['lost']} | |\n\n"
            f"Half event streams, half WebSockets; {arguments.rows:,} rows, nine of ten questions new; {result['cores']} cores shared with the load itself, "
            f"system load {result['load_before']:.1f} from other work{', run at raised priority' if result['nice'] < 0 else ''}. Made by bench/streams.py on {result['when']}.\n")
    (folder / "streams.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
