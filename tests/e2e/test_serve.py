"""aisle serve: questions over HTTP, refusals of every kind, what is kept, and a calm end."""
import concurrent.futures
import http.client
import json
import re
import signal
import socket
import unittest
from urllib.parse import quote

from aisle import INVALID_ARGUMENT, NOT_FOUND, run
from serving import REGIONS, ROWS, Server, ServeCase, revenue_of

class Questions(ServeCase):
    def test_an_answer_has_the_right_numbers(self):
        status, answer = self.server.ask("revenue by region")
        self.assertEqual((status, answer["status"]), (200, "answered"), answer)
        for region, revenue in answer["rows"]:
            self.assertAlmostEqual(revenue, revenue_of(2, region), places=6)
        self.assertEqual(len(answer["rows"]), 4)
        self.assertTrue(answer["narrative"])
        self.assertIn("SELECT", answer["sql"])

    def test_the_same_words_come_from_memory(self):
        first, second = self.server.ask("revenue by drink in 2023")[1], self.server.ask("revenue by drink in 2023")[1]
        self.assertEqual(second["route"], "exact_cache")
        self.assertNotEqual(first["id"], second["id"])
        own = ("id", "route", "timing_ms")
        self.assertEqual({k: v for k, v in first.items() if k not in own}, {k: v for k, v in second.items() if k not in own})

    def test_other_words_of_one_meaning_share_a_result(self):
        first, second = self.server.ask("revenue per drink")[1], self.server.ask("sales by drink")[1]
        self.assertEqual(first["resolved"], second["resolved"])
        self.assertEqual(second["route"], "meaning_cache")
        self.assertEqual(first["rows"], second["rows"])

    def test_identical_questions_in_flight_run_once(self):
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = [answer for _, answer in pool.map(lambda _: self.server.ask("units by month and region"), range(24))]
        self.assertEqual({answer["status"] for answer in answers}, {"answered"})
        self.assertEqual(len({answer["id"] for answer in answers}), 24)
        self.assertEqual([answer["route"] for answer in answers].count("rules"), 1)
        self.assertEqual(len({json.dumps(answer["rows"]) for answer in answers}), 1)

    def test_refused_and_asked_back_are_answers(self):
        status, answer = self.server.ask("what is the weather like")
        self.assertEqual((status, answer["status"]), (200, "refused"), answer)
        self.assertTrue(answer["reason"]["code"])
        status, answer = self.server.ask("best region")
        self.assertEqual((status, answer["status"]), (200, "clarify"), answer)
        self.assertIn(len(answer["clarify"]["options"]), (2, 3, 4))

    def test_a_conversation_goes_on(self):
        first = self.server.ask("revenue by region", session="talk-1")[1]
        second = self.server.ask("only Tea", session="talk-1")[1]
        self.assertEqual(second["after"], first["id"])
        self.assertEqual(second["status"], "answered", second)
        tea = sum(row[4] * row[5] for row in ROWS if row[3] == "Tea") / 100
        self.assertAlmostEqual(sum(row[1] for row in second["rows"]), tea, places=6)
        self.assert_problem(self.server.post("/v1/ask", {"question": "and South?", "after": "a_0000"}), 404, "not_found")

    def test_a_semantic_query(self):
        reply = self.server.post("/v1/query", {"query": {"metrics": ["revenue"], "filters": [{"field": "drink", "values": ["Tea"]}]}})
        answer = json.loads(reply[2])
        self.assertEqual((reply[0], answer["status"]), (200, "answered"), reply[2])
        self.assertAlmostEqual(answer["rows"][0][0], revenue_of(3, "Tea"), places=6)
        answer = json.loads(self.server.post("/v1/query", {"query": {"metrics": ["happiness"]}})[2])
        self.assertEqual(answer["status"], "refused")

    def test_understanding_runs_nothing(self):
        reply = self.server.post("/v1/understand", {"question": "revenue by region last month", "as_of": "2023-06-15"})
        answer = json.loads(reply[2])
        self.assertEqual((reply[0], answer["rows"]), (200, []))
        self.assertEqual(answer["resolved"]["time"], {"from": "2023-05-01", "to": "2023-06-01"})

    def test_looking_around(self):
        suggestions = json.loads(self.server.get("/v1/suggest?q=reven")[2])["suggestions"]
        self.assertTrue(any("revenue" in text.lower() for text in suggestions), suggestions)
        values = json.loads(self.server.get("/v1/values/region")[2])
        self.assertEqual({(one["value"], one["rows"]) for one in values["values"]}, {(region, 300) for region in REGIONS})
        values = json.loads(self.server.get("/v1/values/drink?q=co&limit=1")[2])["values"]
        self.assertEqual(len(values), 1)
        self.assertIn("co", values[0]["value"].lower())
        tables = json.loads(self.server.get("/v1/tables")[2])["tables"]
        self.assertEqual([(table["rows"], table["first_date"], table["last_date"]) for table in tables], [(1200, "2023-01-01", "2023-12-28")])
        self.assertNotIn(str(self.folder), self.server.get("/v1/tables")[2])
        model = json.loads(self.server.get("/v1/model")[2])
        self.assertIn("revenue", [metric["name"] for metric in model["metrics"]])
        self.assert_problem(self.server.get("/v1/values/nothing"), 404, "not_found")


class Protocol(ServeCase):
    def test_what_is_running(self):
        self.assertEqual(json.loads(self.server.get("/healthz")[2])["status"], "ok")
        self.assertEqual(json.loads(self.server.get("/readyz")[2])["status"], "ok")
        self.assertIn("this machine only", self.server.said)
        status, headers, text = self.server.get("/metrics")
        self.assertTrue(headers["content-type"].startswith("text/plain"))
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? [0-9.e+-]+)$")

    def test_the_description_is_complete(self):
        document = json.loads(self.server.get("/openapi.json")[2])
        self.assertEqual(document["openapi"], "3.1.0")
        part = re.search(r'"/assets/([^"]+)"', self.server.get("/")[2]).group(1)
        for path, methods in document["paths"].items():
            for method in methods:
                reply = self.server.request(method.upper(), path.replace("{field}", "region").replace("{id}", "none").replace("{name}", "bar").replace("{file}", part))
                self.assertNotIn(reply[0], (405, 500), (method, path))
                if reply[0] == 404:  # of a thing with an id, not of the address
                    self.assertIn("{id}", path)
                    self.assertNotIn("openapi.json", reply[2], path)

    def test_the_page_needs_nothing_from_elsewhere(self):
        status, headers, page = self.server.get("/")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertNotIn("unsafe", headers["content-security-policy"])
        self.assertNotRegex(page, r"<script(?![^>]* src=)|<style|\son[a-z]+=|https?://")
        for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page):
            self.assertEqual(self.server.get(asset)[0], 200, asset)

    def test_the_parts_of_the_page_are_kept_by_browsers(self):
        page = self.server.get("/")
        self.assertEqual(page[1]["cache-control"], "no-cache")
        self.assertEqual(self.server.get("/", **{"If-None-Match": page[1]["etag"]})[0], 304)
        self.assertEqual(self.server.get("/", **{"If-None-Match": '"other"'})[0], 200)
        script = re.search(r'src="(/assets/[^"]+\.js)"', page[2]).group(1)
        plain = self.server.get(script)
        self.assertEqual(plain[1]["cache-control"], "public, max-age=31536000, immutable")
        self.assertNotIn("content-encoding", plain[1])
        for encoding in ("br", "gzip"):
            status, headers, _ = self.server.get(script, **{"Accept-Encoding": encoding})
            self.assertEqual((status, headers["content-encoding"], headers["vary"]), (200, encoding, "Accept-Encoding"))
            self.assertLess(int(headers["content-length"]), len(plain[2]) // 2)
        for missing in ("/assets/none.js", "/assets/..%2fpage.html", "/assets/%00"):
            self.assertIn(self.server.get(missing)[0], (400, 404))

    def test_head_is_get_without_a_body(self):
        status, headers, text = self.server.request("HEAD", "/openapi.json")
        self.assertEqual((status, text), (200, ""))
        self.assertEqual(int(headers["content-length"]), len(self.server.get("/openapi.json")[2].encode()))

    def test_addresses_and_methods(self):
        self.assert_problem(self.server.get("/nothing"), 404, "not_found")
        self.assert_problem(self.server.get("/v1/ask/"), 404, "not_found")
        for method, path, allow in (("GET", "/v1/ask", "POST"), ("POST", "/v1/streams/x", "GET, HEAD, DELETE"), ("DELETE", "/healthz", "GET, HEAD"), ("OPTIONS", "/v1/ask", "POST"),
                                    ("POST", "/metrics", "GET, HEAD"), ("BREW", "/", "GET, HEAD")):
            reply = self.server.request(method, path, "x" if method == "POST" else None)
            self.assert_problem(reply, 405, "method_not_allowed")
            self.assertEqual(reply[1]["allow"], allow)

    def test_media_types(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
            reply = self.server.post("/v1/ask", {"question": "revenue"}, {"Content-Type": kind})
            self.assert_problem(reply, 415, "unsupported_media_type")
        reply = self.server.post("/v1/ask", {"question": "revenue"}, {"Content-Encoding": "gzip"})
        self.assert_problem(reply, 415, "unsupported_media_type")
        self.assert_problem(self.server.get("/healthz", Accept="text/html"), 406, "not_acceptable")
        self.assertEqual(self.server.get("/healthz", Accept="text/html, */*;q=0.1")[0], 200)

    def test_bodies_that_are_wrong(self):
        for body in ("", "{", "[]", "null", '"x"', "{}", '{"question": 5}', '{"question": ""}', '{"question": "a", "question": "b"}',
                     '{"question": "a", "extra": 1}', '{"question": "a", "as_of": "2023-02-30"}', '{"question": "a", "max_rows": 0}', '{"question": "a", "max_rows": 1' + "0" * 30 + "}",
                     '{"question": "a", "session": "no spaces allowed"}', '{"question": "\\u0000"}', b'{"question": "\xff"}',
                     '{"question": ' + "[" * 500 + "]" * 500 + "}", json.dumps({"question": "x" * 2001})):
            self.assert_problem(self.server.post("/v1/ask", body), 400, "invalid_argument")
        for query in ({"metrics": "revenue"}, {"colour": 1}, {"limit": 0}, {"filters": [{"field": "x", "op": "like"}]}):
            self.assert_problem(self.server.post("/v1/query", {"query": query}), 400, "invalid_argument")

    def test_parameters_that_are_wrong(self):
        for query in ("", "?q=a&q=b", "?q=a&limit=0", "?q=a&limit=51", "?q=a&limit=x", "?q=a&limit=1.0", "?q=a&other=1", "?q=%ff", "?q=a%00b",
                      "?q=" + "a" * 501):
            self.assert_problem(self.server.get("/v1/suggest" + query), 400, "invalid_argument")
        self.assertEqual(self.server.get("/v1/suggest?q=" + quote("é" * 500))[0], 200)

    def test_sizes_are_bounded(self):
        large = json.dumps({"question": "x" * 100_000})
        self.assert_problem(self.server.post("/v1/ask", large), 413, "too_large")
        self.assert_problem(self.server.post("/v1/ask", json.dumps({"question": "x" * 10_000_000})), 413, "too_large")
        chunked = self.server.request("POST", "/v1/ask", iter([large.encode()] * 4), {"Content-Type": "application/json"})
        self.assert_problem(chunked, 413, "too_large")
        self.assertEqual(self.server.get("/v1/suggest?q=" + "a" * 9000)[0], 414)
        self.assertIn(self.server.get("/healthz", Cookie="a" * 20_000)[0], (413, 431))

    def test_only_this_machine_is_answered(self):
        for host in ("example.com", "localhost.example.com", "10.0.0.1:8080", f"example.com:{self.server.port}"):
            self.assert_problem(self.server.request("GET", "/v1/model", None, {"Host": host}), 403, "forbidden")
        for host in ("localhost", f"localhost:{self.server.port}", "[::1]:80"):
            self.assertEqual(self.server.request("GET", "/healthz", None, {"Host": host})[0], 200)
        for origin in ("https://example.com", "null"):
            self.assert_problem(self.server.post("/v1/ask", {"question": "revenue"}, {"Origin": origin}), 403, "forbidden")
        self.assertEqual(self.server.post("/v1/ask", {"question": "revenue"}, {"Origin": "http://localhost:5173"})[0], 200)

    def test_noise_does_no_harm(self):
        for noise in (b"", b"\r\n\r\n", b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\n"
                      b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{", b"GET /%00%ff/../.. HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"A" * 100_000):
            try:
                self.server.raw(noise)
            except OSError:
                pass  # a closed connection is a fine answer to noise
            self.assertEqual(self.server.get("/healthz")[0], 200)

    def test_clients_that_leave(self):
        body = json.dumps({"question": "units by region and drink"}).encode()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
                peer.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(body), body))
        self.assertEqual(self.server.ask("revenue by region")[1]["status"], "answered")

    def test_one_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        used = set()
        for i in range(6):
            if i % 2:
                connection.request("POST", "/v1/ask", json.dumps({"question": f"revenue in {'January March May'.split()[i // 2]} 2023"}),
                                   {"Content-Type": "application/json"})
            else:
                connection.request("GET", "/healthz")
            reply = connection.getresponse()
            self.assertEqual((reply.status, bool(reply.read())), (200, True))
            used.add(connection.sock.getsockname())
        self.assertEqual(len(used), 1)


class Load(ServeCase):
    flags = ("--workers", "1", "--queue", "1", "--cache", "0")

    def test_too_much_at_once_is_said(self):
        def one(i):
            return self.server.post("/v1/ask", {"question": f"revenue and units by region and drink on {1 + i % 28} March 2023"})
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            replies = list(pool.map(one, range(160)))
        statuses = [reply[0] for reply in replies]
        self.assertEqual(set(statuses), {200, 503})
        for reply in replies:
            if reply[0] == 503:
                self.assert_problem(reply, 503, "busy")
                self.assertGreaterEqual(int(reply[1]["retry-after"]), 1)
        self.assertEqual(self.server.ask("revenue")[1]["status"], "answered")
        refusals = re.search(r"^aisle_queue_refusals_total (\d+)$", self.server.get("/metrics")[2], re.M).group(1)
        self.assertEqual(int(refusals), statuses.count(503))


class Life(ServeCase):
    def test_answers_outlive_the_server(self):
        first = Server(self.workspace)
        self.addCleanup(first.stop)
        answer = first.ask("revenue by region")[1]
        self.assertEqual(first.stop(), 0)
        second = Server(self.workspace)
        self.addCleanup(second.stop)
        status, follow_up = second.ask("only Tea", after=answer["id"])
        self.assertEqual((status, follow_up["status"]), (200, "answered"), follow_up)

    def test_it_stops_calmly(self):
        for sent in (signal.SIGTERM, signal.SIGINT):
            server = Server(self.workspace)
            idle = socket.create_connection(("127.0.0.1", server.port))
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                replies = [pool.submit(server.ask, f"units by drink on {day} May 2023") for day in range(1, 9)]
                for reply in replies:
                    self.assertEqual(reply.result()[0], 200)
            self.assertEqual(server.stop(sent), 0)
            idle.close()
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", server.port), timeout=2).close()

    def test_it_says_why_it_does_not_start(self):
        for address in ("0.0.0.0:8080", "192.168.1.2:80", "example.com:80", "nonsense", "127.0.0.1:99999"):
            done = run("serve", "-w", self.workspace, "--listen", address)
            self.assertEqual(done.returncode, INVALID_ARGUMENT, done.stderr)
            self.assertIn(address.rsplit(":", 1)[0], done.stderr)
        self.assertIn("no accounts yet", run("serve", "-w", self.workspace, "--listen", "0.0.0.0:80").stderr)
        self.assertEqual(run("serve", "-w", self.folder / "nowhere").returncode, NOT_FOUND)
        self.assertEqual(run("serve").returncode, NOT_FOUND)  # here is no workspace
        self.assertEqual(run("serve", "somewhere").returncode, INVALID_ARGUMENT)
        taken = run("serve", "-w", self.workspace, "--listen", f"127.0.0.1:{self.server.port}")
        self.assertNotEqual(taken.returncode, 0)
        self.assertIn("listen", taken.stderr)


if __name__ == "__main__":
    unittest.main()
