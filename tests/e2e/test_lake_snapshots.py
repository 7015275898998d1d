"""Snapshots: named ones last whatever happens, the past can be asked, a running server sees what is newly published."""
import json
import threading
import time
import unittest

import lake
from aisle import INVALID_ARGUMENT, NOT_FOUND, EXISTS, WorkspaceCase, ask, run
from serving import Server

PATIENCE = 30  # seconds until a published snapshot must have been seen


class Snapshots(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        orders = self.write("orders.csv", "order id,day,amount\n" + "".join(f"A{i},2026-01-{i % 28 + 1:02},{i}.5\n" for i in range(1, 11)))
        made = run("init", self.workspace, orders)
        self.assertEqual(made.returncode, 0, made.stderr)

    def run_ok(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def load(self, identity, amount=1000):
        return lake.done("load", self.workspace, identity, f"SELECT 'B{identity}' AS order_id, DATE '2026-01-09' AS day, {amount} AS amount",
                         "orders")

    def total(self, *flags):
        status, answer = ask(self.workspace, "total amount", *flags)
        self.assertEqual(status, 0, answer)
        return answer["rows"][0][0], answer["sources"][0]["version"]

    def history(self):
        return json.loads(self.run_ok("history", "-w", self.workspace, "orders", "--json"))

    def test_the_past_can_be_asked(self):
        self.run_ok("snapshot", "-w", self.workspace, "week 2026-47")
        self.load("1")
        self.load("2")
        self.assertEqual(self.total(), (2060, 2))
        self.assertEqual(self.total("--snapshot", "week 2026-47"), (60, 0))
        self.assertEqual(self.total("--at-version", "1"), (1060, 1))
        middle = self.history()[1]["time_ms"]
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle // 1000)) + f".{middle % 1000:03}Z"
        self.assertEqual(self.total("--at", moment), (1060, 1))
        self.assertEqual(self.run_ok("snapshot", "-w", self.workspace), "week 2026-47\n")

    def test_what_is_not_there_is_said(self):
        for flags, status in ((("--snapshot", "never"), NOT_FOUND), (("--at", "1999-01-01"), NOT_FOUND), (("--at-version", "77"), NOT_FOUND),
                              (("--at", "soon"), INVALID_ARGUMENT), (("--at", "2026-01-01", "--at-version", "0"), INVALID_ARGUMENT),
                              (("--snapshot", "../current"), INVALID_ARGUMENT)):
            done = run("ask", "-w", self.workspace, *flags, "total amount")
            self.assert_clean_failure(done, status)
        self.run_ok("snapshot", "-w", self.workspace, "one")
        self.assert_clean_failure(run("snapshot", "-w", self.workspace, "one"), EXISTS, "already")
        self.assert_clean_failure(run("restore", "-w", self.workspace, "orders"), INVALID_ARGUMENT, "--version")
        self.assert_clean_failure(run("restore", "-w", self.workspace, "zebras", "--version", "0"), NOT_FOUND, "zebras")
        self.assert_clean_failure(run("vacuum", "-w", self.workspace, "--retention", "1s"), INVALID_ARGUMENT, "--force")

    def test_vacuum_never_breaks_a_named_snapshot(self):
        self.load("1")
        self.run_ok("snapshot", "-w", self.workspace, "kept")
        self.run_ok("restore", "-w", self.workspace, "orders", "--version", "0")
        self.load("2", 5)
        for _ in range(3):
            self.load("again")
        self.run_ok("compact", "-w", self.workspace)
        self.run_ok("vacuum", "-w", self.workspace, "--retention", "0", "--force")
        self.assertEqual(self.total("--snapshot", "kept")[0], 1060)
        self.assertEqual(self.total()[0], 1065)
        self.run_ok("snapshot", "-w", self.workspace, "--forget", "kept")
        self.run_ok("vacuum", "-w", self.workspace, "--retention", "0", "--force")
        self.assertEqual(self.total()[0], 1065)
        # what only the forgotten name held is gone
        self.assert_clean_failure(run("restore", "-w", self.workspace, "orders", "--version", "1"), NOT_FOUND, "vacuum")

    def test_tables_and_history_tell_what_happened(self):
        self.load("1")
        tables = json.loads(self.run_ok("tables", "-w", self.workspace, "--json"))
        self.assertEqual([(table["name"], table["version"], table["rows"]) for table in tables["tables"]], [("orders", 1, 11)])
        newest = self.history()[0]
        self.assertEqual((newest["operation"], newest["loads"], newest["metrics"]["numOutputRows"]), ("WRITE", ["1"], "1"))
        self.assertRegex(self.run_ok("tables", "-w", self.workspace), "orders .*11 rows .*2 files")
        self.assertRegex(self.run_ok("history", "-w", self.workspace, "orders"), "1 .* WRITE +1 file, 1 output row,")
        self.assert_clean_failure(run("history", "-w", self.workspace, "nope"), NOT_FOUND, "no table nope; there is orders")
        self.assert_clean_failure(run("history", "-w", self.workspace), INVALID_ARGUMENT, "aisle history -w DIR TABLE")
        self.assertEqual(json.loads(self.run_ok("ai", "costs", "-w", self.workspace, "--json")), {"costs": []})
        self.assertIn("no model was called", self.run_ok("ai", "calls", "-w", self.workspace))

    def test_a_running_server_sees_new_data_while_questions_go_on(self):
        server = Server(self.workspace)
        self.addCleanup(server.stop)
        stop, wrong = threading.Event(), []

        def keep_asking():
            while not stop.is_set():
                status, answer = server.ask("total amount")
                if status != 200 or answer["status"] != "answered" or answer["rows"][0][0] not in (60, 1060, 2060):
                    wrong.append(answer)

        askers = [threading.Thread(target=keep_asking) for _ in range(2)]
        for asker in askers:
            asker.start()
        for step, expected in enumerate((1060, 2060), 1):
            self.load(str(step))
            until = time.monotonic() + PATIENCE
            while server.ask("total amount")[1]["rows"][0][0] != expected:
                self.assertLess(time.monotonic(), until, "the server never saw the load")
                time.sleep(0.1)
        stop.set()
        for asker in askers:
            asker.join()
        self.assertEqual(wrong, [])
        self.assertEqual(server.ask("total amount", at_version=1)[1]["rows"], [[1060]])
        self.run_ok("snapshot", "-w", self.workspace, "now")
        self.load("3")
        self.assertEqual(server.ask("total amount", snapshot="now")[1]["rows"], [[2060]])
        self.assertEqual(server.ask("total amount", snapshot="never")[0], 404)


if __name__ == "__main__":
    unittest.main()
