#!/usr/bin/env python3
"""Asks the built program the parser cases of tests/data/ask and judges the answers by value.

    python3 tests/e2e/ask_cases.py [dev|held|fresh|usual|blind] [--schema NAME] [-k WORDS] [--show] [--tap] [--min PERCENT] [--max-wrong N]
    python3 tests/e2e/ask_cases.py --make-gold        recompute tests/data/ask/gold.json (needs duckdb==1.5.5)

A case is a line of dev_*.jsonl (looked at while building), held_*.jsonl (other wordings, for judging), fresh_*.jsonl
(companies that nothing was built for, for judging), usual_*.jsonl (exports such as many people have seen, for judging)
or blind_*.jsonl (exports as dirty as real ones, for judging):
    {"id", "schema", "category", "question", "as_of", "after": id of the question before, "expect":
     "answered|clarify|refused", "rows_sql": [accepted readings over the typed tables], "ordered", "query": part of the
     semantic query that must be there, "note"}
`schema` is a folder of tests/data/ask/schemas, or a file of ../shared/data that tests/data/ask/shared.json names; those
cases are skipped where the file or Python's duckdb is not there. Rows of the first kind are kept in gold.json.
"""
import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import aisle
from judge import has_part, rows_match

CASES = aisle.ROOT / "tests/data/ask"
GOLD = CASES / "gold.json"
SPLITS = ("dev", "held", "fresh", "usual", "blind")
RIGHT, WRONG_ANSWERED = "RIGHT", ("WRONG_ROWS", "WRONG_VALUES", "WRONG_QUERY", "WRONG_STATUS_ANSWERED")


def read_cases(split):
    for path in sorted(CASES.glob(f"{split}_*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                yield json.loads(line)
            except ValueError as problem:
                sys.exit(f"{path}:{number}: {problem}")


def shared_files():
    return {name: aisle.SHARED / "data" / file for name, file in json.loads((CASES / "shared.json").read_text()).items()}


def files_of(schema):
    """The schema's data files; empty where they are not there."""
    if schema in shared_files():
        path = shared_files()[schema]
        return [path] if path.is_file() else []
    return sorted((CASES / "schemas" / schema).glob("*.csv"))


# ---- accepted rows ----
def plain(value):
    if isinstance(value, (Decimal, float)):
        return float(f"{value:.10g}")  # no noise of adding doubles
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, (date, time)) else value


def accepted(connection, case):
    return [[[plain(value) for value in row] for row in connection.execute(sql).fetchall()] for sql in case.get("rows_sql", [])]


def connect():
    try:
        import duckdb
    except ImportError:
        return None
    return duckdb.connect()


def load_csv(connection, schema):
    for path in files_of(schema):
        names = [column[0] for column in connection.execute("SELECT * FROM read_csv(?) LIMIT 0", [str(path)]).description]
        columns = ", ".join(f'"{name}" AS {re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")}' for name in names)
        connection.execute(f"CREATE OR REPLACE TABLE {path.stem} AS SELECT {columns} FROM read_csv('{path}')")
    views = CASES / "schemas" / schema / "views.sql"
    if views.is_file():
        connection.execute(views.read_text(encoding="utf-8"))


def load_lake(connection, workspace):
    """A view over the live files of each Delta table."""
    for log in sorted(Path(workspace).glob("lake/*/_delta_log")):
        live = {}
        for commit in sorted(log.glob("*.json")):
            for line in commit.read_text().splitlines():
                action = json.loads(line)
                if "add" in action:
                    live[action["add"]["path"]] = True
                if "remove" in action:
                    live.pop(action["remove"]["path"], None)
        files = [str(log.parent / path) for path in live]
        connection.execute(f"CREATE OR REPLACE VIEW {log.parent.name} AS SELECT * FROM read_parquet({files!r})")


def make_gold():
    cases = [case for split in SPLITS for case in read_cases(split) if "rows_sql" in case]
    gold, own = {}, sorted({case["schema"] for case in cases} - set(shared_files()))
    for schema in own:
        connection = connect() or sys.exit("--make-gold needs Python's duckdb (1.5.5)")
        load_csv(connection, schema)
        gold.update({case["id"]: accepted(connection, case) for case in cases if case["schema"] == schema})
    lines = [f"{json.dumps(name)}: {json.dumps(rows, ensure_ascii=False)}" for name, rows in gold.items()]
    GOLD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


# ---- asking ----
def ask_all(workspace, cases, folder):
    questions = folder / "questions.jsonl"
    fields = ("id", "question", "as_of", "after")
    questions.write_text("".join(json.dumps({f: case[f] for f in fields if f in case}) + "\n" for case in cases))
    done = aisle.run("ask", "-w", workspace, "--batch", questions, timeout=600)
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        answers[answer["id"]] = answer
    if len(answers) < len(cases):
        print(f"# {len(cases) - len(answers)} questions without an answer: {done.stderr.strip()[-500:]}", flush=True)
    return answers


def judge(case, golds, answer):
    status, expected = (answer or {}).get("status", "failed"), case["expect"]
    if status != "answered":
        return RIGHT if status == expected else "NOT_ANSWERED" if expected == "answered" else "WRONG_STATUS"
    if expected != "answered":
        return "WRONG_STATUS_ANSWERED"
    if "query" in case and not has_part(answer.get("query"), case["query"]):
        return "WRONG_QUERY"
    if any(rows_match(gold, answer["columns"], answer["rows"], case.get("ordered", False)) for gold in golds):
        return RIGHT
    return "WRONG_VALUES" if any(len(gold) == len(answer["rows"]) for gold in golds) else "WRONG_ROWS"


def show(case, verdict, golds, answer):
    print(f"\n{verdict}  {case['id']}  {case['question']!r}  ({case['category']})")
    for gold in golds[:1] if verdict != RIGHT else []:
        print(f"  accepted: {len(gold)} rows  {gold[:3]}")
    if case["expect"] != "answered":
        print(f"  expected: {case['expect']}")
    if answer is None:
        return print("  no answer")
    reason = answer.get("reason") or answer.get("error") or (answer.get("clarify") or {}).get("question")
    unused = [word["text"] for word in answer.get("understood") or [] if word["kind"] in ("ignored", "unknown")]
    print(f"  {answer.get('status')}: {answer.get('restatement')}   (unused: {', '.join(unused)})" + (f"  {json.dumps(reason)[:200]}" if reason else ""))
    if answer.get("rows"):
        print(f"  rows: {len(answer['rows'])}  {[column['name'] for column in answer['columns']]}  {answer['rows'][:3]}")


def run_schema(schema, cases, stored, folder):
    """{id: (verdict, golds, answer)}; None when the data is not there."""
    connection = connect()
    if not files_of(schema) or (schema in shared_files() and connection is None):
        return None
    workspace = folder / schema
    done = aisle.run("init", workspace, *files_of(schema), timeout=300)
    if done.returncode != 0:
        sys.exit(f"init of {schema} failed: {done.stderr.strip()}")
    if schema in shared_files():
        load_lake(connection, workspace)
        stored = {case["id"]: accepted(connection, case) for case in cases}
    answers = ask_all(workspace, cases, folder)
    return {case["id"]: (judge(case, stored.get(case["id"], []), answers.get(case["id"])), stored.get(case["id"], []),
                         answers.get(case["id"])) for case in cases}


def with_parents(chosen, cases):
    """The chosen cases and those they follow."""
    by_id, wanted = {case["id"]: case for case in cases}, set()
    for case in chosen:
        while case is not None and case["id"] not in wanted:
            wanted.add(case["id"])
            case = by_id.get(case.get("after"))
    return [case for case in cases if case["id"] in wanted]


def print_table(results):
    lines = defaultdict(list)
    for case, verdict in results:
        for name in (case["category"], case["schema"], "TOTAL"):
            lines[name].append(verdict)
    print(f"{'':<16}{'cases':>7}{'right %':>9}{'wrong but answered':>20}{'not answered':>14}")
    categories = {case["category"] for case, _ in results}
    for name in sorted(lines, key=lambda name: (name == "TOTAL", name not in categories, name)):
        verdicts = lines[name]
        wrong, right = sum(v in WRONG_ANSWERED for v in verdicts), verdicts.count(RIGHT)
        print(f"{name:<16}{len(verdicts):>7}{100 * right / len(verdicts):>9.1f}{wrong:>20}{len(verdicts) - right - wrong:>14}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("split", nargs="?", choices=SPLITS, default="dev")
    parser.add_argument("--schema")
    parser.add_argument("-k", metavar="WORDS", help="only questions or ids that hold these words")
    parser.add_argument("--show", action="store_true", help="print what failed")
    parser.add_argument("--all", action="store_true", help="with --show: print what was right too")
    parser.add_argument("--tap", action="store_true", help="one TAP line a case")
    parser.add_argument("--min", type=float, default=0, help="fail below this percentage right")
    parser.add_argument("--max-wrong", type=int, help="fail when more are answered wrongly")
    parser.add_argument("--make-gold", action="store_true")
    options = parser.parse_args()
    if options.make_gold:
        return make_gold()
    cases = [case for case in read_cases(options.split) if options.schema in (None, case["schema"])]
    if options.k:
        cases = with_parents([c for c in cases if options.k.lower() in (c["id"] + " " + c["question"]).lower()], cases)
    stored, results, number = json.loads(GOLD.read_text()), [], 0
    with tempfile.TemporaryDirectory(prefix="aisle-ask-") as folder:
        for schema in sorted({case["schema"] for case in cases}):
            of_schema = [case for case in cases if case["schema"] == schema]
            verdicts = run_schema(schema, of_schema, stored, Path(folder))
            for case in of_schema:
                number += 1
                verdict, golds, answer = verdicts[case["id"]] if verdicts else ("SKIP", [], None)
                if options.tap:
                    skip = " # SKIP its data, or Python's duckdb, is not here" if verdict == "SKIP" else ""
                    print(f"{'ok' if verdict in (RIGHT, 'SKIP') else 'not ok'} {number} {case['id']} {case['question']}{skip}")
                if verdict != "SKIP":
                    results.append((case, verdict))
                if options.show and verdict != "SKIP" and (verdict != RIGHT or options.all):
                    show(case, verdict, golds, answer)
    if options.tap:
        print(f"1..{number}")
    elif results:
        print_table(results)
    right, wrong = sum(v == RIGHT for _, v in results), sum(v in WRONG_ANSWERED for _, v in results)
    bad = results and (100 * right / len(results) < options.min or wrong > (options.max_wrong if options.max_wrong is not None else wrong))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
