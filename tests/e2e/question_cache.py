"""Paraphrases that may share a cached answer, and near twins that never may, over a small furniture shop."""
import json
import random

from aisle import ROOT, SHARED, run

PAIRS = json.loads((ROOT / "tests/data/agent/question_cache.json").read_text())
AS_OF = "2024-12-15"
STATES = {"North": ["Alder", "Birch"], "South": ["Cedar", "Dogwood"], "East": ["Elm", "Fir"], "West": ["Gorse", "Hazel"]}
PRODUCTS = {"Seating": ["Chairs", "Sofas"], "Surfaces": ["Tables", "Desks"], "Storage": ["Shelves", "Cabinets"]}


def table():
    """The shop as CSV; the same every time."""
    chance = random.Random(7)
    lines = ["Order ID,Order Date,Customer Name,Segment,Region,State,Category,Product,Quantity,Discount,Sales,Profit"]
    for number in range(1500):
        region = chance.choice(list(STATES))
        category = chance.choice(list(PRODUCTS))
        sales = chance.randint(1000, 90000) / 100
        lines.append(",".join(map(str, (
            f"F-{number // 2:05}", f"{chance.choice((2022, 2023, 2024))}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            f"Customer {chance.randint(1, 90)}", chance.choice(("Consumer", "Corporate", "Public")), region, chance.choice(STATES[region]), category,
            chance.choice(PRODUCTS[category]), chance.randint(1, 9), chance.choice((0, 0, 0.1, 0.2)), f"{sales:.2f}",
            f"{sales * chance.uniform(-0.1, 0.4):.2f}"))))
    return "\n".join(lines) + "\n"


# Two more sets over other shops; every pair was written before any of them was asked.
SECOND = json.loads((ROOT / "tests/data/agent/question_cache_fresh.json").read_text())
THIRD = json.loads((ROOT / "tests/data/agent/question_cache_third.json").read_text())

# And one over tables that come in real forms: exports of others, and a retailer of many tables made by aisle generate.
FOURTH = json.loads((ROOT / "tests/data/agent/question_cache_fourth.json").read_text())


def files_of(source, folder):
    """The files a workspace of the fourth set is made of; None where they are not on this machine."""
    if "generate" in source:
        run("generate", folder, *source["generate"])
        return sorted(path for pattern in ("*.csv", "orders/*.csv", "order_lines/*.csv") for path in folder.glob(pattern))
    path = ROOT / "tests/data/demo" / source["demo"] if "demo" in source else SHARED / "data" / source["shared"]
    return [path] if path.is_file() else None


def shop_table(columns, rows=1500):
    """A shop of the second set as CSV, from what it says of its columns; the same every time."""
    chance = random.Random(11)

    def cell(number, row, rule):
        if "number" in rule:
            return rule["number"].format(chance.randrange(rule["below"]) if "below" in rule else number // rule["lines"])
        if "date" in rule:
            return f"{chance.choice(rule['date'])}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        if "of" in rule:
            return rule["map"][row[rule["of"]]]
        if "pick" in rule:
            return str(chance.choice(rule["pick"]))
        if "integer" in rule:
            return str(chance.randint(*rule["integer"]))
        return f"{chance.randint(rule['money'][0] * 100, rule['money'][1] * 100) / 100:.2f}"
    lines = [",".join(columns)]
    for number in range(rows):
        row = {}
        for name, rule in columns.items():
            row[name] = cell(number, row, rule)
        lines.append(",".join(row.values()))
    return "\n".join(lines) + "\n"


def judge(server, pairs=PAIRS, as_of=AS_OF):
    """(paraphrases that hit, paraphrases that missed, twins that hit falsely) with a server whose cache is empty."""
    def meaning(question):
        status, answer = server.ask(question, **({"as_of": as_of} if as_of else {}))
        return status, answer, json.dumps(answer.get("resolved"), sort_keys=True)

    hit, missed, false = [], [], []
    for first, second in pairs["paraphrases"]:
        meaning(first)
        _, answer, _ = meaning(second)
        cached = answer["status"] == "answered" and answer["route"] in ("meaning_cache", "exact_cache")
        (hit if cached else missed).append((first, second))
    for first, second in pairs["twins"]:
        _, one, left = meaning(first)
        _, two, right = meaning(second)
        # The second may well be in the cache for what was asked before; a false hit is sharing the first one's answer.
        if one["status"] == two["status"] == "answered" and left == right:
            false.append((first, second))
    return hit, missed, false
