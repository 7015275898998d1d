"""Budgets are exact: under many callers, across processes, over restarts; and the bill adds up."""
import concurrent.futures
import json
import signal
import sqlite3
import time
import unittest
from decimal import Decimal

from aisle import run
from gateway import GatewayCase, config_over
from model_server import behaviour

# One call: 1,000,000 per million tokens is 1 a token.
PRICES = {"version": 1, "currency": "EUR", "prices": [{"model": "m0", "from": "2020-01-01", "input": 0, "output": 1_000_000}]}
COST = 5  # tokens out, and the price of a call: worst case (max_tokens) and real cost are the same


class Budgets(GatewayCase):
    def start(self, name, budgets, server, state=None, **more):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "prices.yaml").write_text(json.dumps(PRICES))
        return self.gateway(config_over(server, prices="prices.yaml", budgets=budgets, **more), name=name, state=state or str(self.folder / "shared"))

    def call(self, gateway, **headers):
        return gateway.chat(max_tokens=COST, headers={"X-Aisle-" + key: value for key, value in headers.items()}, timeout=60)

    def storm(self, gateways, callers, calls):
        def one(number):
            return [self.call(gateways[number % len(gateways)])[0] for _ in range(calls)]
        with concurrent.futures.ThreadPoolExecutor(callers) as pool:
            return [status for statuses in pool.map(one, range(callers)) for status in statuses]

    def spent(self):
        with sqlite3.connect(self.folder / "shared/ai-budget.db") as database:
            return database.execute("SELECT sum(spent), sum(reserved) FROM ledger").fetchone()

    def test_64_callers_two_processes_ten_runs(self):
        server = self.server(behaviour(usage=(3, COST), delay=0.002))
        for attempt in range(10):
            fits = 37 + attempt
            budgets = [{"company": f"c{attempt}", "limit": fits * COST + 4, "per": "month"}]
            shared = str(self.folder / f"shared{attempt}")
            gateways = [self.start(f"g{attempt}{i}", budgets, server, shared) for i in range(2)]
            headers = {"Company": f"c{attempt}"}
            with concurrent.futures.ThreadPoolExecutor(64) as pool:
                statuses = list(pool.map(lambda i: self.call(gateways[i % 2], **headers)[0], range(96)))
            self.assertEqual((statuses.count(200), statuses.count(429)), (fits, 96 - fits), f"run {attempt}")
            [gateway.stop() for gateway in gateways]
            with sqlite3.connect(shared + "/ai-budget.db") as database:
                self.assertEqual(database.execute("SELECT spent, reserved FROM ledger").fetchall(), [(fits * COST * 10**9, 0)])

    def test_nobody_is_refused_because_others_reserved(self):
        """The worst case is ten times the real cost: those who come while it is reserved wait, and all of them fit."""
        server = self.server(behaviour(usage=(3, 1), delay=0.02))
        gateway = self.start("g", [{"company": "*", "limit": 24, "per": "month"}], server)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: gateway.chat(max_tokens=8, timeout=60)[0], range(16)))
        self.assertEqual(statuses, [200] * 16)
        gateway.stop()
        self.assertEqual(self.spent(), (16 * 10**9, 0))

    def test_levels_and_units(self):
        server = self.server(behaviour(usage=(3, COST)))
        gateway = self.start("g", [{"team": "bi", "limit": 2 * COST}, {"user": "*", "limit": 3, "unit": "requests", "per": "day"},
                                   {"purpose": "toys", "limit": 0}], server)
        self.assertEqual([self.call(gateway, Team="bi", User="a")[0] for _ in range(3)], [200, 200, 429])
        self.assertEqual([self.call(gateway, User="b")[0] for _ in range(4)], [200, 200, 200, 429])
        self.assertEqual(self.call(gateway, User="c")[0], 200)
        status, reply, headers = self.call(gateway, User="d", Purpose="toys")
        self.assertEqual((status, reply["error"]["code"], reply["error"]["type"]), (429, "budget_exceeded", "insufficient_quota"))
        self.assertGreater(int(headers["Retry-After"]), 0)

    def test_limits_a_minute(self):
        server = self.server(behaviour(usage=(3, COST)))
        gateway = self.start("g", [], server, limits=[{"user": "*", "requests_per_minute": 3}, {"role": "guest", "tokens_per_minute": 10}])
        while time.time() % 60 > 50:
            time.sleep(1)
        self.assertEqual([self.call(gateway, User="a")[0] for _ in range(4)], [200, 200, 200, 429])
        status, reply, headers = self.call(gateway, User="a")
        self.assertEqual(reply["error"]["code"], "rate_limited")
        self.assertLessEqual(int(headers["Retry-After"]), 60)
        self.assertEqual([self.call(gateway, User="g", Roles="guest")[0] for _ in range(3)], [200, 429, 429])

    def test_a_provider_that_fails_costs_nothing(self):
        server = self.server(behaviour(status=400))
        gateway = self.start("g", [{"company": "*", "limit": 2 * COST}], server)
        self.assertEqual([self.call(gateway)[0] for _ in range(5)], [400] * 5)
        gateway.stop()
        self.assertEqual(self.spent(), (0, 0))

    def test_a_killed_process_gives_back_what_it_had_reserved(self):
        slow = self.server(behaviour(delay=20))
        gateway = self.start("g", [{"company": "*", "limit": COST}], slow)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: self.call(gateway, User="x"))
            for _ in range(100):
                if slow.seen:
                    break
                time.sleep(0.05)
            gateway.stop(signal.SIGKILL)
        self.assertEqual(self.spent(), (0, COST * 10**9))
        with sqlite3.connect(self.folder / "shared/ai-budget.db") as database:
            database.execute("UPDATE reservations SET expires_ms = 1")
        other = self.start("h", [{"company": "*", "limit": COST}], self.server(behaviour(usage=(3, COST))))
        self.assertEqual(self.call(other)[0], 200)
        other.stop()
        self.assertEqual(self.spent(), (COST * 10**9, 0))

    def test_alerts_and_costs(self):
        server = self.server(behaviour(usage=(3, COST), cached=1))
        gateway = self.start("g", [{"team": "bi", "limit": 4 * COST, "alert": [0.5]}], server, state=str(self.folder / "ws/state"))
        for purpose in ("plan", "plan", "narrate"):
            self.call(gateway, Team="bi", Purpose=purpose)
        gateway.chat("same", temperature=0, max_tokens=COST, headers={"X-Aisle-Team": "ops"})
        gateway.chat("same", temperature=0, max_tokens=COST, headers={"X-Aisle-Team": "ops"})
        gateway.stop()
        self.assertIn("50 %", gateway.log())
        done = run("ai", "costs", "-w", self.folder / "ws", "--by", "team,purpose", "--json")
        rows = json.loads(done.stdout)["costs"]
        found = {(row["team"], row["purpose"]): (row["calls"], Decimal(row["cost"]), Decimal(row["saved"])) for row in rows}
        self.assertEqual(found, {("bi", "plan"): (2, 10, 0), ("bi", "narrate"): (1, 5, 0), ("ops", ""): (2, 5, 5)}, done.stderr)
        self.assertIn("narrate", run("ai", "costs", "-w", self.folder / "ws", "--by", "purpose").stdout)
        rows = json.loads(run("ai", "budgets", "-w", self.folder / "ws", "--json").stdout)["budgets"]
        self.assertEqual([(row["level"], row["who"], row["per"], Decimal(row["limit"]), Decimal(row["spent"]), row["used"]) for row in rows], [("team", "bi", "month", 20, 15, 75.0)])
        self.assertIn("bi", run("ai", "budgets", "-w", self.folder / "ws").stdout)


if __name__ == "__main__":
    unittest.main()
