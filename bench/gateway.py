#!/usr/bin/env python3
"""The model gateway beside LiteLLM, in one run: overhead per call, and a budget that is nearly used up under 64 callers.
Writes bench/results/gateway.{json,md}.

    bench/gateway.py [--seconds N] [--runs N] [--no-peer]

Overhead is the median (and the 99th percentile) through the gateway less that straight to the same upstream with the same load
tool. The peer is skipped, and said to be, where it is not installed (scripts/setup.sh bench).
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import platform
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
AISLE = (ROOT / os.environ.get("AISLE", "build/aisle")).resolve()
UPSTREAM = AISLE.parent / "bench/model_upstream"
LITELLM = ROOT / ".venv-litellm/bin/litellm"
TOKENS = 9  # what the upstream says an answer has; a token costs 1


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def started(command, ready, seconds=30, **options):
    """Starts a server and waits until `ready()`."""
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        if ready():
            return process
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"bench: {command[0]} did not start")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def upstream(delay):
    port = free_port()
    return port, started([UPSTREAM, port, delay], lambda: listens(port))


def gateway(folder, config, state="state"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ai.yaml").write_text(json.dumps(config))
    port = free_port()
    command = [AISLE, "gateway", "--config", folder / "ai.yaml", "--state", folder / state, "--listen", f"127.0.0.1:{port}"]
    return port, started(command, lambda: listens(port))


def peer(folder, upstreams, settings=None):
    port = free_port()
    models = [{"model_name": name, "litellm_params": {"model": "openai/m", "api_base": f"http://127.0.0.1:{p}/v1", "api_key": "k", "output_cost_per_token": 1,
                                                     "input_cost_per_token": 0}} for name, p in upstreams.items()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "litellm.json").write_text(json.dumps({"model_list": models, "litellm_settings": {"telemetry": False, **(settings or {})}}))
    # Without keys of its own, which is its fastest form; it listens on loopback only.
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR",
                   "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    return port, started([LITELLM, "--config", folder / "litellm.json", "--host", "127.0.0.1", "--port", port], lambda: listens(port), 120, env=environment)


def load(port, model, connections, stream, seconds):
    environment = {**os.environ, "MODEL": model, "STREAM": "true" if stream else "false"}
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "chat.lua"), f"http://127.0.0.1:{port}/v1/chat/completions"],
                          capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    if line is None:
        raise SystemExit(f"bench: wrk failed: {done.stdout}{done.stderr}")
    rate, p50, p90, p99, errors = map(float, line.split()[1:])
    return {"rate": rate, "p50_us": p50, "p90_us": p90, "p99_us": p99, "errors": int(errors)}


def overhead(folder, seconds, with_peer):
    ports, processes, rows = {}, [], []
    try:
        for delay in (0, 20):
            ports[f"up{delay}"], process = upstream(delay)
            processes.append(process)
        config = {"version": 1, "in_flight": 10000,
                  "providers": {name: {"type": "openai", "url": f"http://127.0.0.1:{port}/v1"} for name, port in ports.items()},
                  "models": {name: {"routes": [{"provider": name, "model": "m"}]} for name in ports}}
        ours, process = gateway(folder / "ours", config)
        processes.append(process)
        theirs = None
        if with_peer:
            theirs, process = peer(folder / "peer", ports)
            processes.append(process)
            for name in ports:  # its first calls load what it needs
                load(theirs, name, 4, False, seconds)
        for name, port in ports.items():
            for stream in (False, True):
                for connections in (1, 16, 64):
                    row = {"upstream_ms": int(name[2:]), "stream": stream, "connections": connections}
                    row["direct"] = load(port, name, connections, stream, seconds)
                    row["aisle"] = load(ours, name, connections, stream, seconds)
                    if theirs:
                        row["litellm"] = load(theirs, name, connections, stream, seconds)
                    for who in ("aisle", "litellm"):
                        if who in row:
                            row[who]["added_us"] = {key: round(row[who][f"{key}_us"] - row["direct"][f"{key}_us"], 1) for key in ("p50", "p99")}
                    rows.append(row)
                    print("bench:", json.dumps(row), flush=True)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return rows


def ask(port, number):
    body = json.dumps({"model": "main", "max_tokens": TOKENS, "messages": [{"role": "user", "content": f"Question {number}"}]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body, {"Content-Type": "application/json", "Authorization": "Bearer sk-bench"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as failure:
        return failure.code


def storm(ports, calls):
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        return list(pool.map(lambda i: ask(ports[i % len(ports)], i), range(calls)))


def budgets(folder, runs, with_peer):
    """Each run: a budget for `fits` calls, 192 calls by 64 callers over two processes."""
    port, up = upstream(2)
    rows = []
    try:
        for run in range(runs):
            fits, place = 30 + run, folder / f"run{run}"
            place.mkdir(parents=True)
            (place / "prices.yaml").write_text(json.dumps({"prices": [{"model": "m", "input": 0, "output": 1_000_000}]}))
            config = {"version": 1, "prices": "prices.yaml", "providers": {"p": {"type": "openai", "url": f"http://127.0.0.1:{port}/v1"}},
                      "models": {"main": {"routes": [{"provider": "p", "model": "m"}]}}, "budgets": [{"company": "*", "limit": fits * TOKENS + 1}]}
            both = [gateway(place, config) for _ in range(2)]
            passed = storm([port for port, _ in both], 192).count(200)
            for _, process in both:
                process.terminate()
                process.wait()
            with sqlite3.connect(place / "state/ai-budget.db") as database:
                spent = database.execute("SELECT spent FROM ledger").fetchone()[0] / 1e9
            row = {"run": run, "budget_calls": fits, "aisle": {"passed": passed, "overspent": max(0, spent - fits * TOKENS), "false_refusals": max(0, fits - passed)}}
            if with_peer and run == 0:
                theirs, process = peer(place / "peer", {"main": port}, {"max_budget": fits * TOKENS, "budget_duration": "30d"})
                passed = storm([theirs], 192).count(200)
                process.kill()
                process.wait()
                row["litellm"] = {"passed": passed, "times_the_budget": round(passed / fits, 2)}
            rows.append(row)
            print("bench:", json.dumps(row), flush=True)
    finally:
        up.kill()
        up.wait()
    return rows


def cell(row, who, base):
    if who not in row:
        return "not run"
    one = row[who]
    if one["rate"] == 0:
        return "nothing answered in time"
    added = [one[f"{key}_us"] - row[base][f"{key}_us"] for key in ("p50", "p99")]
    errors = f", {one['errors']} errors" if one["errors"] else ""
    return f"{one['rate']:,.0f}/s, {added[0]:+,.0f} µs p50, {added[1] / 1000:+,.2f} ms p99 ({one['p99_us'] / 1000:,.2f} ms){errors}"


def write(results):
    lines = ["# The model gateway, measured", "", f"{results['date']}, {results['machine']}; load (1 min) {results['load']} when it began.",
             "Overhead: median and 99th percentile through the gateway less those straight to the upstream (in brackets: as it is). The load tool and the upstream run on the same cores.", "",
             "| Upstream | Stream | Connections | Straight | Aisle | LiteLLM |", "| --- | --- | --- | --- | --- | --- |"]
    for row in results["overhead"]:
        lines.append(f"| {row['upstream_ms']} ms | {'yes' if row['stream'] else 'no'} | {row['connections']} | {row['direct']['rate']:,.0f}/s, {row['direct']['p99_us'] / 1000:,.2f} ms p99 | {cell(row, 'aisle', 'direct')} | {cell(row, 'litellm', 'direct')} |")
    ours = [row["aisle"] for row in results["budgets"]]
    lines += ["", f"A budget nearly used up, 64 callers, 2 processes, {len(ours)} runs: overspent {sum(o['overspent'] for o in ours):g}, false refusals {sum(o['false_refusals'] for o in ours)}."]
    for row in results["budgets"]:
        if "litellm" in row:
            lines.append(f"LiteLLM (one process, budget in memory): {row['litellm']['times_the_budget']} times the budget.")
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "gateway.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "gateway.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--no-peer", action="store_true")
    arguments = parser.parse_args()
    with_peer = not arguments.no_peer and LITELLM.exists()
    if not with_peer:
        print("bench: without LiteLLM (scripts/setup.sh bench installs it)", file=sys.stderr)
    results = {"date": datetime.date.today().isoformat(), "machine": f"{os.cpu_count()} cores, {platform.system()}", "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as folder:
        results["overhead"] = overhead(Path(folder), arguments.seconds, with_peer)
        results["budgets"] = budgets(Path(folder) / "budgets", arguments.runs, with_peer)
    write(results)


if __name__ == "__main__":
    main()
