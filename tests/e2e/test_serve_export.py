"""Answers as files: CSV, Excel workbook, pictures of the chart, a page to print; nothing in them runs."""
import csv
import io
import json
import re
import unittest
import zipfile
from xml.etree import ElementTree

from aisle import run
from serving import REGIONS, Server, ServeCase, revenue_of

HOSTILE = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "<script>alert(1)</script>", 'Tom & "Jerry", Ltd', "plain", "＝1+1")
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Exports(ServeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with (cls.folder / "hostile.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["Order No", "Order Date", "Supplier", "Quantity", "Unit Price"])
            for i in range(450):
                writer.writerow([f"H{i:04}", f"2023-{1 + i % 12:02}-{1 + i % 28:02}", HOSTILE[i % len(HOSTILE)], 1 + i % 5, f"{1 + i % 9}.25"])
        done = run("init", cls.folder / "hostile", cls.folder / "hostile.csv")
        assert done.returncode == 0, done.stderr
        cls.hostile = Server(cls.folder / "hostile")
        cls.addClassCleanup(lambda: cls.hostile.stop())

    def fetch(self, server, answer, form, more=""):
        """(headers, bytes)"""
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/answers/{answer['id']}/export?format={form}{more}")
        reply = connection.getresponse()
        body = reply.read()
        self.assertEqual(reply.status, 200, body[:500])
        self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
        return reply.headers, body

    def sheet(self, book, number):
        """Rows of a sheet: numbers as floats, text as text, formulas are a failure."""
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            shared = ["".join(item.itertext()) for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        rows = []
        for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(CELL + "row"):
            cells = []
            for cell in row.iter(CELL + "c"):
                self.assertIsNone(cell.find(CELL + "f"))
                kind, value = cell.get("t"), cell.find(CELL + "v")
                if kind == "inlineStr":
                    cells.append("".join(cell.find(CELL + "is").itertext()))
                else:
                    cells.append(shared[int(value.text)] if kind == "s" else float(value.text))
            rows.append(cells)
        return rows

    def test_csv(self):
        answer = self.server.ask("revenue by region")[1]
        headers, body = self.fetch(self.server, answer, "csv")
        self.assertTrue(headers["content-type"].startswith("text/csv"))
        self.assertRegex(headers["content-disposition"], r'^attachment; filename="[a-z0-9_]+\.csv"$')
        rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
        self.assertEqual(rows[0], [column["label"] for column in answer["columns"]])
        self.assertEqual({row[0] for row in rows[1:]}, set(REGIONS))
        for region, revenue in rows[1:]:
            self.assertAlmostEqual(float(revenue), revenue_of(2, region), places=6)

    def test_an_excel_workbook(self):
        answer = self.server.ask("revenue by region and month in 2023")[1]
        _, body = self.fetch(self.server, answer, "xlsx")
        book = zipfile.ZipFile(io.BytesIO(body))
        rows = self.sheet(book, 1)
        self.assertEqual(rows[0], [column["label"] for column in answer["columns"]])
        self.assertEqual(rows[1:], [[cell if isinstance(cell, str) else float(cell) for cell in row] for row in answer["rows"]])
        about = {row[0]: row[1] for row in self.sheet(book, 2)}
        self.assertEqual(about["Question"], "revenue by region and month in 2023")
        self.assertEqual(about["SQL"], answer["sql"])
        self.assertIn("bar, version", about["Source"])
        self.assertEqual(about["Period"], "2023-01-01 to before 2024-01-01")
        self.assertIn("#,##0.00", book.read("xl/styles.xml").decode())

    def test_pictures(self):
        answer = self.server.ask("revenue by month")[1]
        _, svg = self.fetch(self.server, answer, "svg", "&width=640&height=360")
        root = ElementTree.fromstring(svg)
        self.assertEqual((root.get("width"), root.get("height")), ("640", "360"))
        self.assertIn("Mar 2023", svg.decode())
        _, dark = self.fetch(self.server, answer, "svg", "&theme=dark&chart=bar")
        self.assertNotEqual(svg, dark)
        headers, png = self.fetch(self.server, answer, "png", "&width=640&height=360&scale=2")
        self.assertEqual(headers["content-type"], "image/png")
        self.assertEqual((png[:8], int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")), (b"\x89PNG\r\n\x1a\n", 1280, 720))
        self.assertGreater(len(png), 5000)
        total = self.server.ask("revenue in May 2023")[1]
        self.assert_problem(self.server.get(f"/v1/answers/{total['id']}/export?format=png"), 404, "not_found")

    def test_a_page_to_print(self):
        answer = self.server.ask("units by drink")[1]
        headers, body = self.fetch(self.server, answer, "html")
        page = body.decode()
        self.assertIn("sandbox", headers["content-security-policy"])
        self.assertTrue(headers["content-disposition"].startswith("inline"))
        for part in ("units by drink", answer["narrative"].split(".")[0], "data:image/svg+xml;base64,", "Cocoa", "SELECT"):
            self.assertIn(part, page)
        self.assertNotIn("<script", page)

    def test_nothing_of_the_data_runs(self):
        answer = self.hostile.ask("quantity by supplier")[1]
        self.assertEqual(answer["status"], "answered", answer)
        shown = {row[0] for row in answer["rows"]}
        self.assertIn("<script>alert(1)</script>", shown)
        _, body = self.fetch(self.hostile, answer, "csv")
        for row in list(csv.reader(io.StringIO(body.decode(), newline="")))[1:]:
            self.assertNotIn(row[0].lstrip()[0], "=+-@＝", row)
        self.assertIn("'=cmd|' /C calc'!A0", body.decode())
        book = zipfile.ZipFile(io.BytesIO(self.fetch(self.hostile, answer, "xlsx")[1]))
        self.assertEqual({row[0] for row in self.sheet(book, 1)[1:]}, shown)
        for form in ("svg", "html"):
            text = self.fetch(self.hostile, answer, form)[1].decode()
            self.assertNotRegex(text, r"<script|onload=|javascript:", form)
        self.assertIn("&lt;script&gt;", self.fetch(self.hostile, answer, "html")[1].decode())

    def test_more_rows_than_the_page_shows(self):
        server = Server(self.workspace)
        self.addCleanup(server.stop)
        answer = json.loads(server.post("/v1/ask", {"question": "revenue by order number", "max_rows": 10})[2])
        self.assertEqual((answer["status"], len(answer["rows"]), answer["truncated"]), ("answered", 10, True), answer.get("narrative"))
        self.assertEqual(len(self.fetch(server, answer, "csv")[1].decode().splitlines()), 601)

    def test_what_cannot_be_exported(self):
        answer = self.server.ask("revenue by drink")[1]
        refused = self.server.ask("what is the weather like")[1]
        self.assert_problem(self.server.get(f"/v1/answers/{refused['id']}/export?format=csv"), 404, "not_found")
        self.assert_problem(self.server.get("/v1/answers/a_none/export?format=csv"), 404, "not_found")
        for wrong in ("", "?format=pdf", "?format=csv|xlsx", "?format=png&width=9", "?format=png&width=99999", "?format=png&theme=pink", "?format=csv&rows=1"):
            self.assert_problem(self.server.get(f"/v1/answers/{answer['id']}/export{wrong}"), 400, "invalid_argument")

    def test_relative_times_stay_what_they_were(self):
        answer = self.server.ask("revenue by drink last month", as_of="2023-06-15")[1]
        rows = list(csv.reader(io.StringIO(self.fetch(self.server, answer, "csv")[1].decode(), newline="")))
        self.assertEqual([float(row[1]) for row in rows[1:]], [row[1] for row in answer["rows"]])
        self.assertTrue(re.search("2023-05-01", answer["sql"]))


if __name__ == "__main__":
    unittest.main()
