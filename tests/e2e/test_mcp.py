"""The Model Context Protocol over pipes and HTTP: by hand, and with the official Python and TypeScript clients."""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from aisle import PROGRAM, ROOT, run
from serving import ROWS, TABLE, Server, revenue_of

TOOLS = ["ask", "semantic_query", "describe_model", "search_values", "explain_change"]
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
CLIENTS = ROOT / ".deps/clients/node_modules"
PYTHON = ROOT / ".venv-clients/bin/python"


def setUpModule():
    global SCRATCH, SHOP
    SCRATCH = tempfile.TemporaryDirectory(prefix="aisle-mcp-")
    SHOP = Path(SCRATCH.name) / "shop"
    table = Path(SCRATCH.name) / "drinks.csv"
    table.write_text(TABLE)
    done = run("init", SHOP, table)
    assert done.returncode == 0, done.stderr


def tearDownModule():
    SCRATCH.cleanup()


def request(number, method, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def tool(number, name, **arguments):
    return request(number, "tools/call", name=name, arguments=arguments)


def talk(*messages, flags=()):
    """Sends messages (objects or raw lines), returns replies by id."""
    lines = "".join((m if isinstance(m, str) else json.dumps(m)) + "\n" for m in messages)
    done = subprocess.run([PROGRAM, "mcp", "-w", str(SHOP), *flags], input=lines, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    return {reply["id"]: reply for reply in replies}


def stop(server):
    server.process.terminate()
    server.process.wait(30)
    server.process.stdout.close()


class ByHand(unittest.TestCase):
    def test_versions(self):
        for wanted, agreed in (("2025-11-25", "2025-11-25"), ("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25")):
            reply = talk(request(1, "initialize", protocolVersion=wanted, capabilities={}, clientInfo={"name": "t", "version": "1"}),
                         {"jsonrpc": "2.0", "method": "notifications/initialized"}, request(2, "ping"))
            self.assertEqual(reply[1]["result"]["protocolVersion"], agreed)
            self.assertEqual(reply[2]["result"], {})
        reply = talk(request(1, "server/discover", _meta=META),
                     request(2, "tools/list", _meta={**META, "io.modelcontextprotocol/protocolVersion": "2031-01-01"}))
        self.assertIn("2026-07-28", reply[1]["result"]["supportedVersions"])
        self.assertEqual(reply[1]["result"]["resultType"], "complete")
        self.assertEqual(reply[2]["error"]["code"], -32022)
        self.assertEqual(reply[2]["error"]["data"]["requested"], "2031-01-01")

    def test_tools(self):
        reply = talk(request(1, "tools/list"), tool(2, "ask", question="total sales in the North"),
                     tool(3, "search_values", text="nort"), tool(4, "describe_model"),
                     tool(5, "explain_change", metric="revenue", period={"from": "2023-06-01", "to": "2023-07-01"}))
        self.assertEqual([t["name"] for t in reply[1]["result"]["tools"]], TOOLS)
        answer = reply[2]["result"]["structuredContent"]
        self.assertFalse(reply[2]["result"]["isError"])
        self.assertEqual(answer, json.loads(reply[2]["result"]["content"][0]["text"]))
        self.assertEqual(answer["status"], "answered")
        self.assertAlmostEqual(answer["rows"][0][0], revenue_of(2, "North"))
        self.assertIn("North", [v["value"] for v in reply[3]["result"]["structuredContent"]["values"]])
        self.assertIn("revenue", [m["name"] for m in reply[4]["result"]["structuredContent"]["metrics"]])
        drivers = reply[5]["result"]["structuredContent"]
        self.assertEqual(drivers["status"], "answered", drivers)
        self.assertIn("South", [row[1] for row in drivers["rows"]])

    def test_clarification_and_semantic_query(self):
        asked = talk(tool(1, "ask", question="sales in the flumph region"))[1]["result"]
        self.assertFalse(asked["isError"])
        self.assertIn(asked["structuredContent"]["status"], ("clarify", "refused"))
        query = {"metrics": ["revenue"], "dimensions": ["region"], "order": [{"metric": 0, "descending": True}], "limit": 1}
        reply = talk(tool(1, "semantic_query", query=query), tool(2, "semantic_query", query={"metrics": ["nothing_like_it"]}),
                     tool(3, "semantic_query", query={"metrics": ["revenue"], "sql": "DROP TABLE drinks"}))
        best = max(("North", "South", "East", "West"), key=lambda region: revenue_of(2, region))
        self.assertEqual(reply[1]["result"]["structuredContent"]["rows"][0][0], best)
        for number in (2, 3):
            self.assertEqual(reply[number]["result"]["structuredContent"]["status"], "refused")

    def test_resources(self):
        reply = talk(request(1, "resources/list"), request(2, "resources/read", uri="aisle://model"),
                     request(3, "resources/read", uri="file:///etc/passwd"), request(4, "resources/templates/list"))
        uris = [r["uri"] for r in reply[1]["result"]["resources"]]
        self.assertIn("aisle://model", uris)
        model = json.loads(reply[2]["result"]["contents"][0]["text"])
        self.assertTrue(model["metrics"])
        self.assertEqual(reply[3]["error"]["code"], -32002)
        dataset = next(uri for uri in uris if "/datasets/" in uri)
        read = talk(request(1, "resources/read", uri=dataset))[1]["result"]["contents"][0]
        self.assertEqual(len(json.loads(read["text"])["datasets"]), 1)
        self.assertTrue(reply[4]["result"]["resourceTemplates"])

    def test_hostile_messages(self):
        long = json.dumps(request(7, "ping", x="x" * 2_000_000))
        reply = talk("not json", "[]", '{"jsonrpc":"1.0","id":3,"method":"ping"}', request(4, "no/such"), long,
                     '{"jsonrpc":"2.0","id":{},"method":"ping"}', tool(5, "no_such_tool"), tool(6, "ask"),
                     tool(8, "ask", question=7), tool(9, "ask", question="x" * 5000), tool(10, "ask", question="sales", sql="x"),
                     tool(11, "search_values", text="a", limit=100000), request(12, "ping"))
        self.assertIn(None, reply)
        self.assertEqual(reply[3]["error"]["code"], -32600)
        self.assertEqual(reply[4]["error"]["code"], -32601)
        self.assertEqual(reply[5]["error"]["code"], -32602)
        for number in (6, 8, 9, 10, 11):
            self.assertTrue(reply[number]["result"]["isError"], number)
        self.assertNotIn(7, reply)
        self.assertEqual(reply[12]["result"], {})

    def test_scope(self):
        scope = Path(SCRATCH.name) / "north.json"
        scope.write_text(json.dumps({"user": "n", "row_filters": [{"field": "region", "values": ["North"]}]}))
        reply = talk(tool(1, "ask", question="sales by region"), tool(2, "search_values", text="South"),
                     tool(3, "describe_model"), request(4, "resources/read", uri="aisle://model"), flags=("--scope", str(scope)))
        self.assertEqual([row[0] for row in reply[1]["result"]["structuredContent"]["rows"]], ["North"])
        text = json.dumps(reply)
        for hidden in ("South", "East", "West"):
            self.assertNotIn(f'"{hidden}', text.replace('\\"', '"'))

    def test_values_of_one_field_and_dates_under_a_scope(self):
        scope = Path(SCRATCH.name) / "east.json"
        scope.write_text(json.dumps({"user": "e", "row_filters": [{"field": "region", "values": ["East"]}]}))
        reply = talk(tool(1, "search_values", text="East", field="drinks.region"), tool(2, "search_values", text="West", field="drinks.region"),
                     tool(3, "describe_model"), flags=("--scope", str(scope)))
        self.assertEqual([v["value"] for v in reply[1]["result"]["structuredContent"]["values"]], ["East"])
        self.assertEqual(reply[2]["result"]["structuredContent"]["values"], [])
        east = [row[1] for row in ROWS if row[2] == "East"]
        self.assertEqual(reply[3]["result"]["structuredContent"]["datasets"][0]["dates"], {"first": min(east), "last": max(east)})

    def test_progress_over_pipes(self):
        call = tool(1, "ask", question="units by drink")
        call["params"]["_meta"] = {"progressToken": 7}
        lines = json.dumps(call) + "\n" + json.dumps(tool(2, "ask", question="units by drink")) + "\n"
        done = subprocess.run([PROGRAM, "mcp", "-w", str(SHOP)], input=lines, capture_output=True, text=True, timeout=120)
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        told = [m["params"] for m in messages if m.get("method") == "notifications/progress"]
        self.assertEqual([one["progress"] for one in told], list(range(1, len(told) + 1)))
        self.assertEqual({one["progressToken"] for one in told}, {7})
        self.assertGreaterEqual(len(told), 3)
        self.assertEqual(sorted(m["id"] for m in messages if "id" in m), [1, 2])

    def test_over_http(self):
        server = Server(SHOP)
        try:
            accept = {"Accept": "application/json, text/event-stream"}
            status, _, text = server.post("/mcp", request(1, "initialize", protocolVersion="2025-06-18"), accept)
            self.assertEqual((status, json.loads(text)["result"]["protocolVersion"]), (200, "2025-06-18"))
            status, _, text = server.post("/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, accept)
            self.assertEqual((status, text), (202, ""))
            status, _, text = server.post("/mcp", tool(2, "ask", question="sales by drink"), accept)
            self.assertEqual(json.loads(text)["result"]["structuredContent"]["row_count"], 3)
            # Whole numbers beyond 64 bits are JSON too.
            status, _, text = server.post("/mcp", request(3, "ping", size=10 ** 40), accept)
            self.assertEqual((status, json.loads(text)["result"], json.loads(text)["id"]), (200, {}, 3))
            self.assertEqual(server.get("/mcp", Accept="application/json")[0], 406)
            status, _, text = server.get("/mcp", Accept="*/*")  # a look, not a wait
            self.assertEqual((status, text[:1]), (200, ":"))
            # How far a call is, where it asks to know: notifications, then the reply, as events.
            call = tool(4, "ask", question="units by drink")
            call["params"]["_meta"] = {"progressToken": "far"}
            status, headers, text = server.post("/mcp", call, accept)
            self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "text/event-stream"))
            messages = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
            *told, reply = messages
            self.assertEqual((reply["id"], reply["result"]["structuredContent"]["row_count"]), (4, 3))
            self.assertEqual([one["params"]["progress"] for one in told], list(range(1, len(told) + 1)))
            self.assertEqual({one["params"]["progressToken"] for one in told}, {"far"})
            self.assertLessEqual({"route", "plan", "engineer", "result"}, {one["params"]["message"] for one in told})
            self.assertEqual(server.post("/mcp", request(3, "ping"), {"Origin": "http://evil.example"})[0], 403)
        finally:
            stop(server)


PYTHON_CLIENT = """
import asyncio, json, sys
from mcp import Client, StdioServerParameters

async def main():
    target, mode = sys.argv[1], sys.argv[2]
    server = target if target.startswith("http") else StdioServerParameters(command=target, args=["mcp", "-w", sys.argv[3]])
    async with Client(server, mode=mode) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("ask", {"question": "sales in the North"})
        resource = await client.read_resource("aisle://model")
        wrong = await client.call_tool("ask", {"question": ""})
        print(json.dumps({"tools": [t.name for t in tools.tools], "answer": answer.structured_content, "model": json.loads(resource.contents[0].text),
                          "wrong": wrong.is_error}))

asyncio.run(main())
"""

TYPESCRIPT_CLIENT = """
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
const [target, workspace] = process.argv.slice(2);
const client = new Client({name: 'test', version: '1.0.0'});
await client.connect(target.startsWith('http') ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({command: target, args: ['mcp', '-w', workspace]}));
const tools = await client.listTools();
const answer = await client.callTool({name: 'ask', arguments: {question: 'sales in the North'}});
const resource = await client.readResource({uri: 'aisle://model'});
const wrong = await client.callTool({name: 'ask', arguments: {question: ''}});
console.log(JSON.stringify({tools: tools.tools.map((t) => t.name), answer: answer.structuredContent, model: JSON.parse(resource.contents[0].text),
  wrong: wrong.isError}));
await client.close();
"""


PYTHON_LISTENER = """
import anyio, json, sys
from mcp import Client, StdioServerParameters

async def main():
    target, changed = sys.argv[1], anyio.Event()
    server = target if target.startswith("http") else StdioServerParameters(command=target, args=["mcp", "-w", sys.argv[2]])
    told = []
    async def on_message(message):
        if "list_changed" in repr(getattr(message, "method", "") or getattr(getattr(message, "root", message), "method", "")): changed.set()
    async def on_progress(progress, total, message):
        told.append(message)
    async with Client(server, mode="legacy", message_handler=on_message) as client:
        answer = await client.call_tool("ask", {"question": "units by drink"}, progress_callback=on_progress)
        print(json.dumps({"rows": answer.structured_content["row_count"], "progress": told}), flush=True)
        with anyio.fail_after(100):
            await changed.wait()
        print("changed", flush=True)

anyio.run(main)
"""

TYPESCRIPT_LISTENER = """
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {ResourceListChangedNotificationSchema} from '@modelcontextprotocol/sdk/types.js';
const [target, workspace] = process.argv.slice(2);
const client = new Client({name: 'test', version: '1.0.0'});
const changed = new Promise((done) => client.setNotificationHandler(ResourceListChangedNotificationSchema, async () => done()));
await client.connect(target.startsWith('http') ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({command: target, args: ['mcp', '-w', workspace]}));
const progress = [];
const answer = await client.callTool({name: 'ask', arguments: {question: 'units by drink'}}, undefined, {onprogress: (told) => progress.push(told.message)});
console.log(JSON.stringify({rows: answer.structuredContent.row_count, progress}));
await changed;
console.log('changed');
await client.close();
"""


class Listening(unittest.TestCase):
    """Official clients hear how far a call is, and that the data has changed."""

    def setUp(self):
        self.workspace = Path(SCRATCH.name) / self.id().rsplit(".", 1)[1]
        self.table = Path(SCRATCH.name) / "more.csv"
        self.table.write_text(TABLE)
        done = run("init", self.workspace, self.table)
        self.assertEqual(done.returncode, 0, done.stderr)

    def listen(self, *command):
        """Data are loaded again, into a workspace somebody listens to, until they hear of it."""
        client = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=SCRATCH.name)
        try:
            first = client.stdout.readline()
            if not first:
                self.fail(client.stderr.read()[-3000:])
            told = json.loads(first)
            self.assertEqual(told["rows"], 3)
            self.assertIn("plan", told["progress"])  # the last ones may come in with the answer
            # The listening stream may be opened a moment after the first answer: what is loaded before is not heard of.
            loader = threading.Thread(target=self.load_until, args=(client,), daemon=True)
            loader.start()
            out, problems = client.communicate(timeout=120)
            loader.join(60)
        finally:
            client.kill()
            client.wait(60)
            client.stdout.close()
            client.stderr.close()
        self.assertEqual((client.returncode, out.strip()), (0, "changed"), problems[-3000:])

    def load_until(self, client):
        for number in range(8):
            with open(self.table, "a") as file:
                file.write(f"C{number:04},2023-12-28,North,Tea,1,1.00\n")
            run("ingest", "-w", self.workspace, self.table)
            try:
                client.wait(12)
                return
            except subprocess.TimeoutExpired:
                continue

    def over_both(self, listen):
        listen(PROGRAM)
        server = Server(self.workspace)
        try:
            listen(f"http://127.0.0.1:{server.port}/mcp")
        finally:
            stop(server)

    def test_python_listens(self):
        if not PYTHON.exists():
            self.skipTest("the Python client is not installed (scripts/setup.sh test)")
        self.over_both(lambda target: self.listen(PYTHON, "-c", PYTHON_LISTENER, target, self.workspace))

    def test_typescript_listens(self):
        if shutil.which("node") is None or not (CLIENTS / "@modelcontextprotocol/sdk").is_dir():
            self.skipTest("the TypeScript client is not installed (scripts/setup.sh test)")
        script = Path(SCRATCH.name) / "listener.mjs"
        script.write_text(TYPESCRIPT_LISTENER)
        modules = Path(SCRATCH.name) / "node_modules"
        if not modules.exists():
            os.symlink(CLIENTS, modules)
        self.over_both(lambda target: self.listen("node", script, target, self.workspace))


class OfficialClients(unittest.TestCase):
    def drive(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=SCRATCH.name)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        told = json.loads(done.stdout)
        self.assertEqual(told["tools"], TOOLS)
        self.assertAlmostEqual(told["answer"]["rows"][0][0], revenue_of(2, "North"))
        self.assertIn("revenue", [m["name"] for m in told["model"]["metrics"]])
        self.assertTrue(told["wrong"])

    def over_both(self, drive):
        drive(PROGRAM)
        server = Server(SHOP)
        try:
            drive(f"http://127.0.0.1:{server.port}/mcp")
        finally:
            stop(server)

    def test_python(self):
        if not PYTHON.exists():
            self.skipTest("the Python client is not installed (scripts/setup.sh test)")
        for mode in ("auto", "legacy"):
            with self.subTest(mode):
                self.over_both(lambda target: self.drive(PYTHON, "-c", PYTHON_CLIENT, target, mode, str(SHOP)))

    def test_typescript(self):
        if shutil.which("node") is None or not (CLIENTS / "@modelcontextprotocol/sdk").is_dir():
            self.skipTest("the TypeScript client is not installed (scripts/setup.sh test)")
        script = Path(SCRATCH.name) / "client.mjs"
        script.write_text(TYPESCRIPT_CLIENT)
        modules = Path(SCRATCH.name) / "node_modules"
        if not modules.exists():
            os.symlink(CLIENTS, modules)
        self.over_both(lambda target: self.drive("node", str(script), target, str(SHOP)))


if __name__ == "__main__":
    unittest.main()
