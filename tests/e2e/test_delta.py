"""The tables aisle writes are Delta tables that delta-rs reads, value for value."""
import csv
import datetime
import decimal
import io
import unittest

import lake
from aisle import WorkspaceCase, run

try:
    import deltalake
except ImportError:
    deltalake = None

HEADER = "Order No,Ordered,Shipped at,Shop,Pieces,Price,Share,Gift,Remark\n"
ROWS = [f"000{i},{1 + i % 28}/{1 + i % 12}/2023,2023-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:30:00,"
        f"{('Zürich', 'Málaga', 'O''Hare')[i % 3]},{i % 9 - 2},\"£1,{i % 900 + 100}.5{i % 10}\",{i % 100}%,{('yes', 'no')[i % 2]},"
        f"{'' if i % 4 else 'note %d' % i}\n" for i in range(3000)]


@unittest.skipIf(deltalake is None, "delta-rs is not installed")
class DeltaTables(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, self.write("orders.csv", HEADER + "".join(ROWS)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.table = deltalake.DeltaTable(str(self.workspace / "lake/orders"))

    def test_delta_rs_opens_the_table_at_version_0(self):
        self.assertEqual(self.table.version(), 0)
        names = [field.name for field in self.table.schema().fields]
        self.assertEqual(names[0], "order_no")
        for name in names:
            self.assertRegex(name, r"^[a-z][a-z0-9_]*$")

    def test_types(self):
        types = {field.name: field.type.type if hasattr(field.type, "type") else str(field.type) for field in self.table.schema().fields}
        self.assertEqual(types["order_no"], "string", "leading zeros are kept")
        self.assertEqual(types["ordered"], "date")
        self.assertEqual(types["shipped_at"], "timestamp_ntz")
        self.assertIn(types["pieces"], ("long", "integer"))
        self.assertEqual(types["price"], "decimal(18,4)")

    def test_statistics_stand_in_the_log(self):
        actions = self.table.get_add_actions(flatten=True)
        names = actions.schema.names
        self.assertEqual(sum(actions.column("num_records").to_pylist()), 3000)
        self.assertIn("min.ordered", names)
        self.assertEqual(min(actions.column("min.ordered").to_pylist()), datetime.date(2023, 1, 1))
        self.assertEqual(min(actions.column("min.pieces").to_pylist()), -2)

    def test_export_says_the_same(self):
        done = run("export", "-w", self.workspace, "orders")
        self.assertEqual(done.returncode, 0, done.stderr)
        exported = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(len(exported), 3000)
        prices = [decimal.Decimal(row["price"]) for row in exported]
        expected = sum(decimal.Decimal(f"1{i % 900 + 100}.5{i % 10}") for i in range(3000))
        self.assertEqual(sum(prices), expected)

    def rows_by_delta_rs(self):
        names = [field.name for field in self.table.schema().fields]
        return [dict(zip(names, row)) for row in lake.ask_delta_rs(self.workspace / "lake/orders", f"select {', '.join(names)} from t")]

    def test_every_value_is_the_same(self):
        exported = list(csv.DictReader(io.StringIO(run("export", "-w", self.workspace, "orders").stdout)))
        found = sorted(self.rows_by_delta_rs(), key=lambda row: row["order_no"])
        exported.sort(key=lambda row: row["order_no"])
        self.assertEqual(len(found), len(exported))
        for ours, theirs in zip(exported, found):
            self.assertEqual(ours["order_no"], theirs["order_no"])
            self.assertEqual(ours["ordered"], theirs["ordered"].isoformat())
            self.assertEqual(ours["shipped_at"].replace("T", " ")[:19], str(theirs["shipped_at"])[:19])
            self.assertEqual(decimal.Decimal(ours["price"]), theirs["price"])
            self.assertEqual(int(ours["pieces"]), theirs["pieces"])
            self.assertEqual(ours["shop"], theirs["shop"])
            self.assertEqual(ours["gift"] == "true", theirs["gift"])
            self.assertEqual(ours["remark"] or None, theirs["remark"])

    def test_what_delta_rs_appends_is_read(self):
        more = deltalake.QueryBuilder().register("t", self.table).execute("select * from t limit 7").read_all()
        deltalake.write_deltalake(self.table, more, mode="append")
        done = run("init", "--add", self.workspace, self.write("shops.csv", "shop,city\n1,Bonn\n2,Ulm\n"))
        self.assertEqual(done.returncode, 0, done.stderr)
        exported = run("export", "-w", self.workspace, "orders")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(exported.stdout)))), 3007)


if __name__ == "__main__":
    unittest.main()
