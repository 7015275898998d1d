#!/usr/bin/env python3
"""Runs the tests of a build folder and counts single cases.

    scripts/run_tests.py --build build [--only SUBSTRING] [--kinds unit,e2e,cluster] [--wrapper CMD] [--totals FILE]

Unit tests are the programs meson knows (TAP on stdout, run from the project's root); end-to-end tests are the unittest
files tests/e2e/test_*.py, which drive only the built program (AISLE in the environment); the cluster's are those in
tests/cluster, run when asked for by scripts/cluster.sh, which has Spark and Trino ready. What failed is named once more,
with its detail, at the end; the last line printed is "N passed, N failed" (with ", N skipped" where there were any); exit
status 1 when something failed.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT_TIMEOUT, E2E_TIMEOUT = 600, 900  # seconds; ten times what the longest take on an idle machine
MAX_DETAIL, MAX_LINE = 12, 400  # lines told again of a failed case, characters of each
TAP_LINE = re.compile(r"^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")
SKIP = re.compile(r"#\s*skip\b", re.IGNORECASE)


@dataclass
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list = field(default_factory=list)
    output: str = ""


def count_tap(outcome, text, status):
    """Counts the cases of one program; a program that dies or forgets its plan is itself a failed case."""
    planned = None
    for line in text.splitlines():
        match = TAP_LINE.match(line)
        if match is None:
            if re.fullmatch(r"1\.\.\d+.*", line):
                planned = int(re.match(r"1\.\.(\d+)", line).group(1))
            continue
        if match.group(1) == "not ok":
            outcome.failed += 1
            outcome.failures.append(match.group(2))
        elif SKIP.search(line):
            outcome.skipped += 1
        else:
            outcome.passed += 1
    seen = outcome.passed + outcome.failed + outcome.skipped
    if outcome.failed == 0 and status != 0:
        outcome.failed += 1
        outcome.failures.append(describe_status(status))
    elif outcome.failed == 0 and seen != planned:
        outcome.failed += 1
        outcome.failures.append(f"ran {seen} of {'unknown' if planned is None else planned} cases")


def describe_status(status):
    if status < 0:
        return f"ended by signal {signal.Signals(-status).name}"
    return f"exit status {status}"


def run_one(name, command, environment, timeout):
    outcome = Outcome(name)
    started = time.monotonic()
    if shutil.which(command[0]) is None:
        outcome.failed = 1
        outcome.failures.append("was not built")
        return outcome
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
    try:
        output, errors = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        output += f"\nnot ok 0 took longer than {timeout} s\n"
        status = 1
    outcome.seconds = time.monotonic() - started
    count_tap(outcome, output, status)
    outcome.output = output + errors
    return outcome


def unit_tests(build):
    listed = subprocess.run(["meson", "introspect", "--tests", str(build)], cwd=ROOT, check=True, capture_output=True,
                            text=True, stdin=subprocess.DEVNULL)
    for test in json.loads(listed.stdout):
        yield test["name"], list(test["cmd"]), {**os.environ, **test.get("env", {})}


def python_tests(build, folder):
    venv = ROOT / ".venv/bin/python"
    python = str(venv) if venv.exists() else sys.executable
    environment = {**os.environ, "AISLE": str((build / "aisle").resolve()), "PYTHONDONTWRITEBYTECODE": "1"}
    for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
        yield f"{folder}/{path.stem[5:]}", [python, str(ROOT / "tests/e2e/tap.py"), str(path)], environment


def collect(arguments):
    kinds = arguments.kinds.split(",")
    wrapper = shlex.split(arguments.wrapper)
    tests = []
    if "unit" in kinds:
        tests += [(name, wrapper + command, environment, UNIT_TIMEOUT * arguments.patience)
                  for name, command, environment in unit_tests(arguments.build)]
    for folder in ("e2e", "cluster"):
        if folder in kinds:
            tests += [(name, command, environment, E2E_TIMEOUT * arguments.patience)
                      for name, command, environment in python_tests(arguments.build, folder)]
    return [test for test in tests if arguments.only in test[0]]


def report(outcome, verbose):
    verdict = "FAIL" if outcome.failed else "ok"
    counts = f"{outcome.passed} passed"
    counts += f", {outcome.failed} failed" if outcome.failed else ""
    counts += f", {outcome.skipped} skipped" if outcome.skipped else ""
    print(f"{verdict:4} {outcome.name:34} {counts} ({outcome.seconds:.1f} s)", flush=True)
    if outcome.failed or verbose:
        print("\n".join("     | " + line for line in outcome.output.splitlines()[-60:]))
        for failure in outcome.failures:
            print(f"     failed: {failure}", flush=True)
    else:
        for line in outcome.output.splitlines():
            if line.startswith("# flaky: "):
                print(f"     {line[2:]}", flush=True)


def tell_failures(outcomes):
    """Said last, so that the end of a long log names what failed and why."""
    for outcome in outcomes:
        for failure in outcome.failures:
            print(f"FAILED {outcome.name}: {failure}")
            for line in detail_of(outcome.output, failure):
                print(f"    {line}")


def detail_of(output, failure):
    """What a program said of one failed case: the lines after its "not ok" (or the last ones, of a program that died)."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        match = TAP_LINE.match(line)
        if match is not None and match.group(1) == "not ok" and match.group(2) == failure:
            rest = itertools.takewhile(lambda one: one.startswith("#"), lines[number + 1:])
            return [one[:MAX_LINE] for one in rest][-MAX_DETAIL:]
    return [one[:MAX_LINE] for one in lines[-MAX_DETAIL:]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--kinds", default="unit,e2e")
    parser.add_argument("--only", default="", help="run only tests whose name holds this")
    parser.add_argument("--wrapper", default="", help="command put before each unit test, such as valgrind")
    parser.add_argument("--patience", type=int, default=1, help="timeouts are multiplied by this")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--totals", type=Path, help="append 'passed failed skipped' to this file")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()

    total, failed = Outcome("total"), []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(run_one, *test) for test in collect(arguments)]
        for future in concurrent.futures.as_completed(running):
            outcome = future.result()
            report(outcome, arguments.verbose)
            total.passed += outcome.passed
            total.failed += outcome.failed
            total.skipped += outcome.skipped
            failed += [outcome] if outcome.failed else []
    tell_failures(failed)
    if total.passed + total.failed + total.skipped == 0:
        print("no test was run")
        total.failed += 1
    if arguments.totals:
        with arguments.totals.open("a") as file:
            file.write(f"{total.passed} {total.failed} {total.skipped}\n")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
