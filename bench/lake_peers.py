#!/usr/bin/env python3
"""The peers of bench/lake.py, each a program of its own: lake_peers.py NAME ARGUMENTS... prints one line of JSON."""
import glob
import json
import os
import shutil
import sys
import time

COLUMNS = {"line_id": "VARCHAR", "order_id": "VARCHAR", "order_date": "DATE", "channel": "VARCHAR", "store_id": "VARCHAR",
           "customer_id": "VARCHAR", "ship_state": "VARCHAR", "product_id": "VARCHAR", "seller_id": "VARCHAR", "quantity": "BIGINT",
           "unit_price": "DECIMAL(18,4)", "discount": "DECIMAL(18,4)", "unit_cost": "DECIMAL(18,4)", "promotion_id": "VARCHAR",
           "ship_date": "DATE", "returned_quantity": "BIGINT"}
REVENUE = "CAST(quantity * unit_price * (1 - discount) AS DECIMAL(18,4))"
STATES = ("AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD "
          "TN TX UT VT VA WA WV WI WY DC").split()


def csv_sql(folder):
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    return f"read_csv('{folder}/order_lines/*.csv', header=true, columns={{{types}}})"


def duckdb_etl(folder, out):
    import duckdb
    database = duckdb.connect(config={"memory_limit": "3GB", "temp_directory": f"{out}_spill", "preserve_insertion_order": "false"})
    started = time.monotonic()
    database.execute(f"COPY (SELECT *, {REVENUE} AS revenue, CAST(date_trunc('month', order_date) AS DATE) AS order_month FROM "
                     f"(SELECT DISTINCT ON (line_id) * FROM {csv_sql(folder)})) TO '{out}' (FORMAT parquet, PARTITION_BY (order_month))")
    seconds = time.monotonic() - started
    rows, total = database.execute(f"SELECT count(*), sum(revenue) FROM read_parquet('{out}/**/*.parquet')").fetchone()
    shutil.rmtree(out)
    return {"version": duckdb.__version__, "seconds": seconds, "rows": rows, "sum": str(total)}


def spark_jars():
    folder = os.environ.get("BENCH_JARS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".deps", "jars"))
    return ",".join(sorted(glob.glob(f"{folder}/*.jar")))


def spark_etl(folder, out):
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession, functions
    spark = (SparkSession.builder.master(f"local[{os.cpu_count()}]").config("spark.jars", spark_jars())
             .config("spark.driver.memory", "4g").config("spark.driver.host", "127.0.0.1")
             .config("spark.driver.bindAddress", "127.0.0.1").config("spark.ui.enabled", "false")
             .config("spark.ui.showConsoleProgress", "false").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "8").config("spark.local.dir", f"{out}_spill")
             .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
             .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    schema = ", ".join(f"{name} {kind.replace('VARCHAR', 'STRING')}" for name, kind in COLUMNS.items())
    started = time.monotonic()
    rows = spark.read.csv(f"{folder}/order_lines", header=True, schema=schema).dropDuplicates(["line_id"])
    rows = rows.withColumn("revenue", functions.expr("CAST(quantity * unit_price * (1 - discount) AS DECIMAL(18,4))"))
    rows = rows.withColumn("order_month", functions.expr("CAST(date_trunc('month', order_date) AS DATE)"))
    rows.repartition("order_month").write.format("delta").partitionBy("order_month").mode("overwrite").save(out)
    seconds = time.monotonic() - started
    count, total = spark.read.format("delta").load(out).selectExpr("count(*)", "sum(revenue)").collect()[0]
    version = spark.version
    spark.stop()
    return {"version": version, "seconds": seconds, "rows": count, "sum": str(total)}


# ---- rules: over the distinct rows as Parquet, which is not part of the time ----
def distinct_rows(folder, out):
    import duckdb
    os.makedirs(out, exist_ok=True)
    path = f"{out}/rows.parquet"
    if not os.path.exists(path):
        duckdb.execute(f"COPY (SELECT DISTINCT ON (line_id) * FROM {csv_sql(folder)}) TO '{path}' (FORMAT parquet)")
    return path


SQL_RULES = [f"{name} IS NOT NULL AND trim({name}) <> ''" for name in ("line_id", "order_id", "store_id", "product_id")] + [
    "order_date IS NOT NULL", "order_date BETWEEN DATE '1900-01-01' AND current_date + 1",
    "ship_date BETWEEN DATE '1900-01-01' AND current_date + 1", "ship_date >= order_date",
    "channel IN ('store', 'web', 'app', 'phone')", f"ship_state IN {tuple(STATES)}", "quantity > 0", "quantity BETWEEN 1 AND 100",
    "unit_price BETWEEN 0.01 AND 100000", "unit_cost BETWEEN 0 AND 100000", "discount BETWEEN 0 AND 0.9",
    "returned_quantity BETWEEN 0 AND 100", "regexp_full_match(line_id, '[0-9]+-[0-9]+')", "regexp_full_match(store_id, 'S[0-9]{4}')",
    "regexp_full_match(product_id, 'P[0-9]{6}')", "regexp_full_match(order_id, '[0-9]+')", "returned_quantity <= quantity",
    "unit_cost <= unit_price", "quantity * unit_price < 1000000"]


def sql_rules(folder, out):
    """What one writes by hand: a query for each rule."""
    import duckdb
    path = distinct_rows(folder, out)
    started = time.monotonic()
    failed = [duckdb.execute(f"SELECT count(*) FROM '{path}' WHERE NOT coalesce({rule}, false)").fetchone()[0] for rule in SQL_RULES]
    failed.append(duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchone()[0] < 1)
    failed.append(duckdb.execute(f"SELECT max(order_date) FROM '{path}'").fetchone()[0] is None)
    return {"version": duckdb.__version__, "seconds": time.monotonic() - started, "failed": int(sum(map(int, failed)))}


def read_frame(path):
    import pandas
    frame = pandas.read_parquet(path)
    for name in ("unit_price", "discount", "unit_cost"):
        frame[name] = frame[name].astype(float)
    for name in ("order_date", "ship_date"):
        frame[name] = pandas.to_datetime(frame[name])
    return frame


def pandas_rules(folder, out):
    import pandas
    frame = read_frame(distinct_rows(folder, out))
    first, last = pandas.Timestamp("1900-01-01"), pandas.Timestamp.now() + pandas.Timedelta(days=1)
    started = time.monotonic()
    checks = [frame[name].notna() & (frame[name].str.strip() != "") for name in ("line_id", "order_id", "store_id", "product_id")]
    checks += [frame.order_date.notna(), frame.order_date.between(first, last), frame.ship_date.between(first, last),
               frame.ship_date >= frame.order_date, frame.channel.isin(["store", "web", "app", "phone"]), frame.ship_state.isin(STATES),
               frame.quantity > 0, frame.quantity.between(1, 100), frame.unit_price.between(0.01, 100000),
               frame.unit_cost.between(0, 100000), frame.discount.between(0, 0.9), frame.returned_quantity.between(0, 100)]
    checks += [frame[name].str.fullmatch(pattern) for name, pattern in
               (("line_id", "[0-9]+-[0-9]+"), ("store_id", "S[0-9]{4}"), ("product_id", "P[0-9]{6}"), ("order_id", "[0-9]+"))]
    checks += [frame.returned_quantity <= frame.quantity, frame.unit_cost <= frame.unit_price,
               frame.quantity * frame.unit_price < 1000000]
    failed = sum(int((~check.astype(bool)).sum()) for check in checks) + int(len(frame) < 1) + int(frame.order_date.max() is None)
    return {"version": pandas.__version__, "seconds": time.monotonic() - started, "failed": failed}


def gx_expectations(gx):
    expect = gx.expectations
    rules = [expect.ExpectColumnValuesToNotBeNull(column=name)
             for name in ("line_id", "order_id", "store_id", "product_id", "order_date", "ship_date")]
    rules += [expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="ship_date", column_B="order_date", or_equal=True),
              expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="quantity", column_B="returned_quantity", or_equal=True),
              expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="unit_price", column_B="unit_cost", or_equal=True),
              expect.ExpectColumnValuesToBeInSet(column="channel", value_set=["store", "web", "app", "phone"]),
              expect.ExpectColumnValuesToBeInSet(column="ship_state", value_set=STATES)]
    rules += [expect.ExpectColumnValuesToBeBetween(column=name, min_value=least, max_value=most) for name, least, most in
              (("quantity", 1, None), ("quantity", 1, 100), ("unit_price", 0.01, 100000), ("unit_cost", 0, 100000),
               ("discount", 0, 0.9), ("returned_quantity", 0, 100))]
    rules += [expect.ExpectColumnValuesToMatchRegex(column=name, regex=f"^{pattern}$") for name, pattern in
              (("line_id", "[0-9]+-[0-9]+"), ("store_id", "S[0-9]{4}"), ("product_id", "P[0-9]{6}"), ("order_id", "[0-9]+"))]
    rules += [expect.ExpectColumnValueLengthsToBeBetween(column=name, min_value=1) for name in ("line_id", "order_id")]
    rules += [expect.ExpectTableRowCountToBeBetween(min_value=1), expect.ExpectColumnMaxToBeBetween(column="quantity", max_value=100)]
    return rules


def gx_rules(folder, out):
    import great_expectations as gx
    frame = read_frame(distinct_rows(folder, out))
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("rows").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    rules = gx_expectations(gx)
    suite = context.suites.add(gx.ExpectationSuite(name="rules", expectations=rules))
    validation = gx.ValidationDefinition(name="rules", data=batch, suite=suite)
    context.validation_definitions.add(validation)
    started = time.monotonic()
    result = validation.run(batch_parameters={"dataframe": frame}, result_format="BASIC")
    return {"version": f"{gx.__version__}, pandas engine", "seconds": time.monotonic() - started, "rules": len(rules),
            "success": bool(result.success)}


# ---- merge ----
def delta_merge(table, corrections):
    import deltalake
    import duckdb
    began = time.monotonic()
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    rows = duckdb.sql(f"SELECT *, {REVENUE} AS revenue, CAST(date_trunc('month', order_date) AS DATE) AS order_month FROM "
                      f"read_csv('{corrections}', header=true, columns={{{types}}})").to_arrow_table()
    names = rows.column_names
    opened = deltalake.DeltaTable(table)
    kept = [field.name for field in opened.schema().fields if field.name in names]
    started = time.monotonic()
    outcome = (opened.merge(rows.select(kept), "target.line_id = source.line_id", source_alias="source", target_alias="target")
               .when_matched_update({name: f"source.{name}" for name in kept})
               .when_not_matched_insert({name: f"source.{name}" for name in kept}).execute())
    ended = time.monotonic()
    return {"version": deltalake.__version__, "seconds": ended - started, "load_s": ended - began,
            "updated": outcome["num_target_rows_updated"], "inserted": outcome["num_target_rows_inserted"]}


PEERS = {"duckdb-etl": duckdb_etl, "spark-etl": spark_etl, "sql-rules": sql_rules, "pandas-rules": pandas_rules, "gx-rules": gx_rules,
         "delta-merge": delta_merge}

if __name__ == "__main__":
    print(json.dumps(PEERS[sys.argv[1]](*sys.argv[2:])))
