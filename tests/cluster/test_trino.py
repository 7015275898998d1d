"""Trino reads every table we write, on disk and in a bucket (merges, deletes, checkpoints, evolution, constraints), and we read
and change what it writes.

Run by `make test-cluster`: AISLE_TRINO is where it is installed, AISLE_TRINO_JAVA the Java that runs it.
"""
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import in_place  # noqa: E402
import lake  # noqa: E402
import s3  # noqa: E402

import trino  # noqa: E402

TOTALS = "count(*), sum(amount), count(region), count(DISTINCT id), max(id)"


MISSING = None if os.environ.get("AISLE_TRINO") else os.environ.get("AISLE_TRINO_MISSING", "AISLE_TRINO is not set")
servers = None  # one for all cases


class Servers:
    def __init__(self):
        self.bucket = s3.S3() if s3.PROGRAM.exists() else None
        try:
            if self.bucket:
                (self.bucket.root / "lake").mkdir()
            self.trino = trino.from_environment(self.bucket)
        except BaseException:
            self.stop_bucket()
            raise

    def stop_bucket(self):
        if self.bucket:
            self.bucket.stop()

    def stop(self):
        self.trino.stop()
        self.stop_bucket()


def setUpModule():
    global servers
    servers = None if MISSING else Servers()


def tearDownModule():
    if servers:
        servers.stop()


class TrinoCase(unittest.TestCase):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1]
        self.trino, self.bucket = servers.trino, servers.bucket

    def sql(self, statement):
        return self.trino.run(statement.replace("TABLE_", f'lake.s."{self.name}"'))

    def lake(self, *arguments):
        return lake.done(*arguments, env=self.bucket.environment if self.bucket else None)

    def register(self, location):
        self.sql(f"CALL lake.system.register_table('s', '{self.name}', '{location}')")

    def assert_same(self, location, expression=TOTALS):
        ours = [float(part) for part in self.lake("sum", location, expression).split()]
        row = self.sql(f"SELECT {expression} FROM TABLE_")[0]
        self.assertEqual([float(value) for value in row], ours)
        return ours


@unittest.skipIf(MISSING, MISSING)
class OnDisk(TrinoCase):
    def setUp(self):
        super().setUp()
        self.table = self.trino.root / self.name

    def test_trino_reads_every_change_of_ours(self):
        lake.create(self.table, 100)
        self.register(f"local:///{self.name}")
        self.assertEqual(self.assert_same(self.table)[0], 100)
        lake.done("merge", self.table, lake.rows(95, 10), "id")
        self.assertEqual(self.assert_same(self.table)[0], 105)
        lake.done("delete", self.table, "id % 10 = 3")
        self.assert_same(self.table)
        for i in range(9):
            lake.done("append", self.table, lake.rows(200 + 5 * i, 5), f"load:{i}")
        self.assert_same(self.table)
        lake.done("compact", self.table)
        self.assert_same(self.table)
        lake.done("add-column", self.table, "channel", "text")
        lake.done("append", self.table, "SELECT 9000 AS id, 'web' AS channel")
        self.assert_same(self.table, TOTALS + ", count(channel)")
        lake.done("constraint", self.table, "positive", "id >= 0")
        self.assert_same(self.table)
        lake.done("restore", self.table, "0")
        self.assertEqual(self.assert_same(self.table)[0], 100)
        # only checkpoint 10 and later commits
        self.assertTrue((self.table / f"_delta_log/{10:020}.checkpoint.parquet").exists())
        for commit in range(10):
            (self.table / f"_delta_log/{commit:020}.json").unlink()
        self.sql(f"CALL lake.system.unregister_table('s', '{self.name}')")
        self.register(f"local:///{self.name}")
        self.assertEqual(self.assert_same(self.table)[0], 100)

    def test_trino_prunes_by_our_statistics(self):
        lake.create(self.table, 100, "day")
        self.register(f"local:///{self.name}")
        for condition in ("day = DATE '2026-11-02'", "id > 90", "region = 'r3'", "region IS NULL", "amount < 10",
                          "region LIKE 'A/B %'", "\"at\" >= TIMESTAMP '2026-11-01 00:01:00'"):
            ours = lake.done("sum", self.table, f"count(*) FILTER (WHERE {condition})")
            self.assertEqual(self.sql(f"SELECT count(*) FROM TABLE_ WHERE {condition}")[0][0], int(ours), condition)
        # as it plans, it knows the number of rows that our log states
        shown = self.sql("SHOW STATS FOR TABLE_")
        self.assertEqual([row[4] for row in shown if row[0] is None], [100.0])

    def test_trino_reads_every_type_of_ours(self):
        columns = "id:integer,name:text,price:decimal,weight:double,sold:boolean,day:date,at:timestamp,hour:time"
        lake.done("create", self.table, "SELECT i AS id, 'n' || i AS name, CAST(i * 1.5 AS DECIMAL(18,4)) AS price, i / 4 AS weight, "
                  "i % 2 = 0 AS sold, DATE '2026-11-01' + CAST(i AS INTEGER) AS day, TIMESTAMP '2026-11-01 12:00:00.123456' AS at, "
                  "TIME '10:00:00' AS hour FROM range(3) t(i) UNION ALL SELECT 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL", columns, "")
        self.register(f"local:///{self.name}")
        self.assertEqual(self.sql("SELECT * FROM TABLE_ WHERE id IN (1, 3) ORDER BY id"),
                         [[1, "n1", "1.5000", 0.25, False, "2026-11-02", "2026-11-01 12:00:00.123456", "10:00:00"],
                          [3, None, None, None, None, None, None, None]])


@unittest.skipIf(MISSING, MISSING)
@unittest.skipUnless(s3.PROGRAM.exists(), "there is no versitygw")
class InABucket(TrinoCase):
    def setUp(self):
        super().setUp()
        self.table = f"s3://lake/{self.name}"

    def test_we_read_and_change_what_trino_writes(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT, region VARCHAR, amount DECIMAL(12,2), at TIMESTAMP(3) WITH TIME ZONE, small INTEGER) "
                 f"WITH (location = '{self.table}', partitioned_by = ARRAY['region'], checkpoint_interval = 4)")
        self.sql("INSERT INTO TABLE_ SELECT n, IF(n % 4 = 0, NULL, 'r ' || CAST(n % 4 AS VARCHAR)), n * DECIMAL '1.25', "
                 "TIMESTAMP '2026-11-01 10:00:00 UTC' + n * INTERVAL '1' SECOND, n FROM UNNEST(sequence(0, 99)) t(n)")
        self.assertEqual(self.assert_same(self.table)[0], 100)
        self.sql("UPDATE TABLE_ SET amount = amount + 1 WHERE id < 10")
        self.sql("DELETE FROM TABLE_ WHERE id >= 90")
        self.sql("MERGE INTO TABLE_ t USING (VALUES (5, 'r 1')) s(id, region) ON t.id = s.id WHEN MATCHED THEN UPDATE SET amount = 0")
        self.assertEqual(self.assert_same(self.table)[0], 90)
        self.sql("ALTER TABLE TABLE_ ADD COLUMN note VARCHAR")
        self.sql("INSERT INTO TABLE_ VALUES (500, 'r 9', 1, TIMESTAMP '2026-11-01 10:00:00 UTC', 1, 'x')")
        self.assert_same(self.table, TOTALS + ", count(note), max(small)")
        self.lake("append", self.table, "SELECT 501 AS id, 'r 9' AS region, TIMESTAMPTZ '2026-11-01 10:00:00+00' AS at, 'y' AS note")
        self.lake("merge", self.table, "SELECT 500 AS id, 'r 9' AS region, 7 AS amount UNION ALL SELECT 502, 'r 9', 8", "id")
        self.assertEqual(self.assert_same(self.table, TOTALS + ", count(note)")[0], 93)
        self.sql("ALTER TABLE TABLE_ EXECUTE optimize")
        self.assert_same(self.table)
        self.assertEqual(self.sql("SELECT CAST(max(at) AS VARCHAR) FROM TABLE_ WHERE id = 501"), [["2026-11-01 10:00:00.000 UTC"]])

    def test_trino_reads_and_changes_ours_and_holds_to_our_constraint(self):
        self.lake("create", self.table, lake.rows(0, 100), lake.COLUMNS, "day,region")
        self.lake("constraint", self.table, "positive", "id >= 0")
        self.register(self.table)
        self.assertEqual(self.assert_same(self.table)[0], 100)
        with self.assertRaisesRegex(trino.QueryFailed, "(?i)constraint"):
            self.sql("INSERT INTO TABLE_ (id) VALUES (-1)")
        self.sql("INSERT INTO TABLE_ (id, day, amount) VALUES (700, DATE '2026-11-03', 1)")
        self.sql("DELETE FROM TABLE_ WHERE id < 10")
        self.assertEqual(self.assert_same(self.table)[0], 91)
        refused = lake.tool("append", self.table, "SELECT -5 AS id", env=self.bucket.environment)
        self.assertIn("positive", refused.stderr)

    def refused(self, word, *arguments):
        finished = lake.tool(*arguments, env=self.bucket.environment)
        self.assertNotEqual(finished.returncode, 0)
        self.assertIn(word, finished.stderr)

    def test_we_read_deletion_vectors_and_mapped_columns(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT, amount DECIMAL(12,2), region VARCHAR) WITH "
                 f"(location = '{self.table}', deletion_vectors_enabled = true, column_mapping_mode = 'NAME', checkpoint_interval = 4, "
                 "partitioned_by = ARRAY['region'])")
        self.sql("INSERT INTO TABLE_ SELECT n, n, IF(n % 2 = 0, 'even') FROM UNNEST(sequence(0, 9999)) t(n)")
        for condition, left in (("id IN (5, 4999)", 9998), ("id BETWEEN 3000 AND 4499", 8498), ("id % 3 = 0", 5664)):
            self.sql(f"DELETE FROM TABLE_ WHERE {condition}")
            self.assertEqual(self.assert_same(self.table)[0], left)
        self.assertTrue(list((self.bucket.root / "lake" / self.name).glob("**/deletion_vector_*.bin")))
        self.sql("ALTER TABLE TABLE_ RENAME COLUMN amount TO paid")
        totals = "count(*), sum(paid), count(region), max(id)"
        self.sql("UPDATE TABLE_ SET paid = 0.5 WHERE id = 7")
        self.assert_same(self.table, totals)
        self.refused("columnMapping", "append", self.table, "SELECT 1 AS id")
        place = in_place.InPlace(self.trino.root, self.table, "orders", self.bucket.environment)
        self.assertEqual(place.refresh()["rows"], 5664)
        rows = place.rows()
        self.assertEqual((len(rows), sum(int(row["id"]) for row in rows)), (5664, self.sql("SELECT sum(id) FROM TABLE_")[0][0]))


del TrinoCase

if __name__ == "__main__":
    unittest.main()
