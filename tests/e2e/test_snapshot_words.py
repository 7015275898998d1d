"""Questions that name a snapshot, or hold two states of the data against each other, in words."""
import json
import unittest

from aisle import ANSWERED, CLARIFY, REFUSED, WorkspaceCase, ask, run
from serving import Server

REGIONS = ("North", "South", "West")


def rows(west, extra=()):
    lines = ["order id,day,region,product,amount"]
    for i in range(1, 61):
        region = REGIONS[i % 3]
        amount = i * 10 + (west if region == "West" and i > 30 else 0)
        lines.append(f"A{i:03},2026-{10 if i > 30 else 9}-{i % 28 + 1:02},{region},{'Lamp' if i % 2 else 'Desk'},{amount}.50")
    return "\n".join([*lines, *extra]) + "\n"


class SnapshotWords(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        orders = self.write("orders.csv", rows(0))
        self.run_ok("init", self.workspace, orders)
        self.run_ok("snapshot", "-w", self.workspace, "week 2026-46")
        (self.workspace / "ingest" / "orders.yaml").write_text(f"source: {orders}\ntarget: orders\nkeys: [order_id]\n")
        self.write("orders.csv", rows(7, ["B1,2026-11-05,North,Lamp,1000.00"]))
        self.run_ok("ingest", "-w", self.workspace, "orders")
        self.run_ok("snapshot", "-w", self.workspace, "week 2026-47")
        self.run_ok("snapshot", "-w", self.workspace, "October close")

    def run_ok(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def answered(self, question, *flags):
        status, answer = ask(self.workspace, question, *flags)
        self.assertEqual((status, answer["status"]), (ANSWERED, "answered"), answer)
        return answer

    def value(self, question, *flags):
        return self.answered(question, *flags)["rows"][0][0]

    def test_a_snapshot_is_named_in_any_spelling(self):
        now, then = self.value("total amount"), self.value("total amount", "--snapshot", "week 2026-46")
        self.assertNotEqual(now, then)
        for words in ("in the week 2026-46 snapshot", "as of the Week 2026-W46 snapshot", "in W46's snapshot", "per snapshot week-2026-46",
                      "in the snapshot of week 46", 'in snapshot "week 2026-46"', "using the snapshot named WEEK 2026 46",
                      "in the oldest snapshot", "in the previous snapshot"):
            with self.subTest(words=words):
                answer = self.answered(f"total amount {words}")
                self.assertEqual(answer["rows"][0][0], then)
                self.assertIn('"week 2026-46"', answer["narrative"])
                self.assertEqual([(s["version"], s["snapshot"]) for s in answer["sources"]], [(0, "week 2026-46")])
                self.assertEqual(answer["resolved"]["data"], {"snapshot": "week 2026-46"})
                self.assertEqual(self.value(answer["restatement"]), then, answer["restatement"])

    def test_as_of_alone_moves_the_calendar_only(self):
        answer = self.answered("total amount as of 3 October 2026")
        self.assertNotIn("data", answer["query"])
        self.assertNotIn("snapshot", answer["sources"][0])

    def test_as_it_was_reported(self):
        now = self.value("total amount")
        self.assertEqual(self.value("total amount as it was reported today"), now)
        status, answer = ask(self.workspace, "total amount as it was reported on 3 November 2019")
        self.assertEqual((status, answer["reason"]["code"]), (REFUSED, "no_such_snapshot"), answer)
        self.assertIn("week 2026-46", answer["reason"]["text"])

    def test_what_is_not_there(self):
        status, answer = ask(self.workspace, "total amount in the week 2026-31 snapshot")
        self.assertEqual((status, answer["reason"]["code"]), (REFUSED, "no_such_snapshot"))
        self.assertEqual(answer["reason"]["closest"], ["October close", "week 2026-47", "week 2026-46"])
        status, answer = ask(self.workspace, "total amount in the Octobre close snapshot")
        self.assertEqual(status, CLARIFY, answer)
        self.assertEqual(answer["clarify"]["options"][0]["label"], 'the snapshot "October close"')
        chosen = self.answered("the first", "--after", answer["id"])
        self.assertEqual(chosen["sources"][0]["snapshot"], "October close")
        status, answer = ask(self.workspace, "total amount in the snapshot")
        self.assertEqual((status, len(answer["clarify"]["options"])), (CLARIFY, 2 + 1), answer)
        status, answer = ask(self.workspace, "compare with the week 46 snapshot")
        self.assertEqual(status, CLARIFY, answer)
        chosen = self.answered("the first", "--after", answer["id"])
        self.assertEqual(chosen["query"]["compare"], {"kind": "snapshots", "data": {"snapshot": "week 2026-46"}})

    def test_two_states_are_compared(self):
        october = [self.value("total amount in October", "--snapshot", name) for name in ("week 2026-47", "week 2026-46")]
        for question in ("how did total amount of October change between the snapshot of week 2026-46 and week 2026-47",
                         "total amount in October: week 46 snapshot vs week 47 snapshot",
                         "by how much was the total amount of October restated from the week 46 snapshot to the week 47 snapshot"):
            with self.subTest(question=question):
                answer = self.answered(question)
                self.assertEqual(answer["rows"][0][:2], october)
                self.assertAlmostEqual(answer["rows"][0][2], october[0] - october[1])
                self.assertAlmostEqual(answer["rows"][0][3], october[0] / october[1] - 1)
                self.assertEqual([s["snapshot"] for s in answer["sources"]], ["week 2026-47", "week 2026-46"])
                self.assertEqual([s["version"] for s in answer["sources"]], [1, 0])
                self.assertEqual(answer["resolved"]["compare"], {"kind": "snapshots", "data": {"snapshot": "week 2026-46"}})
                for name in ("week 2026-46", "week 2026-47"):
                    self.assertIn(f'the snapshot "{name}"', answer["narrative"])
                again = self.answered(answer["restatement"])
                self.assertEqual(again["resolved"], answer["resolved"])

    def test_groups_that_changed(self):
        answer = self.answered("which regions changed most between the week 46 snapshot and the current data")
        names = [column["name"] for column in answer["columns"]]
        self.assertEqual([name.rpartition("_")[2] for name in names[2:]], ["previous", "change", "growth"])
        self.assertEqual(answer["rows"][0][0], "North")
        self.assertEqual(answer["rows"][0][3], 1000)
        self.assertEqual({row[0]: row[3] for row in answer["rows"]}["South"], 0)

    def test_follow_ups_stay_with_the_snapshot(self):
        first = self.answered("total amount by region in the week 2026-46 snapshot")
        second = self.answered("and by product?", "--after", first["id"])
        self.assertEqual(second["sources"][0]["snapshot"], "week 2026-46")
        third = self.answered("compare with the October close snapshot", "--after", second["id"])
        self.assertEqual([s["snapshot"] for s in third["sources"]], ["October close", "week 2026-46"])
        fourth = self.answered("and in the current data?", "--after", third["id"])
        self.assertNotIn("data", fourth["query"])
        self.assertNotIn("compare", fourth["query"])
        self.assertEqual(fourth["columns"][0]["label"], second["columns"][0]["label"])

    def test_over_http_and_as_a_query(self):
        server = Server(self.workspace)
        self.addCleanup(server.stop)

        def post(path, body):
            status, _, text = server.post(path, body)
            self.assertEqual(status, 200, text)
            return json.loads(text)

        asked = post("/v1/ask", {"question": "total amount by region in October compared with the week 46 snapshot"})
        self.assertEqual(asked["status"], "answered", asked)
        query = {"metrics": asked["query"]["metrics"], "compare": {"kind": "snapshots", "data": {"snapshot": "WEEK 2026-W46"}},
                 "dimensions": asked["query"]["dimensions"], "time": asked["query"]["time"]}
        queried = post("/v1/query", {"query": query})
        self.assertEqual(queried["rows"], asked["rows"])
        self.assertEqual(queried["resolved"], asked["resolved"])
        # A snapshot that gets another content under the same name is not answered from memory.
        before = post("/v1/ask", {"question": "total amount in the October close snapshot"})
        self.run_ok("snapshot", "-w", self.workspace, "--forget", "October close")
        gone = post("/v1/ask", {"question": "total amount in the October close snapshot"})
        self.assertEqual(gone["status"], "refused", gone)
        self.assertEqual(before["status"], "answered")
        wrong = post("/v1/query", {"query": {**query, "compare": {"kind": "snapshots"}}})
        self.assertEqual(wrong["status"], "refused", wrong)


class SnapshotsOfSeveralTables(WorkspaceCase):
    """Products move from one category to another between two snapshots; sales lie in several files, found by product."""

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        products, sales = self.products(moved=False), self.write("sales.csv", self.sales(1))
        self.assertEqual(run("init", self.workspace, products, sales).returncode, 0)
        for name, key in (("products", "product_id"), ("sales", "sale_id")):
            (self.workspace / f"ingest/{name}.yaml").write_text(f"source: {self.folder / name}*.csv\ntarget: {name}\nkeys: [{key}]\n")
        self.write("sales_2.csv", self.sales(2))
        self.run_ok("ingest", "-w", self.workspace, "sales")
        self.run_ok("snapshot", "-w", self.workspace, "before")
        self.products(moved=True)
        self.run_ok("ingest", "-w", self.workspace, "products")
        self.run_ok("snapshot", "-w", self.workspace, "after")

    def run_ok(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def products(self, moved):
        rows = [f"P{i:03},Thing {i},{'Lamps' if (i < 20) != moved else 'Desks'}" for i in range(40)]
        return self.write("products.csv", "product_id,product_name,category\n" + "\n".join(rows) + "\n")

    def sales(self, part):
        """The first file sells what are lamps at first, the second what are desks."""
        first = 0 if part == 1 else 20
        rows = [f"S{part}{i:03},2026-0{part}-{i % 28 + 1:02},P{first + i % 20:03},{part * 100 + i}.50" for i in range(200)]
        return "sale_id,day,product_id,revenue\n" + "\n".join(rows) + "\n"

    def test_each_state_has_its_own_keys(self):
        def alone(name):
            status, answer = ask(self.workspace, "total revenue for Lamps", "--snapshot", name)
            self.assertEqual(status, ANSWERED, answer)
            return answer["rows"][0][0]

        self.assertNotEqual(alone("before"), alone("after"))
        status, answer = ask(self.workspace, "total revenue for Lamps: after snapshot vs before snapshot")
        self.assertEqual(status, ANSWERED, answer)
        self.assertEqual(answer["rows"][0][:2], [alone("after"), alone("before")])


if __name__ == "__main__":
    unittest.main()
