"""An S3 server (versitygw) and a small web server of this machine, for tests that read from elsewhere."""
import http.server
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from aisle import ROOT

PROGRAM = ROOT / ".deps/bin/versitygw"


def require():
    if not PROGRAM.exists():
        raise unittest.SkipTest("there is no versitygw: run scripts/setup.sh test with Go 1.20 or newer")


class S3:
    """Buckets are folders below `root`; files put there are objects. `environment` is what a client needs."""

    def __init__(self):
        require()
        self.scratch = tempfile.TemporaryDirectory(prefix="aisle-s3-")
        self.root = Path(self.scratch.name)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": "testkey", "AWS_SECRET_ACCESS_KEY": "testsecret123",
                            "AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1",
                            "no_proxy": "127.0.0.1"}
        self.process = subprocess.Popen(
            [str(PROGRAM), "--port", f"127.0.0.1:{port}", "--quiet", "--health", "/health", "posix", str(self.root)],
            env={**os.environ, "ROOT_ACCESS_KEY": "testkey", "ROOT_SECRET_KEY": "testsecret123"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(400):
            try:
                with opener.open(self.endpoint + "/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError("versitygw did not start")

    def put(self, bucket, key, content):
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.scratch.cleanup()


class Web:
    """Serves a folder; the first `cuts` answers break off in the middle. Of parts that are asked for, `parts` says how they
    are got wrong: "other" (another part), "changed" (of a newer file, in spite of If-Range), "none" (416)."""

    def __init__(self, folder, cuts=0, parts="right"):
        web = self
        self.cuts, self.ranges = cuts, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                path = Path(folder) / self.path.split("?")[0].lstrip("/")
                if self.path.startswith("/moved/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/moved"))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if not path.is_file():
                    self.send_error(404)
                    return
                data, start = path.read_bytes(), 0
                if self.headers.get("Range"):
                    web.ranges.append(self.headers["Range"])
                    start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                if start and parts == "none":
                    self.send_error(416)
                    return
                if start and parts == "other":
                    start -= 7
                self.send_response(206 if start else 200)
                self.send_header("ETag", '"2"' if start and parts == "changed" else '"1"')
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if web.cuts > 0:
                    web.cuts -= 1
                    self.wfile.write(data[start:start + (len(data) - start) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(data[start:])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
