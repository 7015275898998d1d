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

    def test_deletion_vectors_are_refused_by_name(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT, amount DECIMAL(12,2), region STRING) USING delta "
                 "TBLPROPERTIES (delta.enableDeletionVectors = true)")
        self.sql("INSERT INTO TABLE_ SELECT id, id, 'r' FROM range(100)")
        self.assert_same()
        self.sql("DELETE FROM TABLE_ WHERE id = 5")
        refused = lake.tool("count", self.table)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("deletion vectors", refused.stderr)
        self.sql("REORG TABLE TABLE_ APPLY (PURGE)")
        self.assert_same()

    def test_column_mapping_is_refused_by_name(self):
        self.sql("CREATE TABLE TABLE_ (id BIGINT) USING delta TBLPROPERTIES (delta.columnMapping.mode = 'name')")
        refused = lake.tool("count", self.table)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("columnMapping", refused.stderr)


if __name__ == "__main__":
    unittest.main()
