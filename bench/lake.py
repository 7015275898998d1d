#!/usr/bin/env python3
"""The lake, measured beside peers in one run on the same data. Writes bench/results/lake.{json,md}.

    bench/lake.py [--only etl,rules,prune,rollup,merge] [--gb 1 5 20] [--lines 20] [--rule-lines 10] [--spark-gb 5]

Data: `aisle generate`, its order lines. What a peer computes is held against the sums that truth.json knows, and a run
whose results differ is no result. Peers run as programs of their own (bench/lake_peers.py), so that their memory is
theirs. AISLE names our program, built by `make bench-lake`; scratch data stays below bench/data and is removed.
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
AISLE = (ROOT / os.environ.get("AISLE", "build/aisle")).resolve()
DATA = Path(os.environ.get("BENCH_DATA", HERE / "data")) / "lake"
PEERS = HERE / "lake_peers.py"
GB_PER_SCALE = 0.1124  # of order lines
LINES_PER_SCALE = 1.14  # millions, distinct
REVENUE = "CAST(quantity * unit_price * (1 - discount) AS DECIMAL(18,4))"
DEFINITION = """source: {source}
keys: [line_id]
derive:
  revenue: {revenue}
  order_month: CAST(date_trunc('month', order_date) AS DATE)
partition_by: [{partitions}]
{more}"""
RULES = """quality:
  - {required: line_id}
  - {required: order_id}
  - {required: store_id}
  - {required: product_id}
  - {required: order_date}
  - {valid_date: order_date}
  - {valid_date: ship_date}
  - {order: ship_date, after: order_date}
  - {allowed: channel, values: [store, web, app, phone]}
  - {allowed: ship_state, codes: us_states, then: review}
  - {positive: quantity}
  - {range: quantity, from: 1, to: 100}
  - {range: unit_price, from: 0.01, to: 100000}
  - {range: unit_cost, from: 0, to: 100000}
  - {range: discount, from: 0, to: 0.9}
  - {range: returned_quantity, from: 0, to: 100}
  - {pattern: line_id, matches: '[0-9]+-[0-9]+'}
  - {pattern: store_id, matches: 'S[0-9]{4}'}
  - {pattern: product_id, matches: 'P[0-9]{6}'}
  - {pattern: order_id, matches: '[0-9]+'}
  - {sql: returned_quantity <= quantity, name: returns}
  - {sql: unit_cost <= unit_price, name: margin, then: warn}
  - {sql: quantity * unit_price < 1000000, name: amount}
  - {volume: true, from: 1, to: 1000000000, then: warn}
  - {freshness: order_date, within: 36500d, then: warn}
"""
ROLLUP = """
rollups:
  by_day:
    dataset: order_lines
    grain: day
    metrics: [revenue]
"""


def log(text):
    print(f"bench-lake: {text}", flush=True)


class Peak(threading.Thread):
    """Most memory that a process and its children held at once, in megabytes."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0.0, threading.Event()

    def tree(self):
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
                except (OSError, IndexError):
                    continue
        found = {self.pid}
        while True:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            if not more:
                return found
            found |= more

    def resident(self, pid):
        try:
            for row in Path(f"/proc/{pid}/status").read_text().splitlines():
                if row.startswith("VmRSS:"):
                    return int(row.split()[1]) / 1024
        except OSError:
            pass
        return 0

    def run(self):
        while not self.over.wait(0.2):
            self.peak = max(self.peak, sum(self.resident(pid) for pid in self.tree()))


def run_measured(*command):
    """Runs to the end; (seconds, peak megabytes, output)."""
    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    peak = Peak(process.pid)
    peak.start()
    output = process.communicate()[0]
    seconds = time.monotonic() - started
    peak.over.set()
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))} ended with {process.returncode}: {output[-1500:]}")
    return seconds, peak.peak, output


def run_peer(name, *arguments):
    """A peer's own report with its wall time and memory; its error where it could not run."""
    try:
        seconds, peak, output = run_measured(sys.executable, PEERS, name, *arguments)
    except RuntimeError as problem:
        return {"peer": name, "error": str(problem)[-600:]}
    report = json.loads([row for row in output.splitlines() if row.startswith("{")][-1])
    return {"peer": name, "wall_s": round(seconds, 2), "peak_mb": round(peak), **report}


# ---- data and workspaces ----
def generated(scale):
    """Folder of order lines: 5 of 100 sent twice, none dirty."""
    folder = DATA / f"made_{scale:g}"
    if not (folder / "truth.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        log(f"generating scale {scale:g}")
        run_measured(AISLE, "generate", folder, "--scale", scale, "--seed", 20, "--dirty", 0, "--duplicate", 0.05)
        for unused in ("visits", "orders", "reviews", "inventory.csv", "customers.csv"):
            path = folder / unused
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def bytes_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def truth_of(folder):
    lines = json.loads((folder / "truth.json").read_text())["order_lines"]
    return lines["distinct"], lines["before_dirt"]["revenue"]


def new_workspace(name, folder):
    workspace = DATA / name
    shutil.rmtree(workspace, ignore_errors=True)
    run_measured(AISLE, "init", workspace, folder / "products.csv", folder / "stores.csv")
    (workspace / "ingest").mkdir(exist_ok=True)
    return workspace


def ingest(workspace, source, partitions="order_month", more=""):
    """(report of the load, wall seconds, peak MB)"""
    (workspace / "ingest/order_lines.yaml").write_text(
        DEFINITION.format(source=source, revenue=REVENUE, partitions=partitions, more=more))
    seconds, peak, output = run_measured(AISLE, "ingest", "-w", workspace, "order_lines", "--json")
    reports = [json.loads(row) for row in output.splitlines() if row.startswith("{")]
    load = next(row for row in reversed(reports) if "outcome" in row or "rows" in row)
    return load, seconds, peak


class Server:
    """aisle serve without a result cache, and the operating system's count of what it read."""

    def __init__(self, workspace):
        self.process = subprocess.Popen([AISLE, "serve", "-w", workspace, "--listen", "127.0.0.1:0", "--cache", "0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        row = ""
        while "http://" not in row:
            row = self.process.stdout.readline()
            if not row:
                raise RuntimeError("the server did not start")
        self.url = row[row.index("http://"):].split()[0].rstrip("/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def query(self, query):
        request = urllib.request.Request(self.url + "/v1/query", json.dumps({"query": query}).encode(),
                                         {"Content-Type": "application/json"})
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=300) as reply:
            text = reply.read()
        return (time.perf_counter() - started) * 1000, json.loads(text)

    def bytes_read(self):
        rows = Path(f"/proc/{self.process.pid}/io").read_text().splitlines()
        return int(dict(row.split(": ") for row in rows)["rchar"])


def source_of(answer, table="order_lines"):
    return next(part for part in answer["sources"] if part["table"] == table)


# ---- the work of the table ----
def bench_etl(options):
    results = []
    for gb in options.gb:
        folder = generated(round(gb / GB_PER_SCALE, 2))
        rows, revenue = truth_of(folder)
        size = bytes_of(folder / "order_lines") / 1e9
        workspace = new_workspace("etl", folder)
        load, seconds, peak = ingest(workspace, folder / "order_lines/*.csv")
        own = load["seconds"]
        with Server(workspace) as server:
            total = server.query({"metrics": ["revenue", "order_lines"]})[1]["rows"][0]
        if abs(float(total[0]) - float(revenue)) > 0.01 or total[1] != rows:
            raise RuntimeError(f"our rows or sum are wrong: {total} instead of {revenue}, {rows}")
        shutil.rmtree(workspace)
        peers = [run_peer("duckdb-etl", folder, DATA / "peer")]
        if gb <= options.spark_gb:
            peers.append(run_peer("spark-etl", folder, DATA / "peer"))
        shutil.rmtree(DATA / "peer", ignore_errors=True)
        for peer in peers:
            if "error" not in peer and (peer["rows"] != rows or abs(float(peer["sum"]) - float(revenue)) > 0.01):
                peer["error"] = f"other rows or sum: {peer['rows']}, {peer['sum']}"
        log(f"etl {size:.2f} GB: ours {own:.1f} s ({seconds:.1f} s with the model), {peak:.0f} MB; {peers}")
        results.append({"work": f"CSV to exact dedupe, revenue, partitioned Delta: {size:.2f} GB, {rows:,} rows",
                        "ours": f"{own:.1f} s load, {seconds:.1f} s whole command, peak {peak:.0f} MB",
                        "ours_s": own, "ours_wall_s": seconds, "peak_mb": peak, "gb": size,
                        "peers": [describe(peer, own) for peer in peers], "detail": peers})
        if gb != 1:
            shutil.rmtree(folder)
    return results


def describe(peer, own):
    if "error" in peer:
        return f"{peer['peer']}: no result ({peer['error'].strip().splitlines()[-1][:160]})"
    seconds = peer.get("seconds", peer.get("wall_s"))
    memory = f", peak {peer['peak_mb']} MB" if "peak_mb" in peer else ""
    return f"{peer['peer']}: {seconds:.2f} s{memory} (ours takes {own / seconds:.2f} of it)"


def bench_rules(options):
    folder = generated(round(options.rule_lines / LINES_PER_SCALE, 2))
    workspace = new_workspace("rules", folder)
    plain, _, _ = ingest(workspace, folder / "order_lines/*.csv")
    workspace = new_workspace("rules", folder)
    ruled, seconds, peak = ingest(workspace, folder / "order_lines/*.csv", more=RULES)
    shutil.rmtree(workspace)
    extra = max(ruled["seconds"] - plain["seconds"], 0.01)
    peers = [run_peer(name, folder, DATA / "peer") for name in ("sql-rules", "pandas-rules", "gx-rules")]
    shutil.rmtree(DATA / "peer", ignore_errors=True)
    log(f"rules: {plain['seconds']:.1f} s without, {ruled['seconds']:.1f} s with; {peers}")
    return [{"work": f"25 rules on {truth_of(folder)[0]:,} rows, in the load's pass",
             "ours": f"{ruled['seconds']:.1f} s with rules, {plain['seconds']:.1f} s without: "
                     f"{ruled['seconds'] / plain['seconds']:.2f} times; the rules alone {extra:.1f} s",
             "ours_s": ruled["seconds"], "plain_s": plain["seconds"], "ours_wall_s": seconds, "peak_mb": peak,
             "peers": [describe_rules(peer, extra) for peer in peers], "detail": peers}]


def describe_rules(peer, extra):
    """The rules over a frame that is in memory, and the whole program: it reads the same rows from one Parquet file first."""
    if "error" in peer:
        return describe(peer, extra)
    return f"{describe(peer, extra)}; {peer['wall_s']:.2f} s whole program, reading the rows included (the rules of our load take {extra / peer['wall_s']:.2f} of it)"


def big_workspace(options):
    """Lines by month and state, sorted by product; made once for the run."""
    workspace, folder = DATA / "big", generated(round(options.lines / LINES_PER_SCALE, 2))
    if not (workspace / "ready").exists():
        new_workspace("big", folder)
        load, _, _ = ingest(workspace, folder / "order_lines/*.csv", "order_month, ship_state", "cluster_by: [product_id]\n")
        log(f"big workspace loaded in {load['seconds']:.1f} s")
        (workspace / "ready").touch()
    return workspace, folder


SLICE = {"metrics": ["revenue"], "dimensions": [{"field": "products.category"}], "time": {"from": "2024-04-01", "to": "2024-07-01"},
         "filters": [{"field": "order_lines.ship_state", "values": ["TX"]}, {"field": "products.category", "values": ["Tents"]}]}
DAILY = {"metrics": ["revenue"], "dimensions": [{"time": "day"}]}


def bench_prune(options):
    workspace, _ = big_workspace(options)
    with Server(workspace) as server:
        server.query(SLICE)
        before = server.bytes_read()
        milliseconds, answer = server.query(SLICE)
        read = server.bytes_read() - before
        whole = {"metrics": ["revenue"], "dimensions": [{"field": "products.category"}]}
        full_ms, _ = server.query(whole)
    part = source_of(answer)
    unopened = 1 - part["bytes_scanned"] / part["bytes_total"]
    log(f"prune: {part['files']} of {part['files_total']} files, {unopened:.4%} never opened, the system counted {read:,} bytes")
    return [{"work": "a quarter, a category, a state out of 3 years",
             "ours": f"{part['files']} of {part['files_total']} files; {unopened:.3%} of {part['bytes_total']:,} bytes never opened; "
                     f"the operating system counted {read:,} bytes read; {milliseconds:.1f} ms",
             "unopened": unopened, "counted_bytes": read, "peers": [f"full scan: {full_ms:.1f} ms"], "detail": part}]


def median_answer(workspace, rounds):
    with Server(workspace) as server:
        for _ in range(3):
            server.query(DAILY)
        times = [server.query(DAILY) for _ in range(rounds)]
    return (statistics.median(time for time, _ in times), statistics.median(answer["timing_ms"]["total"] for _, answer in times),
            times[-1][1])


def bench_rollup(options):
    workspace, _ = big_workspace(options)
    model = workspace / "model/aisle.yaml"
    text = model.read_text()
    raw_ms, raw_inside, raw = median_answer(workspace, 7)
    model.write_text(text + ROLLUP)
    built, _, _ = run_measured(AISLE, "refresh", "-w", workspace)
    rolled_ms, inside, rolled = median_answer(workspace, 101)
    model.write_text(text)
    if raw["rows"] != rolled["rows"] or source_of(rolled)["rollup"] != "by_day":
        raise RuntimeError("the rollup's answer differs, or it was not used")
    log(f"rollup: {rolled_ms:.2f} ms over HTTP, {inside:.2f} ms inside, raw {raw_ms:.1f} ms, built in {built:.1f} s")
    return [{"work": f"daily total over 3 years, {source_of(raw)['rows_scanned']:,} rows",
             "ours": f"{inside:.2f} ms whole answer ({rolled_ms:.2f} ms with HTTP and reading it); built in {built:.1f} s",
             "ours_ms": inside, "http_ms": rolled_ms, "peers": [f"raw table: {raw_inside:.1f} ms, {raw_inside / inside:.0f} times as long"],
             "detail": {"raw_ms": raw_inside, "raw_http_ms": raw_ms}}]


def bench_merge(options):
    results = []
    for name, lines in (("10 k", 0.01), (f"{options.lines:g} M", options.lines)):
        folder = generated(max(round(lines / LINES_PER_SCALE, 4), 0.009))
        workspace = new_workspace("merge", folder)
        source = workspace / "landing"
        source.mkdir()
        for path in sorted((folder / "order_lines").glob("*.csv")):
            (source / path.name).symlink_to(path)
        ingest(workspace, source / "*.csv")
        copy = DATA / "merge_peer"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(workspace / "lake/order_lines", copy)
        corrections = source / "order_lines_corrections.csv"
        write_corrections(folder, corrections)
        load, seconds, peak = ingest(workspace, source / "*.csv")
        peer = run_peer("delta-merge", copy, corrections)
        shutil.rmtree(copy)
        shutil.rmtree(workspace)
        log(f"merge into {name}: ours {load['seconds']:.2f} s load, {seconds:.2f} s whole command, {peak:.0f} MB; {peer}")
        merging = load["commit_seconds"]
        results.append({"work": f"MERGE of 500 corrections into {name} rows",
                        "ours": f"{merging:.3f} s merge and commit; {load['seconds']:.3f} s load (finds, hashes, reads and checks the file, "
                                f"merges, publishes), {seconds:.3f} s whole command", "ours_s": merging, "ours_load_s": load["seconds"],
                        "ours_wall_s": seconds, "peers": [describe_merge(peer, load, seconds)], "detail": peer})
    return results


def describe_merge(peer, load, seconds):
    if "error" in peer:
        return describe(peer, load["seconds"])
    return (f"delta-merge: {peer['seconds']:.3f} s merge (ours takes {load['commit_seconds'] / peer['seconds']:.2f} of it); "
            f"{peer['load_s']:.3f} s with opening the table and reading the file (ours {load['seconds'] / peer['load_s']:.2f}); "
            f"{peer['wall_s']:.2f} s whole program (ours {seconds / peer['wall_s']:.2f}), peak {peer['peak_mb']} MB")


def write_corrections(folder, path):
    """Every so-manieth line of one month with another quantity."""
    rows = (sorted((folder / "order_lines").glob("*.csv"))[20]).read_text().splitlines()
    quantity = rows[0].split(",").index("quantity")
    step = max(len(rows) // 600, 1)
    seen, out = set(), [rows[0]]
    for row in rows[1::step]:
        cells = row.split(",")
        if cells[0] in seen or len(out) > 500:
            continue
        seen.add(cells[0])
        cells[quantity] = "7"
        out.append(",".join(cells))
    path.write_text("\n".join(out) + "\n")


BENCHES = {"etl": bench_etl, "rules": bench_rules, "prune": bench_prune, "rollup": bench_rollup, "merge": bench_merge}


def write_results(results, options):
    machine = {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version(),
               "load_at_end": os.getloadavg()[0]}
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    kept = {}
    if (folder / "lake.json").exists():
        kept = {part["section"]: part for part in json.loads((folder / "lake.json").read_text())["sections"]}
    when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    for section, rows in results.items():
        kept[section] = {"section": section, "when": when, "machine": machine, "rows": rows}
    sections = [kept[name] for name in BENCHES if name in kept]
    (folder / "lake.json").write_text(json.dumps({"sections": sections}, indent=1) + "\n")
    text = ["# The lake beside its peers", "", "Made by `make bench-lake`; each line's peers ran in the same run on the same data.", "",
            "| Work | Aisle | Peers | When, load of the machine |", "| --- | --- | --- | --- |"]
    for part in sections:
        for row in part["rows"]:
            text.append(f"| {row['work']} | {row['ours']} | {'<br>'.join(row['peers'])} | {part['when']}, "
                        f"{part['machine']['cores']} cores, {part['machine']['load_at_end']:.1f} |")
    (folder / "lake.md").write_text("\n".join(text) + "\n")
    log(f"written: {folder / 'lake.md'} ({', '.join(options.only)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(BENCHES))
    parser.add_argument("--gb", type=float, nargs="+", default=[1, 5, 20], help="sizes of the CSV files")
    parser.add_argument("--spark-gb", type=float, default=5, help="Spark is left out above this")
    parser.add_argument("--lines", type=float, default=20, help="millions of rows to prune, roll up and merge into")
    parser.add_argument("--rule-lines", type=float, default=10, help="millions of rows for the rules")
    options = parser.parse_args()
    results = {}
    try:
        for name in options.only:
            results[name] = BENCHES[name](options)
    finally:
        shutil.rmtree(DATA, ignore_errors=True)
        if results:
            write_results(results, options)


if __name__ == "__main__":
    main()
