"""Tables that other writers made: their partition values, constraints, descriptions and cleaned logs, read and changed by us
and read by delta-rs again."""
import glob
import json
import os
import unittest
from pathlib import Path
from urllib.parse import unquote

import lake
from aisle import WorkspaceCase

try:
    from arro3.core import Array, DataType, Table
    from deltalake import DeltaTable, Field, QueryBuilder, Schema, write_deltalake
except ImportError:
    DeltaTable = None

UNSUPPORTED, BAD_INPUT, NOT_FOUND = 11, 7, 5
FEW = "(values (1), (2), (3), (4)) s(id)"
# Per type: SQL that gives four values of it by id, the third one NULL.
PARTITIONS = {
    "text": "case id when 1 then 'a/b %41?#' when 2 then 'é=ü 50%25' when 4 then ' ' end",
    "date": "case id when 1 then date '1969-12-31' when 2 then date '2020-02-29' when 4 then date '9999-12-31' end",
    "moment": "arrow_cast(case id when 1 then '2020-01-01T12:30:00.000005' when 2 then '1969-12-31T23:59:59.999999' when 4 then "
              "'2021-07-01T02:00:00' end, 'Timestamp(Microsecond, Some(\"UTC\"))')",
    "local": "arrow_cast(case id when 1 then '2020-01-01T12:30:00.000005' when 2 then '1969-12-31T23:59:59.999999' when 4 then "
             "'2021-07-01T02:00:00' end, 'Timestamp(Microsecond, None)')",
    "flag": "case id when 1 then true when 2 then false when 4 then true end",
    "whole": "arrow_cast(case id when 1 then -5 when 2 then 2147483647 when 4 then 0 end, 'Int32')",
    "amount": "arrow_cast(case id when 1 then 1.20 when 2 then 99999999.99 when 4 then 5.10 end, 'Decimal128(10, 2)')",
}


def arrow(sql, *, location):
    """The rows of a query that needs no table, as delta-rs' engine computes them."""
    seed = location / "seed"
    if not seed.exists():
        write_deltalake(str(seed), Table.from_arrays([Array([1], type=DataType.int64())], names=["one"]))
    return QueryBuilder().register("seed", DeltaTable(str(seed))).execute(sql).read_all()


@unittest.skipIf(DeltaTable is None, "delta-rs is not installed")
class ByOthers(WorkspaceCase):
    def make(self, name, sql="select cast(id as bigint) as id, 'v' || id as v from " + FEW, **options):
        table = self.folder / name
        write_deltalake(str(table), arrow(sql, location=self.folder), **options)
        return table

    def refused(self, status, words, *arguments):
        done = lake.tool(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words, done.stderr)

    def commit(self, table, *actions):
        """A commit as another writer would make it."""
        version = DeltaTable(str(table)).version() + 1
        (table / f"_delta_log/{version:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))

    def test_partition_values_of_every_type_both_ways(self):
        shown = "string_agg(concat_ws('=', id % 10, coalesce(cast(p as varchar), 'none')), ' ' order by id)"
        for name, value in PARTITIONS.items():
            with self.subTest(name):
                table = self.make(name, f"select cast(id as bigint) as id, {value} as p from {FEW}", partition_by=["p"])
                different = 2 if name == "flag" else 3
                self.assertEqual(lake.done("sum", table, "count(*), sum(id), count(p), count(DISTINCT p)"), f"4 10 3 {different}")
                before = lake.done("sum", table, shown)
                # Everything is written anew by us, into the same partitions.
                lake.done("append", table, f"SELECT id + 10 AS id, p FROM ({self.rows_of(table)})")
                lake.done("delete", table, "id < 10")
                self.assertEqual(lake.done("sum", table, shown), before)
                self.assertEqual(lake.ask_delta_rs(table, "select count(*), sum(id), count(p), count(distinct p) from t")[0], (4, 50, 3, different))

    def rows_of(self, table):
        """SQL of the table's rows: its files themselves, with the partition's values of the log."""
        parts = []
        for add in self.adds(table):
            value = add["partitionValues"]["p"]
            quoted = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
            path = str(table / unquote(add["path"])).replace("'", "''")
            parts.append(f"SELECT id, {quoted} AS p FROM read_parquet('{path}')")
        return " UNION ALL ".join(parts)

    def adds(self, table):
        actions = [json.loads(text) for path in sorted((table / "_delta_log").glob("*.json")) for text in path.read_text().splitlines()]
        return [action["add"] for action in actions if "add" in action]

    def test_their_partitions_are_replaced_however_they_spell_them(self):
        for name in ("moment", "local", "amount"):
            with self.subTest(name):
                table = self.make(name, f"select cast(id as bigint) as id, {PARTITIONS[name]} as p from {FEW}", partition_by=["p"])
                value = "5.1" if name == "amount" else "TIMESTAMP '2021-07-01 02:00:00'"
                lake.done("overwrite-partitions", table, f"SELECT 40 AS id, {value} AS p")
                self.assertEqual(lake.done("sum", table, "count(*), sum(id), count(DISTINCT p)"), "4 46 3")
                self.assertEqual(lake.ask_delta_rs(table, "select count(*), sum(id) from t")[0], (4, 46))

    def test_their_constraints_hold_for_our_writes(self):
        table = self.make("held")
        DeltaTable(str(table)).alter.add_constraint({"positive": "id > 0"})
        DeltaTable(str(table)).alter.add_constraint({"listed": "v in ('v1', 'v2', 'v3', 'v4')"})
        for verb, words, rows, *more in (("append", "positive", "SELECT -1 AS id, 'v1' AS v"), ("append", "listed", "SELECT 9 AS id, 'x' AS v"),
                                         ("merge", "listed", "SELECT 1 AS id, 'x' AS v", "id"),
                                         ("overwrite", "positive", "SELECT 0 AS id, 'v1' AS v")):
            self.refused(BAD_INPUT, words, verb, table, rows, *more)
        self.assertEqual(sorted(lake.ask_delta_rs(table, "select id from t")), [(1,), (2,), (3,), (4,)])
        lake.done("merge", table, "SELECT 1 AS id, 'v4' AS v", "id")
        self.assertEqual(lake.ask_delta_rs(table, "select v from t where id = 1"), [("v4",)])

    def test_what_others_wrote_about_a_table_stays(self):
        table = self.folder / "described"
        schema = Schema([Field("id", "long", nullable=False, metadata={"comment": "the key"}), Field("v", "string", metadata={"unit": "kg"})])
        DeltaTable.create(str(table), schema, name="held", description="by others", configuration={"delta.appendOnly": "true"})
        lake.done("append", table, "SELECT 1 AS id, 'a' AS v")
        self.refused(BAD_INPUT, "NOT NULL", "append", table, "SELECT NULL AS id, 'a' AS v")
        for change in (("delete", table, "id = 1"), ("overwrite", table, "SELECT 2 AS id, 'b' AS v"), ("merge", table, "SELECT 1 AS id, 'c' AS v", "id"),
                       ("restore", table, 0)):
            self.refused(UNSUPPORTED, "delta.appendOnly", *change)
        lake.done("add-column", table, "more", "integer")
        lake.done("checkpoint", table)
        newest = DeltaTable(str(table)).version()
        for path in glob.glob(str(table / "_delta_log/*.json")):  # from here on the checkpoint alone tells
            if int(Path(path).name[:20]) <= newest:
                os.unlink(path)
        found = DeltaTable(str(table))
        self.assertEqual((found.metadata().name, found.metadata().description), ("held", "by others"))
        metadata = {field["name"]: field["metadata"] for field in json.loads(found.schema().to_json())["fields"]}
        self.assertEqual((metadata["id"], metadata["v"]), ({"comment": "the key"}, {"unit": "kg"}))
        self.assertEqual(lake.done("count", table), "1")

    def test_features_that_are_not_known_are_refused_by_name(self):
        for feature in ("rowTracking", "domainMetadata", "clustering", "icebergCompatV2", "inCommitTimestamp", "identityColumns",
                        "allowColumnDefaults", "somethingNew"):
            with self.subTest(feature):
                table = self.make(feature)
                self.commit(table, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["appendOnly", feature]}})
                self.assertEqual(lake.done("count", table), "4", "readers need not know it")
                for change in (("append", table, "SELECT 9 AS id, 'x' AS v"), ("delete", table, "id = 1"), ("vacuum", table, 0), ("checkpoint", table)):
                    self.refused(UNSUPPORTED, feature, *change)
        for feature in ("variantType", "catalogManaged", "somethingNew"):
            with self.subTest(f"{feature} for readers"):
                table = self.make("r" + feature)
                self.commit(table, {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature]}})
                self.refused(UNSUPPORTED, feature, "count", table)
        table = self.make("newer")
        self.commit(table, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 8}})
        self.refused(UNSUPPORTED, "writer version 8", "append", table, "SELECT 9 AS id, 'x' AS v")

    def test_settings_of_others_change_no_protocol(self):
        table = self.make("vectors")
        self.commit(table, *self.described(table, {"delta.enableDeletionVectors": "true"}))
        lake.done("append", table, "SELECT 9 AS id, 'x' AS v")
        lake.done("delete", table, "id = 1")
        self.assertEqual(lake.ask_delta_rs(table, "select count(*) from t")[0], (4,))

    def described(self, table, settings):
        for text in (table / f"_delta_log/{0:020}.json").read_text().splitlines():
            action = json.loads(text)
            if "metaData" in action:
                action["metaData"]["configuration"] = settings
                yield action

    def test_files_by_absolute_paths_are_refused_by_name(self):
        table = self.make("clone")
        log = table / f"_delta_log/{0:020}.json"
        text = log.read_text()
        path = next(json.loads(line)["add"]["path"] for line in text.splitlines() if "add" in json.loads(line))
        for prefix in (f"{table}/", f"file://{table}/", f"file:{table}/", "s3://elsewhere/"):
            with self.subTest(prefix):
                log.write_text(text.replace(f'"path":"{path}"', f'"path":"{prefix}{path}"'))
                self.refused(UNSUPPORTED, "absolute path", "count", table)

    def test_logs_that_were_cleaned_up(self):
        table = self.make("cleaned")
        for i in range(24):
            lake.done("append", table, f"SELECT {100 + i} AS id, 'x' AS v")
            if i == 11:
                DeltaTable(str(table)).create_checkpoint()
        DeltaTable(str(table)).create_checkpoint()
        first, last = 12, DeltaTable(str(table)).version()
        for version in range(first + 1):
            (table / f"_delta_log/{version:020}.json").unlink()
        (table / f"_delta_log/{10:020}.checkpoint.parquet").unlink()
        self.assertEqual(lake.done("count", table), "28")
        self.refused(NOT_FOUND, f"the oldest that can be read is {first}", "restore", table, 5)
        # The newest checkpoints were damaged: an older one and the commits after it tell as much.
        for version in (20, last):
            damaged = table / f"_delta_log/{version:020}.checkpoint.parquet"
            damaged.write_bytes(damaged.read_bytes()[:200])
        self.assertEqual(lake.done("count", table), "28")
        lake.done("restore", table, first)
        self.assertEqual(lake.done("count", table), "16")

    def test_they_find_our_rows_by_statistics(self):
        """Each value in a file of its own: a bound that is none would hide it."""
        table, texts = self.folder / "texts", ["a" + "z" * 100, "é" * 33 + "x", "\U0010ffff" * 40, "\U0001f600" + "\U0010ffff" * 40, "a" * 31 + "é", "~" * 35,
                                               "'quoted' \\ \"twice\"", " "]
        for i, text in enumerate(texts):
            quoted = "'" + text.replace("'", "''") + "'"
            select = f"SELECT {i} AS id, {quoted} AS s, CAST({(-1) ** i * i * 1.2345:.4f} AS DECIMAL(18,4)) AS amount"
            lake.done(*(("append", table, select) if i else ("create", table, select, "id:integer,s:text,amount:decimal", "")))
        for i, text in enumerate(texts):
            quoted = "'" + text.replace("'", "''") + "'"
            self.assertEqual(lake.ask_delta_rs(table, f"select id from t where s = {quoted}"), [(i,)])
            self.assertEqual(lake.ask_delta_rs(table, f"select count(*) from t where s >= {quoted}"), [(sum(other >= text for other in texts),)])
            self.assertEqual(lake.ask_delta_rs(table, f"select id from t where amount = cast('{(-1) ** i * i * 1.2345:.4f}' as decimal(18,4))"), [(i,)])

    def test_restore_vacuum_restore(self):
        table = self.make("moved")
        lake.done("append", table, "SELECT 5 AS id, 'x' AS v")
        lake.done("overwrite", table, "SELECT 50 AS id, 'y' AS v")
        lake.done("restore", table, 1)
        self.assertEqual(lake.done("count", table), "5")
        lake.done("vacuum", table, 0)
        self.assertEqual(lake.ask_delta_rs(table, "select count(*), sum(id) from t")[0], (5, 15))
        self.refused(NOT_FOUND, "vacuum removed", "restore", table, 2)
        lake.done("restore", table, 0)
        self.assertEqual(lake.ask_delta_rs(table, "select count(*), sum(id) from t")[0], (4, 10))
        lake.done("restore", table, 3)
        self.assertEqual(lake.done("count", table), "5")
        DeltaTable(str(table)).restore(0)
        DeltaTable(str(table)).vacuum(0, dry_run=False, enforce_retention_duration=False)
        self.assertEqual(lake.done("count", table), "4")
        self.refused(NOT_FOUND, "vacuum removed", "restore", table, 1)


if __name__ == "__main__":
    unittest.main()
