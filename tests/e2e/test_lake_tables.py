"""Delta tables, on disk and in a bucket: changed by us and by delta-rs in turn, read by both after every step; racing writers."""
import json
import os
import shutil
import unittest

import lake
import s3
from aisle import WorkspaceCase, run


HAVE_DELTA_RS = lake.deltalake is not None
TOTALS = "count(*), sum(amount), count(region), count(DISTINCT id)"


class OnDisk(WorkspaceCase):
    options = None
    environment = None

    def location(self, name="sales"):
        return self.folder / name

    def tool(self, *arguments):
        return lake.done(*arguments, env=self.environment)

    def create(self, count=100):
        self.table = self.location()
        self.tool("create", self.table, lake.rows(0, count), lake.COLUMNS, "day,region")

    def ours(self, expression=TOTALS):
        return [float(part) for part in self.tool("sum", self.table, expression).split()]

    def theirs(self, expression=TOTALS):
        rows = lake.ask_delta_rs(self.table, f"select {expression} from t", storage_options=self.options)
        return [float(part) for part in rows[0]]

    def assert_same(self, count=None):
        ours = self.ours()
        if count is not None:
            self.assertEqual(ours[0], count)
        if HAVE_DELTA_RS:
            self.assertEqual(self.theirs(), ours)

    def delta_rs(self):
        return lake.deltalake.DeltaTable(str(self.table), storage_options=self.options)

    def test_every_change_reads_the_same_to_both(self):
        self.create()
        self.assert_same(100)
        self.tool("merge", self.table, lake.rows(95, 10), "id")
        self.assert_same(105)
        self.tool("delete", self.table, "id % 10 = 3")
        self.assert_same(94)
        for i in range(12):
            self.tool("append", self.table, lake.rows(200 + 5 * i, 5), f"load:{i}")
        self.assert_same(154)
        self.tool("compact", self.table)
        self.assert_same(154)
        self.tool("overwrite-partitions", self.table, "SELECT 1 AS id, DATE '2026-11-01' AS day, 'new' AS region")
        self.assert_same(155)
        self.tool("add-column", self.table, "channel", "text")
        self.tool("append", self.table, "SELECT 9000 AS id, 'web' AS channel")
        self.assert_same(156)
        self.assertEqual(self.ours("count(channel)"), [1])
        self.tool("restore", self.table, 0)
        self.assert_same(100)

    @unittest.skipUnless(HAVE_DELTA_RS, "delta-rs is not installed")
    def test_what_delta_rs_changes_we_read_and_change_on(self):
        self.create()
        some = lake.deltalake.QueryBuilder().register("t", self.delta_rs()).execute("select * from t where id < 20").read_all()
        lake.deltalake.write_deltalake(str(self.table), some, mode="append", storage_options=self.options)
        self.assert_same(120)
        self.delta_rs().delete("id < 5")
        self.assert_same(110)
        self.tool("merge", self.table, lake.rows(0, 5), "id")
        self.assert_same(115)
        self.delta_rs().optimize.compact()
        self.assert_same(115)
        self.tool("delete", self.table, "region IS NULL")
        self.assert_same()
        self.delta_rs().create_checkpoint()
        self.tool("append", self.table, lake.rows(500, 7))
        self.assert_same()
        lake.deltalake.write_deltalake(str(self.table), some, mode="overwrite", storage_options=self.options)
        self.assert_same(20)

    @unittest.skipUnless(HAVE_DELTA_RS, "delta-rs is not installed")
    def test_constraints_hold_for_both(self):
        self.create()
        self.tool("constraint", self.table, "positive", "id >= 0")
        broken = lake.tool("append", self.table, "SELECT -5 AS id", env=self.environment)
        self.assertNotEqual(broken.returncode, 0)
        self.assertIn("positive", broken.stderr)
        some = lake.deltalake.QueryBuilder().register("t", self.delta_rs()).execute(
            "select cast(-1 as bigint) as id, day, region, amount, at from t limit 1").read_all()
        with self.assertRaises(Exception):
            lake.deltalake.write_deltalake(str(self.table), some, mode="append", storage_options=self.options)
        self.assert_same(100)

    def test_racing_appends_lose_nothing(self):
        self.create(20)
        writers = [lake.start("append", self.table, lake.rows(1000 * (i + 1), 10), env={**os.environ, **(self.environment or {})})
                   for i in range(6)]
        for writer in writers:
            out, err = writer.communicate(timeout=120)
            self.assertEqual(writer.returncode, 0, err)
        self.assert_same(80)

    @unittest.skipUnless(HAVE_DELTA_RS, "delta-rs is not installed")
    def test_racing_with_delta_rs_loses_nothing(self):
        self.create(20)
        some = lake.deltalake.QueryBuilder().register("t", self.delta_rs()).execute("select * from t where id < 3").read_all()
        writers = [lake.start("append", self.table, lake.rows(1000 * (i + 1), 10), env={**os.environ, **(self.environment or {})})
                   for i in range(3)]
        theirs = 0
        for _ in range(4):
            try:
                lake.deltalake.write_deltalake(str(self.table), some, mode="append", storage_options=self.options)
                theirs += 1
            except lake.deltalake.exceptions.DeltaError:
                pass  # told that it lost
        for writer in writers:
            _, err = writer.communicate(timeout=120)
            self.assertEqual(writer.returncode, 0, err)
        self.assert_same(50 + 3 * theirs)

    def test_racing_merges_of_the_same_keys_never_mix(self):
        """Each merge writes one value into all rows: afterwards every row has the value of one and the same writer."""
        self.create(40)
        writers = [lake.start("merge", self.table, f"SELECT * REPLACE ({i} AS amount) FROM ({lake.rows(0, 40)})", "id",
                              env={**os.environ, **(self.environment or {})}) for i in range(1, 4)]
        statuses = []
        for writer in writers:
            _, err = writer.communicate(timeout=120)
            self.assertIn(writer.returncode, (0, 15), err)  # done, or told that others were first
            statuses.append(writer.returncode)
        self.assertIn(0, statuses)
        self.assertEqual(self.ours("count(*), count(DISTINCT amount), count(DISTINCT id)"), [40, 1, 40])
        self.assert_same(40)

    def test_the_same_load_at_once_counts_once(self):
        self.create(20)
        writers = [lake.start("append", self.table, lake.rows(100, 10), "load:same", env={**os.environ, **(self.environment or {})})
                   for _ in range(3)]
        for writer in writers:
            _, err = writer.communicate(timeout=120)
            self.assertEqual(writer.returncode, 0, err)
        self.assert_same(30)


class Bucket(WorkspaceCase):
    """A server with a bucket; every case has a prefix of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = s3.S3()
        (cls.server.root / "lake").mkdir()
        cls.environment = {name: value for name, value in cls.server.environment.items() if os.environ.get(name) != value}
        cls.options = {"AWS_ACCESS_KEY_ID": "testkey", "AWS_SECRET_ACCESS_KEY": "testsecret123", "AWS_REGION": "us-east-1",
                       "AWS_ENDPOINT_URL": cls.server.endpoint, "AWS_ALLOW_HTTP": "true", "aws_conditional_put": "etag"}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")

    def location(self, name="sales"):
        return f"s3://lake/{self.folder.name}/{name}"


class InABucket(Bucket, OnDisk):
    """The same in a bucket."""


class WorkspaceInABucket(Bucket):
    """A workspace whose tables lie in a bucket (setting lake.location): asked, loaded, compacted, vacuumed."""

    def run_ok(self, *arguments):
        done = run(*arguments, env={**os.environ, **self.environment})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def total(self, *flags):
        answer = json.loads(self.run_ok("ask", "-w", self.workspace, "--json", *flags, "total amount"))
        return answer["rows"][0][0]

    def test_a_workspace_over_a_bucket(self):
        self.workspace = self.folder / "shop"
        orders = self.write("orders.csv", "order id,day,amount\n" + "".join(f"A{i},2026-01-{i % 28 + 1:02},{i}.5\n" for i in range(1, 11)))
        self.environment["AISLE_LAKE_LOCATION"] = f"s3://lake/{self.folder.name}"
        self.run_ok("init", self.workspace, orders)
        del self.environment["AISLE_LAKE_LOCATION"]  # it stands in aisle.yaml now
        self.assertFalse((self.workspace / "lake/orders").exists())
        self.assertEqual(self.total(), 60)
        for i in range(3):
            lake.done("load", self.workspace, f"load:{i}", "SELECT 'B' AS order_id, DATE '2026-01-09' AS day, 1000 AS amount", "orders",
                      env=self.environment)
        self.assertEqual(self.total(), 3060)
        self.assertEqual(self.total("--at-version", "1"), 1060)
        self.run_ok("compact", "-w", self.workspace)
        self.run_ok("vacuum", "-w", self.workspace, "--retention", "0", "--force")
        self.assertEqual(self.total(), 3060)
        self.run_ok("restore", "-w", self.workspace, "orders", "--version", "4")
        self.assertIn("13 rows", self.run_ok("tables", "-w", self.workspace))


class Location(WorkspaceCase):
    """The setting lake.location, when a workspace is made."""

    def test_init_puts_the_tables_where_the_setting_says(self):
        table = self.write("t.csv", "id,amount\n1,2.50\n2,3.50\n")
        shop, place = self.folder / "shop", self.folder / "elsewhere"
        environment = {**os.environ, "AISLE_LAKE_LOCATION": str(place)}
        done = run("init", shop, table, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((place / "t/_delta_log/00000000000000000000.json").exists())
        self.assertFalse((shop / "lake/t").exists())
        self.assertIn("elsewhere", (shop / "aisle.yaml").read_text())
        self.assertEqual(run("init", "--add", shop, self.write("u.csv", "id,name\n1,x\n")).returncode, 0)  # without the environment
        self.assertTrue((place / "u/_delta_log").is_dir())
        answer = json.loads(run("ask", "-w", shop, "--json", "total amount").stdout)
        self.assertEqual(answer["rows"], [[6]])
        done = run("init", self.folder / "second", table, env=environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("there is a table t", done.stderr)
        self.assertFalse((self.folder / "second").exists())
        self.assertEqual(json.loads(run("ask", "-w", shop, "--json", "total amount").stdout)["rows"], [[6]], "it was left alone")

    def test_what_fails_leaves_nothing_there(self):
        good, bad = self.write("a.csv", "id,amount\n1,2.50\n2,3.50\n"), self.write("b.csv", "id,amount\n1,5\n")
        place = self.folder / "elsewhere"
        environment = {**os.environ, "AISLE_LAKE_LOCATION": str(place)}
        self.assertEqual(run("init", self.folder / "first", bad, env=environment).returncode, 0)
        self.assertNotEqual(run("init", self.folder / "second", good, bad, env=environment).returncode, 0)
        self.assertFalse((place / "a/_delta_log/00000000000000000000.json").exists(), "a was taken away with the rest")
        self.assertTrue((place / "b/_delta_log/00000000000000000000.json").exists())


if __name__ == "__main__":
    unittest.main()
