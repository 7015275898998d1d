"""Tables that lie elsewhere: found by pattern, asked where they are, followed as they change, never changed silently."""
import json
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from aisle import ANSWERED, BAD_INPUT, NOT_FOUND, WorkspaceCase, ask, run
from s3 import PROGRAM, S3
from serving import Server

try:
    import deltalake
    from arro3.core import Array, DataType, Table
except ImportError:
    deltalake = None

CITIES = ("Leeds", "York", "Hull")


def orders(first, count, **changes):
    """Columns of `count` orders: name -> (values, Arrow type)."""
    rows = range(first, first + count)
    columns = {"Order ID": ([f"O-{i:05}" for i in rows], DataType.utf8()), "City": ([CITIES[i % 3] for i in rows], DataType.utf8()),
               "Quantity": ([i % 7 + 1 for i in rows], DataType.int32()), "Paid": ([i % 2 == 0 for i in rows], DataType.bool())}
    columns.update(changes)
    return {name: column for name, column in columns.items() if column is not None}


def table_of(columns):
    return Table.from_arrays([Array(values, type=kind) for values, kind in columns.values()], names=list(columns))


def write_parquet(path, columns):
    """A plain Parquet file, by way of a Delta table of one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        deltalake.write_deltalake(scratch, table_of(columns))
        part = next(Path(scratch).glob("*.parquet"))
        shutil.move(part, path)


@unittest.skipIf(deltalake is None, "delta-rs is not installed")
class RegistryCase(WorkspaceCase):
    environment = None

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, self.write("places.csv", "City,Region\nLeeds,West\nYork,North\nHull,East\n"))
        self.assertEqual(done.returncode, ANSWERED, done.stderr)

    def name_sources(self, text):
        (self.workspace / "registry.yaml").write_text("version: 1\nsources:\n" + text)

    def refresh(self, *flags, status=0):
        done = run("refresh", "-w", self.workspace, "--json", *flags, env=self.environment)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def entry(self, report, name):
        return next(table for table in report["tables"] if table["name"] == name)

    def export(self, name):
        done = run("export", "-w", self.workspace, name, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def count(self, name):
        return len(self.export(name)) - 1

    def rows_seen(self, server, table):
        tables = json.loads(server.get("/v1/tables")[2])["tables"]
        return next((one["rows"] for one in tables if one["name"] == table), None)

    def wait_for_rows(self, server, table, rows, patience=60):
        until = time.monotonic() + patience
        while self.rows_seen(server, table) != rows and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(self.rows_seen(server, table), rows)


class LocalParquet(RegistryCase):
    def setUp(self):
        super().setUp()
        self.place = self.folder / "exports"
        write_parquet(self.place / "orders/part-1.parquet", orders(0, 300))
        self.name_sources(f"  - path: {self.place}/*\n")

    def test_found_and_asked(self):
        report = self.refresh()
        entry = self.entry(report, "orders")
        self.assertEqual((entry["status"], entry["rows"], entry["files"], entry["format"]), ("new", 300, 1, "parquet"))
        self.assertEqual(report["added_to_model"], ["orders"])
        self.assertEqual([column["name"] for column in entry["columns"]], ["order_id", "city", "quantity", "paid"])
        self.assertEqual(self.export("orders")[0], "order_id,city,quantity,paid")
        status, answer = ask(self.workspace, "total quantity by city")
        self.assertEqual((status, answer["status"]), (ANSWERED, "answered"), answer)
        expected = {city: sum(i % 7 + 1 for i in range(300) if CITIES[i % 3] == city) for city in CITIES}
        self.assertEqual({row[0]: row[1] for row in answer["rows"]}, expected)
        data = [path for path in (self.workspace / "external").rglob("*.parquet") if not path.is_symlink() and "_delta_log" not in str(path)]
        self.assertEqual(data, [], "nothing is copied")

    def test_followed_as_files_come_and_go(self):
        self.refresh()
        self.assertEqual(self.entry(self.refresh(), "orders")["status"], "same")
        write_parquet(self.place / "orders/part-2.parquet", orders(300, 50))
        entry = self.entry(self.refresh(), "orders")
        self.assertEqual((entry["status"], entry["rows"], entry["version"]), ("changed", 350, 1))
        self.assertEqual(self.count("orders"), 350)
        (self.place / "orders/part-1.parquet").unlink()
        self.assertEqual(self.entry(self.refresh(), "orders")["rows"], 50)
        self.assertEqual(self.count("orders"), 50)

    def test_drift_is_told_and_left_out_until_accepted(self):
        self.refresh()
        write_parquet(self.place / "orders/part-2.parquet", orders(300, 50, City=None))
        write_parquet(self.place / "orders/part-3.parquet", orders(350, 50, Quantity=(["a"] * 50, DataType.utf8())))
        write_parquet(self.place / "orders/part-4.parquet", orders(400, 50, Channel=(["web"] * 50, DataType.utf8())))
        entry = self.entry(self.refresh(), "orders")
        self.assertEqual((entry["status"], entry["rows"], entry["files_left_out"]), ("drift", 350, 2))
        told = "\n".join(entry["drift"])
        for part in ('"City" is missing', '"Quantity" is VARCHAR, it was BIGINT', 'new column "Channel"'):
            self.assertIn(part, told)
        again = self.entry(self.refresh(), "orders")
        self.assertEqual((again["status"], again["drift"]), ("drift", entry["drift"]), "it is told each time")
        self.assertEqual(self.count("orders"), 350)
        self.assertNotIn("channel", self.export("orders")[0])
        accepted = self.entry(self.refresh("--accept", "orders"), "orders")
        self.assertEqual((accepted["rows"], accepted["files_left_out"]), (450, 0))
        self.assertIn("channel", [column["name"] for column in accepted["columns"]])
        self.assertEqual(self.count("orders"), 450)
        self.assertIn("nothing", self.refresh("--accept", "nothing", status=NOT_FOUND))

    def test_gone_tables_stay_as_they_were(self):
        self.refresh()
        shutil.move(self.place / "orders", self.folder / "elsewhere")
        report = self.refresh(status=BAD_INPUT)
        self.assertEqual(self.entry(report, "orders")["status"], "gone")
        status, answer = ask(self.workspace, "total quantity by city")
        self.assertEqual(answer["status"], "failed", "what is away is not answered from")
        self.assertIn("cannot be reached where it lies", answer["error"]["message"])
        self.assertEqual(ask(self.workspace, "how many regions are there")[1]["status"], "answered", "the other tables go on")
        shutil.move(self.folder / "elsewhere", self.place / "orders")
        self.assertEqual(self.entry(self.refresh(), "orders")["rows"], 300)

    def test_folders_of_values_become_columns(self):
        for year in (2025, 2026):
            write_parquet(self.place / f"visits/year={year}/a.parquet", orders(year, 10))
        entry = self.entry(self.refresh(), "visits")
        self.assertEqual(entry["rows"], 20)
        self.assertEqual(entry["columns"][-1], {"name": "year", "label": "year", "type": "BIGINT"})
        self.assertEqual(sum(line.endswith(",2025") for line in self.export("visits")), 10)

    def test_several_sources_and_one_table_of_many_files(self):
        write_parquet(self.folder / "a/sales-1.parquet", orders(0, 10))
        write_parquet(self.folder / "b/sales-2.parquet", orders(10, 10))
        self.name_sources(f"  - path: {self.place}/*\n  - path: {self.folder}/?/sales-*.parquet\n    table: sales\n  - path: {self.folder}/none/*\n")
        report = self.refresh(status=BAD_INPUT)
        self.assertEqual(self.entry(report, "sales")["rows"], 20)
        self.assertEqual(self.entry(report, "orders")["rows"], 300)
        self.assertIn("none", report["problems"][0])

    def test_a_name_that_is_taken(self):
        write_parquet(self.place / "places/a.parquet", orders(0, 10))
        report = self.refresh(status=BAD_INPUT)
        self.assertIn("already", report["problems"][0])
        self.assertEqual(self.count("places"), 3)

    def test_beside_the_lakes_own_tables(self):
        self.refresh()
        write_parquet(self.place / "orders/part-2.parquet", orders(300, 50))
        self.refresh()
        for verb in ("tables", "compact", "vacuum", "check"):
            done = run(verb, "-w", self.workspace)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.count("orders"), 350)
        self.assertEqual(run("restore", "-w", self.workspace, "orders", "--version", "0").returncode, 0)
        self.assertEqual(self.count("orders"), 300)
        self.assertEqual(self.entry(self.refresh(), "orders")["rows"], 350, "the place says how it is now")
        self.assertEqual(self.count("orders"), 350)

    def test_only_read(self):
        before = {path: path.stat().st_mtime_ns for path in self.place.rglob("*")}
        self.refresh()
        self.count("orders")
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.place.rglob("*")}, before)

    def test_a_file_that_is_no_parquet(self):
        (self.place / "broken").mkdir()
        (self.place / "broken/x.parquet").write_text("no parquet")
        report = self.refresh(status=BAD_INPUT)
        self.assertIn("x.parquet", report["problems"][0])
        self.assertEqual(self.entry(report, "orders")["rows"], 300)

    def test_mistakes_have_a_place(self):
        self.name_sources("  - pat: x\n  - path: gs://x/*\n")
        done = run("check", "-w", self.workspace)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("registry.yaml:3:5", done.stdout)
        self.assertIn("registry.yaml:4", done.stdout)


class LocalDelta(RegistryCase):
    def test_followed_by_version(self):
        place = self.folder / "tables/orders"
        deltalake.write_deltalake(str(place), table_of(orders(0, 100)), partition_by=["City"])
        self.name_sources(f"  - path: {self.folder}/tables/*\n")
        entry = self.entry(self.refresh(), "orders")
        self.assertEqual((entry["format"], entry["rows"], entry["status"]), ("delta", 100, "new"))
        self.assertEqual(sum("Leeds" in line for line in self.export("orders")), 34)
        deltalake.write_deltalake(str(place), table_of(orders(100, 20)), mode="append", partition_by=["City"])
        deltalake.DeltaTable(str(place)).delete("Quantity = 1")
        self.assertEqual(self.entry(self.refresh(), "orders")["rows"], sum(i % 7 != 0 for i in range(120)))
        self.assertEqual(self.count("orders"), sum(i % 7 != 0 for i in range(120)))
        deltalake.write_deltalake(str(place), table_of(orders(0, 5, Channel=(["web"] * 5, DataType.utf8()))), mode="append", schema_mode="merge")
        drifted = self.entry(self.refresh(), "orders")
        self.assertEqual(drifted["status"], "drift")
        self.assertIn('new column "Channel"', drifted["drift"][0])

    def test_its_log_counts_under_another_name_too(self):
        place = self.folder / "tables/orders"
        deltalake.write_deltalake(str(place), table_of(orders(0, 100)))
        deltalake.DeltaTable(str(place)).delete("Quantity = 1")
        self.name_sources(f"  - path: {place}\n    table: sold\n")
        entry = self.entry(self.refresh(), "sold")
        self.assertEqual((entry["format"], entry["rows"]), ("delta", sum(i % 7 != 0 for i in range(100))))
        self.assertEqual(self.count("sold"), entry["rows"])

    def test_it_is_no_part_of_another_table(self):
        deltalake.write_deltalake(str(self.folder / "tables/a"), table_of(orders(0, 10)))
        write_parquet(self.folder / "tables/b/part.parquet", orders(0, 10))
        self.name_sources(f"  - path: {self.folder}/tables/*\n    table: sold\n")
        report = self.refresh(status=BAD_INPUT)
        self.assertIn("a Delta table cannot be one table with other files", json.dumps(report))


class Served(RegistryCase):
    """The server follows the places by itself."""

    def start(self, **environment):
        server = Server(self.workspace, environment=environment)
        self.addCleanup(server.stop)
        return server

    def post(self, server, path, body):
        status, _, text = server.post(path, body)
        return status, json.loads(text)

    def setUp(self):
        super().setUp()
        self.place = self.folder / "exports"
        write_parquet(self.place / "orders/part-1.parquet", orders(0, 300))
        self.name_sources(f"  - path: {self.place}/*\n")
        self.refresh()

    def test_files_that_appear_are_seen(self):
        server = self.start(AISLE_LAKE_REGISTRY_TTL="1d")
        self.wait_for_rows(server, "orders", 300)
        write_parquet(self.place / "orders/part-2.parquet", orders(300, 50))
        self.wait_for_rows(server, "orders", 350)
        status, answer = server.ask("total quantity")
        self.assertEqual((status, answer["rows"]), (200, [[sum(i % 7 + 1 for i in range(350))]]), answer)

    def test_on_demand(self):
        server = self.start(AISLE_LAKE_REGISTRY_TTL="1d")
        status, report = self.post(server, "/v1/registry/refresh", {})
        self.assertEqual((status, report["fresh"]), (200, False))
        self.assertEqual(self.entry(report, "orders")["rows"], 300)
        write_parquet(self.place / "orders/part-2.parquet", orders(300, 50, City=None))
        report = self.post(server, "/v1/registry/refresh", {})[1]
        self.assertEqual(self.entry(report, "orders")["status"], "drift")
        report = self.post(server, "/v1/registry/refresh", {"accept": ["orders"]})[1]
        self.assertEqual(self.entry(report, "orders")["rows"], 350)
        self.assertEqual(self.post(server, "/v1/registry/refresh", {"accept": ["nothing"]})[0], 404)
        self.assertEqual(self.post(server, "/v1/registry/refresh", {"other": 1})[0], 400)

    def test_what_is_known_is_believed_for_its_time(self):
        known = self.workspace / "state/registry.json"
        before = json.loads(known.read_text())["checked_ms"]
        shutil.move(self.place / "orders/part-1.parquet", self.folder / "part-1.parquet")  # while no server runs
        server = self.start(AISLE_LAKE_REGISTRY_TTL="1d")
        time.sleep(1.5)
        self.assertEqual(json.loads(known.read_text())["checked_ms"], before, "nothing was looked at")
        shutil.move(self.folder / "part-1.parquet", self.place / "orders/part-1.parquet")
        server.stop()
        server = self.start(AISLE_LAKE_REGISTRY_TTL="1s")
        until = time.monotonic() + 30
        while json.loads(known.read_text())["checked_ms"] == before and time.monotonic() < until:
            time.sleep(0.1)
        self.assertGreater(json.loads(known.read_text())["checked_ms"], before)

    def test_events_of_s3(self):
        self.name_sources("  - path: s3://exports/sales/*\n")
        server = self.start(AISLE_LAKE_REGISTRY_TTL="1d", AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
        record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "exports"}, "object": {"key": "sales/a+b%3D1/x.parquet"}}}
        other = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "exports"}, "object": {"key": "else/x.parquet"}}}
        self.assertEqual(self.post(server, "/v1/registry/events", {"Records": [record, other]}), (202, {"objects": 2, "concerned": 1}))
        bridge = {"detail-type": "Object Created", "detail": {"bucket": {"name": "exports"}, "object": {"key": "sales/y"}}}
        self.assertEqual(self.post(server, "/v1/registry/events", bridge), (202, {"objects": 1, "concerned": 1}))
        self.assertEqual(self.post(server, "/v1/registry/events", {"Event": "s3:TestEvent"}), (202, {"objects": 0, "concerned": 0}))
        self.assertEqual(self.post(server, "/v1/registry/events", {"x": 1})[0], 400)


@unittest.skipUnless(PROGRAM.exists(), "there is no versitygw")
class OnS3(RegistryCase):
    @classmethod
    def setUpClass(cls):
        if deltalake is None:
            raise unittest.SkipTest("delta-rs is not installed")
        cls.s3 = S3()
        cls.addClassCleanup(cls.s3.stop)
        cls.environment = cls.s3.environment

    def setUp(self):
        super().setUp()
        self.bucket = self.s3.root / "exports"
        shutil.rmtree(self.bucket, ignore_errors=True)
        write_parquet(self.bucket / "sales/orders/part-1.parquet", orders(0, 300))
        deltalake.write_deltalake(str(self.bucket / "sales/returns"), table_of(orders(0, 40)))
        self.name_sources("  - path: s3://exports/sales/*\n")

    def test_parquet_and_delta(self):
        report = self.refresh()
        self.assertEqual(self.entry(report, "orders")["rows"], 300)
        self.assertEqual(self.entry(report, "returns")["rows"], 40)
        self.assertEqual((self.count("orders"), self.count("returns")), (300, 40))
        write_parquet(self.bucket / "sales/orders/part-2.parquet", orders(300, 50))
        deltalake.write_deltalake(str(self.bucket / "sales/returns"), table_of(orders(40, 10)), mode="append")
        self.refresh()
        self.assertEqual((self.count("orders"), self.count("returns")), (350, 50))

    def test_copies_that_had_to_go_come_again(self):
        self.refresh()
        shutil.rmtree(self.workspace / "cache/objects")
        self.assertEqual(self.count("orders"), 300)

    def test_an_event_is_followed(self):
        self.refresh()
        environment = {name: value for name, value in self.environment.items() if name.startswith(("AWS_", "NO_", "no_"))}
        server = Server(self.workspace, environment={**environment, "AISLE_LAKE_REGISTRY_TTL": "1d"})
        self.addCleanup(server.stop)
        write_parquet(self.bucket / "sales/orders/part-2.parquet", orders(300, 50))
        record = {"s3": {"bucket": {"name": "exports"}, "object": {"key": "sales/orders/part-2.parquet"}}}
        self.assertEqual(server.post("/v1/registry/events", {"Records": [record]})[0], 202)
        self.wait_for_rows(server, "orders", 350)

    def test_a_service_that_is_away(self):
        self.refresh()
        environment = {**self.environment, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
        done = run("refresh", "-w", self.workspace, env=environment)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("given up after", done.stderr)
        self.assertEqual(self.count("orders"), 300, "what is known stays")


if __name__ == "__main__":
    unittest.main()
