#!/usr/bin/env python3
"""What we claim, measured beside peers in the same run. Writes bench/results/latest.{json,md}.

    bench/run.py [--quick] [--only understand,answer,http,init]

Medians; every peer runs in this very run, on the same files. AISLE names the program, built by `make bench`.
"""
import argparse
import datetime
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
AISLE = (ROOT / os.environ.get("AISLE", "build/aisle")).resolve()
MEASURE = AISLE.parent / "bench/measure"
DATA = HERE / "data"
PORT, PEER_PORT = 18181, 18182
REGIONS = ["North", "South", "East", "West", "Central"]
CATEGORIES = ["Toys", "Garden", "Kitchen", "Office", "Sports", "Books", "Music", "Shoes", "Jackets", "Lamps"]

SALES = """
SELECT 100000000 + i AS order_line_id, 'S' || lpad(((i * 7919) % {orders})::VARCHAR, 8, '0') AS order_number,
  DATE '2022-01-01' + ((i * 104729) % 1096)::INTEGER AS order_date,
  ['North','South','East','West','Central'][1 + (hash(i) % 5)::INTEGER] AS region,
  'Store ' || (1 + hash(i + 1) % 40)::VARCHAR AS store,
  ['Toys','Garden','Kitchen','Office','Sports','Books','Music','Shoes','Jackets','Lamps'][1 + (hash(i + 2) % 10)::INTEGER] AS category,
  'Product ' || (1 + hash(i + 3) % 2000)::VARCHAR AS product, 'C' || (10000 + hash(i + 4) % 50000)::VARCHAR AS customer_id,
  1 + (hash(i + 5) % 9)::INTEGER AS quantity, ((100 + hash(i + 6) % 9900) / 100.0)::DECIMAL(10,2) AS unit_price,
  ((1 + hash(i + 5) % 9) * ((100 + hash(i + 6) % 9900) / 100.0))::DECIMAL(10,2) AS sales
FROM range({rows}) t(i)"""


def log(text):
    print(f"bench: {text}", flush=True)


def sales_csv(rows):
    path = DATA / f"sales_{rows}.csv"
    if not path.exists():
        log(f"writing {rows:,} order lines to {path.name}")
        DATA.mkdir(exist_ok=True)
        partial = path.with_suffix(".part")
        with duckdb.connect() as database:
            database.execute(f"COPY ({SALES.format(rows=rows, orders=max(1, rows // 3))}) TO '{partial}' (FORMAT csv, HEADER)")
        partial.rename(path)
    return path


def run_measured(command, **options):
    """Runs to the end; (seconds, peak megabytes)."""
    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed ({process.returncode}): {output[-2000:]}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def workspace_of(csv):
    workspace = DATA / f"{csv.stem}_workspace"
    if workspace.exists():
        shutil.rmtree(workspace)
    run_measured([AISLE, "init", workspace, csv])
    return workspace


def parquet_files(workspace):
    """The files of the one table, and its name."""
    table = next(path for path in (workspace / "lake").iterdir() if (path / "_delta_log").is_dir())
    files = ", ".join(f"'{path}'" for path in sorted(table.rglob("*.parquet")))
    return f"[{files}]", table.name


QUESTIONS = [
    "What was total revenue?", "How many orders were there in 2023?", "Revenue by region", "Top 10 products by revenue in 2024",
    "Monthly revenue in 2023", "Compare revenue in 2023 with 2024 by category", "Average order value by region",
    "Revenue of Toys in the North in March 2024", "Which store had the highest revenue in 2022?",
    "Share of revenue by category", "How many customers bought Garden products in 2024?", "Top 3 products in each region by revenue",
    "Units sold by quarter", "Revenue outside the West in 2023",
]


def measure(what, workspace, questions, rounds):
    listed = DATA / "questions.txt"
    listed.write_text("\n".join(questions) + "\n")
    done = subprocess.run([MEASURE, what, workspace, listed, str(rounds)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise SystemExit(f"bench: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def bench_understand(workspace, quick):
    lines = measure("understand", workspace, QUESTIONS, 20 if quick else 200)
    understood = [line for line in lines if line["status"] == "answered"]
    times = sorted(line["median_us"] for line in understood)
    return [{"what": "question to semantic query", "ours": f"{statistics.median(times):.0f} µs",
             "peer": "none", "ratio": f"slowest {times[-1]:.0f} µs, {len(times)} of {len(lines)} understood", "aim": "p50 < 100 µs",
             "met": statistics.median(times) < 100, "detail": lines}]


def bench_answer(workspace, quick):
    rounds = 5 if quick else 21
    lines = [line for line in measure("answer", workspace, QUESTIONS, rounds) if line["status"] == "answered"]
    files, table = parquet_files(workspace)
    database = duckdb.connect()
    database.execute(f"CREATE SCHEMA lake; CREATE VIEW lake.{table} AS SELECT * FROM read_parquet({files})")
    database.execute(f"CREATE VIEW {table} AS FROM lake.{table}")
    compared = []
    for line in lines:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            database.execute(line["sql"]).fetchall()
            times.append((time.perf_counter() - started) * 1e6)
        compared.append({**line, "peer_us": statistics.median(times), "ratio": line["median_us"] / statistics.median(times)})
    ratio = statistics.median(line["ratio"] for line in compared)
    ours = statistics.median(line["median_us"] for line in compared) / 1000
    peer = statistics.median(line["peer_us"] for line in compared) / 1000
    return [{"what": "whole answer, 1 M rows, against the same SQL in bare DuckDB", "ours": f"{ours:.1f} ms", "peer": f"{peer:.1f} ms",
             "ratio": f"{ratio:.2f}× (median of {len(compared)} questions)", "aim": "≤ 1.2×", "met": ratio <= 1.2, "detail": compared}]


def http_questions():
    """1,000 distinct meanings, three wordings each: month × region × category."""
    months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    meanings = [(month, year, region, category) for year in (2022, 2023) for month in months for region in REGIONS
                for category in CATEGORIES][:1000]
    wordings = ["What was revenue of {c} in {r} in {m} {y}?", "{m} {y} revenue for {c}, {r}", "revenue {r} {c} {m} {y}"]
    return [[wording.format(m=m, y=y, r=r, c=c) for wording in wordings] for m, y, r, c in meanings]


def zipf_bodies(path, groups, count):
    chance = random.Random(1)
    weights = [1 / (rank + 1) for rank in range(len(groups))]
    picks = chance.choices(groups, weights, k=count)
    path.write_text("\n".join(json.dumps({"question": chance.choice(group)}) for group in picks) + "\n")


def wait_for(url, process):
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"bench: the server ended ({process.returncode})")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("bench: the server did not start")


def post(port, question):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/ask", json.dumps({"question": question}).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def wrk(port, bodies, connections, seconds):
    done = subprocess.run(["wrk", "-t", "1" if connections == 1 else "2", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s",
                           "-s", str(HERE / "ask.lua"), f"http://127.0.0.1:{port}", "--", str(bodies)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def bench_http(workspace, quick):
    groups = http_questions()
    bodies = DATA / "bodies.jsonl"
    zipf_bodies(bodies, groups, 20000)
    seconds = 3 if quick else 10
    results = {"ours": {}, "peer": {}}
    sql = {}

    ours = subprocess.Popen([AISLE, "serve", "-w", workspace, "--listen", f"127.0.0.1:{PORT}"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{PORT}/readyz", ours)
        for group in groups:  # warm: every wording once
            answers = [post(PORT, wording) for wording in group]
            if any(answer["status"] != "answered" or answer["rows"] != answers[0]["rows"] for answer in answers):
                raise SystemExit(f"bench: wordings disagree: {group} {answers[0]}")
            sql.update({wording: answers[0]["sql"] for wording in group})
        for connections in (1, 64, 1000):
            results["ours"][connections] = wrk(PORT, bodies, connections, seconds)
        memory = peak_memory(ours.pid)
    finally:
        ours.terminate()
        ours.wait(20)

    files, table = parquet_files(workspace)
    (DATA / "peer_sql.json").write_text(json.dumps(sql))
    environment = {**os.environ, "PEER_FILES": files, "PEER_TABLE": table, "PEER_SQL": str(DATA / "peer_sql.json")}
    peer = subprocess.Popen([sys.executable, "-m", "uvicorn", "--app-dir", HERE, "peer_server:app", "--port", str(PEER_PORT), "--log-level",
                             "error", "--no-access-log"], env=environment, stdin=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{PEER_PORT}/openapi.json", peer)
        for group in groups:
            for wording in group:
                post(PEER_PORT, wording)
        for connections in (1, 64, 1000):
            results["peer"][connections] = wrk(PEER_PORT, bodies, connections, seconds)
        peer_memory = peak_memory(peer.pid)
    finally:
        peer.terminate()
        peer.wait(20)

    rows = []
    for connections in (1, 64, 1000):
        rate, peer_rate = (results[who][connections]["requests"] / results[who][connections]["seconds"] for who in ("ours", "peer"))
        one = results["ours"][connections]
        rows.append({"what": f"cached answers over HTTP, {connections} connection{'s' if connections > 1 else ''}",
                     "ours": f"{rate:,.0f}/s (p99 {one['p99_us'] / 1000:.1f} ms, {one['errors'] + one['not_ok']} errors)",
                     "peer": f"{peer_rate:,.0f}/s (FastAPI + uvicorn)", "ratio": f"{rate / peer_rate:.1f}×",
                     "aim": "≥ 50,000/s" if connections == 64 else "", "met": rate >= 50000 if connections == 64 else None,
                     "detail": {who: results[who][connections] for who in results}})
    rows.append({"what": "peak memory of the server", "ours": f"{memory:.0f} MB", "peer": f"{peer_memory:.0f} MB", "ratio": "", "aim": "",
                 "met": None, "detail": {}})
    return rows


def peak_memory(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def bench_init(quick, runs_wanted):
    csv = sales_csv(1_000_000 if quick else 12_500_000)
    size = csv.stat().st_size / 1e9
    subprocess.run(["cat", csv], stdout=subprocess.DEVNULL, check=True)  # everyone finds the file in memory
    workspace, parquet = DATA / "init_workspace", DATA / "init.parquet"
    runs = {"ours": [], "duckdb": [], "pandas": []}
    for _ in range(1 if quick else runs_wanted):
        shutil.rmtree(workspace, ignore_errors=True)
        runs["ours"].append(run_measured([AISLE, "init", workspace, csv]))
        copy = f"import duckdb; duckdb.execute(\"COPY (FROM read_csv('{csv}')) TO '{parquet}' (FORMAT parquet)\")"
        runs["duckdb"].append(run_measured([sys.executable, "-c", copy]))
    load = f"import pandas; pandas.read_csv('{csv}', parse_dates=['order_date']).to_parquet('{parquet}')"
    runs["pandas"].append(run_measured([sys.executable, "-c", load]))
    shutil.rmtree(workspace, ignore_errors=True)
    parquet.unlink(missing_ok=True)
    seconds = {who: statistics.median(run[0] for run in each) for who, each in runs.items()}
    memory = {who: max(run[1] for run in each) for who, each in runs.items()}
    ratio = seconds["ours"] / seconds["duckdb"]
    return [{"what": f"init of a {size:.2f} GB CSV (types, model, statistics, Delta) against DuckDB COPY to Parquet",
             "ours": f"{seconds['ours']:.1f} s", "peer": f"{seconds['duckdb']:.1f} s; pandas {seconds['pandas']:.1f} s", "ratio": f"{ratio:.2f}×",
             "aim": "≤ 2×", "met": ratio <= 2, "detail": {who: each for who, each in runs.items()}},
            {"what": "peak memory of that", "ours": f"{memory['ours']:.0f} MB", "peer": f"{memory['duckdb']:.0f} MB; pandas {memory['pandas']:.0f} MB",
             "ratio": "", "aim": "", "met": None, "detail": {}}]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "cpu": model, "cores": os.cpu_count(), "memory_gb": round(memory, 1),
            "kernel": platform.release(), "python": platform.python_version(), "duckdb": duckdb.__version__, "commit": commit,
            "load_before": round(os.getloadavg()[0], 1)}


def write_results(rows, about):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "latest.json").write_text(json.dumps({"machine": about, "results": rows}, indent=1, ensure_ascii=False) + "\n")
    lines = [f"# Measured on {about['date']}", "",
             f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB, Linux {about['kernel']}, DuckDB {about['duckdb']}, "
             f"Python {about['python']}, commit {about['commit']}; load average {about['load_before']} at the start. Medians; peers in the same run; `make bench`.", "",
             "| What | Aisle | Peer | Ratio | Aim | Met |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        lines.append(f"| {row['what']} | {row['ours']} | {row['peer']} | {row['ratio']} | {row['aim']} | {met} |")
    (folder / "latest.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; writes no results")
    parser.add_argument("--only", default="understand,answer,http,init")
    parser.add_argument("--init-runs", type=int, default=3, help="times the large file is read")
    arguments = parser.parse_args()
    about = machine()
    parts = arguments.only.split(",")
    subprocess.run(["ninja", "--quiet", "-C", AISLE.parent, "bench/measure"], check=True, stdin=subprocess.DEVNULL)
    rows = []
    if {"understand", "answer", "http"} & set(parts):
        workspace = workspace_of(sales_csv(100_000 if arguments.quick else 1_000_000))
        for part, bench in (("understand", bench_understand), ("answer", bench_answer), ("http", bench_http)):
            if part in parts:
                log(part)
                rows += bench(workspace, arguments.quick)
    if "init" in parts:
        log("init")
        rows += bench_init(arguments.quick, arguments.init_runs)
    if arguments.quick:
        print(json.dumps([{key: row[key] for key in ("what", "ours", "peer", "ratio")} for row in rows], indent=1, ensure_ascii=False))
    else:
        write_results(rows, about)


if __name__ == "__main__":
    main()
