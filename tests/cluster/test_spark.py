"""Spark reads every table we write (merges, deletes, checkpoints, evolution, constraints) and we read what it writes.

Run by `make test-cluster` with a Python that has pyspark; AISLE_SPARK_JARS names the Delta jars, AISLE_SPARK_JAVA the Java
that runs it. One session serves all cases.
"""
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import in_place  # noqa: E402
import lake  # noqa: E402

MISSING = None if os.environ.get("AISLE_SPARK_JARS") else os.environ.get("AISLE_SPARK_MISSING", "AISLE_SPARK_JARS is not set")
if not MISSING:
    os.environ["JAVA_HOME"] = os.environ["AISLE_SPARK_JAVA"]
    from pyspark.sql import SparkSession

# Small data: what costs is to start, to compile and to cut into tasks.
SMALL = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", "spark.sql.codegen.wholeStage": "false",
         "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "2",
         "spark.databricks.delta.snapshotPartitions": "2", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
TOTALS = "count(*), sum(amount), count(region), count(DISTINCT id), max(id)"


@unittest.skipIf(MISSING, MISSING)
class Spark(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="aisle-spark-")
        builder = SparkSession.builder.master("local[2]").appName("aisle").config("spark.jars", os.environ["AISLE_SPARK_JARS"])
        for name, value in {**SMALL, "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1",
                            "spark.driver.bindAddress": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
                            "spark.local.dir": cls.scratch.name, "spark.sql.warehouse.dir": cls.scratch.name + "/warehouse",
                            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
                            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog"}.items():
            builder = builder.config(name, value)
        cls.spark = builder.getOrCreate()
        cls.spark.sparkContext.setLogLevel("ERROR")

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()
        cls.scratch.cleanup()

    def setUp(self):
        self.table = Path(self.scratch.name) / self.id().rsplit(".", 1)[1]

    def sql(self, statement):
        return self.spark.sql(statement.replace("TABLE_", f"delta.`{self.table}`"))

    def assert_same(self, expression=TOTALS):
        ours = [float(part) for part in lake.done("sum", self.table, expression).split()]
        row = self.sql(f"SELECT {expression} FROM TABLE_").collect()[0]
        self.assertEqual([float(value) for value in row], ours)
        return ours

    def test_spark_reads_every_change_of_ours(self):
        lake.create(self.table, 100)
        self.assert_same()
        lake.done("merge", self.table, lake.rows(95, 10), "id")
        self.assert_same()
        lake.done("delete", self.table, "id % 10 = 3")
        self.assert_same()
        for i in range(12):
            lake.done("append", self.table, lake.rows(200 + 5 * i, 5), f"load:{i}")
        self.assert_same()
        lake.done("compact", self.table)
        self.assert_same()
        lake.done("add-column", self.table, "channel", "text")
        lake.done("append", self.table, "SELECT 9000 AS id, 'web' AS channel")
        self.assert_same(TOTALS + ", count(channel)")
        lake.done("constraint", self.table, "positive", "id >= 0")
        self.assert_same()
        with self.assertRaises(Exception):
            self.sql("INSERT INTO TABLE_ (id, day, region, amount, at, channel) VALUES (-1, NULL, NULL, NULL, NULL, NULL)")
        lake.done("restore", self.table, "0")
        self.assert_same()
        # only checkpoint 10 and later commits
        for commit in range(10):
            (self.table / "_delta_log" / f"{commit:020}.json").unlink()
        self.spark.catalog.clearCache()
        self.assert_same()

    def test_spark_prunes_by_our_statistics(self):
        lake.create(self.table, 100, "day")
        for condition in ("day = DATE '2026-11-02'", "id > 90", "region = 'r3'", "region IS NULL",
                          "amount < 10"):
            ours = lake.done("sum", self.table, f"count(*) FILTER (WHERE {condition})")
            self.assertEqual(self.sql(f"SELECT count(*) FROM TABLE_ WHERE {condition}").collect()[0][0], int(ours), condition)

    def test_we_read_and_change_what_spark_writes(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT, region STRING, amount DECIMAL(12,2), at TIMESTAMP, small INT) USING delta "
                 "PARTITIONED BY (region)")
        self.sql("INSERT INTO TABLE_ SELECT id, IF(id % 4 = 0, NULL, concat('r ', id % 4)), id * 1.25, "
                 "timestamp'2026-11-01 10:00:00' + make_interval(0,0,0,0,0,0,id), id FROM range(100)")
        self.assert_same()
        self.sql("UPDATE TABLE_ SET amount = amount + 1 WHERE id < 10")
        self.sql("DELETE FROM TABLE_ WHERE id >= 90")
        self.sql("MERGE INTO TABLE_ t USING (SELECT 5L AS id, 'r 1' AS region) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.amount = 0")
        self.assert_same()
        self.sql("ALTER TABLE TABLE_ ADD COLUMNS (note STRING)")
        self.sql("INSERT INTO TABLE_ VALUES (500, 'r 9', 1, timestamp'2026-11-01 10:00:00', 1, 'x')")
        self.assert_same(TOTALS + ", count(note), max(small)")
        lake.done("append", self.table, "SELECT 501 AS id, 'r 9' AS region, TIMESTAMPTZ '2026-11-01 10:00:00+00' AS at, 'y' AS note")
        lake.done("merge", self.table, "SELECT 500 AS id, 'r 9' AS region, 7 AS amount UNION ALL SELECT 502, 'r 9', 8", "id")
        self.assert_same(TOTALS + ", count(note)")
        self.sql("OPTIMIZE TABLE_")
        self.assert_same()
        self.assertEqual(self.sql("SELECT CAST(max(at) AS STRING) FROM TABLE_ WHERE id = 501").collect()[0][0], "2026-11-01 10:00:00")

    def refused(self, word, *arguments):
        finished = lake.tool(*arguments)
        self.assertNotEqual(finished.returncode, 0)
        self.assertIn(word, finished.stderr)

    def test_we_read_deletion_vectors_and_do_not_write_with_them(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT, amount DECIMAL(12,2), region STRING) USING delta PARTITIONED BY (region) "
                 "TBLPROPERTIES (delta.enableDeletionVectors = true, delta.checkpointInterval = 3)")
        self.sql("INSERT INTO TABLE_ SELECT /*+ COALESCE(1) */ id, id, IF(id % 2 = 0, 'even', NULL) FROM range(20000)")
        self.assert_same()
        # few rows of a file; then a run of them; then every third, which is a bitmap
        for condition, left in (("id IN (5, 1999, 19999)", 19997), ("id BETWEEN 3000 AND 8999", 13997), ("id % 3 = 0", 9330)):
            self.sql(f"DELETE FROM TABLE_ WHERE {condition}")
            self.assertEqual(self.assert_same()[0], left)
        self.assertTrue(list(self.table.glob("**/deletion_vector_*.bin")))
        self.sql("UPDATE TABLE_ SET amount = 0.5 WHERE id = 7")
        self.sql("MERGE INTO TABLE_ t USING (SELECT 8L AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE")
        self.assertEqual(self.assert_same()[0], 9329)
        self.refused("deletion vectors", "append", self.table, "SELECT 1 AS id")
        self.refused("deletion vectors", "delete", self.table, "id = 10")
        self.sql("REORG TABLE TABLE_ APPLY (PURGE)")
        self.assert_same()
        lake.done("append", self.table, "SELECT 30000 AS id, 'odd' AS region")
        self.assertEqual(self.assert_same()[0], 9330)
        self.refused("deletion vectors", "restore", self.table, 3)

    def test_we_read_mapped_columns_and_do_not_write_with_them(self):
        self.sql("CREATE TABLE TABLE_ (`order id` BIGINT, region STRING, was DOUBLE) USING delta PARTITIONED BY (region) "
                 "TBLPROPERTIES (delta.columnMapping.mode = 'name')")
        self.sql("INSERT INTO TABLE_ SELECT id, concat('r', id % 3), id FROM range(100)")
        self.sql("ALTER TABLE TABLE_ RENAME COLUMN region TO area")
        self.sql("ALTER TABLE TABLE_ DROP COLUMN was")
        self.sql("ALTER TABLE TABLE_ ADD COLUMN (was STRING)")
        self.sql("INSERT INTO TABLE_ VALUES (500, 'r1', 'new')")
        for condition in ("true", "area = 'r1'", "`order id` > 90"):
            ours = lake.done("sum", self.table, "count(*), sum(\"order id\"), count(was)".replace(
                ",", f" FILTER (WHERE {condition.replace('`', chr(34))}),") + f" FILTER (WHERE {condition.replace('`', chr(34))})")
            row = self.sql(f"SELECT count(*), sum(`order id`), count(was) FROM TABLE_ WHERE {condition}").collect()[0]
            self.assertEqual([int(value) for value in row], [int(part) for part in ours.split()], condition)
        self.refused("columnMapping", "append", self.table, "SELECT 1 AS \"order id\"")

    def test_both_are_asked_in_place(self):
        self.sql("CREATE TABLE TABLE_ (`order id` BIGINT, region STRING, amount INT) USING delta PARTITIONED BY (region) "
                 "TBLPROPERTIES (delta.columnMapping.mode = 'name', delta.enableDeletionVectors = true)")
        self.sql("INSERT INTO TABLE_ SELECT /*+ COALESCE(1) */ id, concat('r', id % 3), id * 2 FROM range(300)")
        self.sql("ALTER TABLE TABLE_ RENAME COLUMN amount TO paid")
        place = in_place.InPlace(self.scratch.name, self.table, "orders")
        for condition in (None, "`order id` < 100", "`order id` % 2 = 0"):
            if condition:
                self.sql(f"DELETE FROM TABLE_ WHERE {condition}")
            self.assertEqual(place.refresh()["drift"], [])
            theirs = [[str(value) for value in row] for row in self.sql("SELECT * FROM TABLE_ ORDER BY 1").collect()]
            ours = sorted((list(row.values()) for row in place.rows()), key=lambda row: int(row[0]))
            self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
