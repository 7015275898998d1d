"""A Trino of this machine: started with settings of its own on a free port, asked over its REST API, stopped by its process.

`lake` is a catalog of Delta tables in a folder (local:///…, which Trino only reads) and in a bucket (s3://…, which it also writes).
"""
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HEAP = "1g"
START_SECONDS, QUERY_SECONDS = 300, 300

SETTINGS = """coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
node.environment=test
node.id=one
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
plugin.dir={home}/plugin
catalog.config-dir={folder}/catalog
catalog.management=static
query.max-memory=400MB
query.max-memory-per-node=400MB
memory.heap-headroom-per-node=200MB
task.concurrency=2
"""

# What changes behind its back is seen at once: nothing of a table is kept between two questions.
CATALOG = """connector.name=delta_lake
hive.metastore=file
hive.metastore.catalog.dir=local:///metastore
fs.hadoop.enabled=false
fs.native-local.enabled=true
local.location={root}
delta.register-table-procedure.enabled=true
delta.metadata.cache-ttl=0s
delta.metadata.live-files.cache-ttl=0s
"""

BUCKETS = """fs.native-s3.enabled=true
s3.endpoint={endpoint}
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key={key}
s3.aws-secret-key={secret}
"""

# The compiler that starts fast, and what Trino asks of a JVM.
JVM = ["-Xmx" + HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=256M",
       "-Djdk.attach.allowAttachSelf=true", "-Djdk.nio.maxCachedBufferSize=2000000", "--enable-native-access=ALL-UNNAMED",
       "--sun-misc-unsafe-memory-access=allow", "--add-modules=jdk.incubator.vector", "-Duser.timezone=UTC"]

ACTIVE_NODES = "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'"


class QueryFailed(Exception):
    """What Trino says of a statement that it refuses."""


class Trino:
    def __init__(self, java, home, s3=None):
        self.scratch = tempfile.TemporaryDirectory(prefix="aisle-trino-")
        self.folder = Path(self.scratch.name)
        self.root = self.folder / "tables"
        self.log = self.folder / "log.txt"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        catalog = CATALOG.format(root=self.root)
        if s3:
            catalog += BUCKETS.format(endpoint=s3.endpoint, key=s3.environment["AWS_ACCESS_KEY_ID"],
                                      secret=s3.environment["AWS_SECRET_ACCESS_KEY"])
        self.root.mkdir()
        (self.folder / "catalog").mkdir()
        (self.folder / "catalog/lake.properties").write_text(catalog)
        (self.folder / "config.properties").write_text(SETTINGS.format(port=port, home=home, folder=self.folder))
        (self.folder / "log.properties").write_text("io.trino=WARN\n")
        self.process = subprocess.Popen(
            [java, *JVM, f"-Dconfig={self.folder}/config.properties", f"-Dlog.levels-file={self.folder}/log.properties",
             "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def wait_until_it_answers(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if not self.fetch(self.url + "/v1/info")["starting"] and self.run(ACTIVE_NODES)[0][0] > 0:
                    self.run("CREATE SCHEMA lake.s WITH (location = 'local:///s')")
                    return
            except (OSError, ValueError, QueryFailed):
                pass
            time.sleep(0.25)
        tail = "\n".join(line[:300] for line in self.log.read_text(errors="replace").splitlines()[-15:])
        raise AssertionError(f"Trino did not start:\n{tail}")

    def fetch(self, url, data=None):
        request = urllib.request.Request(url, data, {"X-Trino-User": "aisle", "X-Trino-Catalog": "lake", "X-Trino-Schema": "s",
                                                     "X-Trino-Time-Zone": "UTC",
                                                     "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"})
        with self.opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())

    def run(self, sql):
        """Rows of a statement, as lists of JSON values (decimals are texts)."""
        end = time.monotonic() + QUERY_SECONDS
        while True:
            try:
                return self.run_once(sql, end)
            except QueryFailed as failed:  # nothing was run: on a busy machine its own heartbeat may be late
                if "No nodes available" not in str(failed) or time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def run_once(self, sql, end):
        answer, rows = self.fetch(self.url + "/v1/statement", sql.encode()), []
        while True:
            rows += answer.get("data", [])
            if "error" in answer:
                raise QueryFailed(answer["error"]["message"])
            if "nextUri" not in answer:
                return rows
            if time.monotonic() > end:
                raise AssertionError(f"Trino took longer than {QUERY_SECONDS} s for: {sql}")
            try:
                answer = self.fetch(answer["nextUri"])
            except urllib.error.HTTPError as error:
                if error.code not in (502, 503, 504):  # asked to come again
                    raise
                answer = {"nextUri": error.url}
                time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.scratch.cleanup()


def from_environment(s3=None):
    """The Trino that scripts/cluster.sh found a Java for."""
    return Trino(os.environ["AISLE_TRINO_JAVA"] + "/bin/java", os.environ["AISLE_TRINO"], s3)
