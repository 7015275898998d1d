"""Whether an answer's rows say what accepted rows say: columns by value, in any order, a few more than needed are fine.

Numbers are within 0.05 % (counts exact, fractions within 0.00005); shares and growth are fractions, or percents in a
column whose unit is "%". Months, quarters, days, weekdays and years are read in any of their usual spellings.
"""
import re
from collections import defaultdict

RELATIVE, CENT, FRACTION, MAX_EXTRA_COLUMNS = 0.0005, 0.005, 0.00005, 3
MISFIT = object()  # a cell that cannot be what the accepted column holds
MONTHS = "january february march april may june july august september october november december".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def read_number(cell):
    try:
        return MISFIT if isinstance(cell, bool) else float(str(cell).replace(",", ""))
    except ValueError:
        return MISFIT


def read_text(cell):
    text = str(cell).strip().casefold()
    return text[:-2] if re.fullmatch(r"-?\d+\.0", text) else text


def read_day(cell):
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)([t ][\d:.]*)?", read_text(cell))
    return found.group(1) if found else MISFIT


def place(text, names):
    return next((n for n, name in enumerate(names, 1) if text in (name, name[:3])), None)


def read_month(cell):
    text = read_text(cell)
    if found := re.fullmatch(r"(\d{4})[-/](\d{1,2})(-01)?", text):
        return f"{found[1]}-{int(found[2]):02d}"
    if (found := re.fullmatch(r"([a-z]+)[\s,-]+(\d{4})", text)) and place(found[1], MONTHS):
        return f"{found[2]}-{place(found[1], MONTHS):02d}"
    return MISFIT


def read_quarter(cell):
    text = read_text(cell)
    if found := re.fullmatch(r"(\d{4})[\s-]*q([1-4])", text):
        return f"{found[1]}-q{found[2]}"
    if found := re.fullmatch(r"q([1-4])[\s-]*(\d{4})", text):
        return f"{found[2]}-q{found[1]}"
    return MISFIT


def read_year(cell):
    found = re.fullmatch(r"((?:19|20)\d\d)(-01-01)?", read_text(cell))
    return found.group(1) if found else MISFIT


def read_weekday(cell):
    return place(read_text(cell), WEEKDAYS) or MISFIT


KINDS = (("day", r"\d{4}-\d\d-\d\d", read_day), ("month", r"\d{4}-\d\d", read_month), ("quarter", r"\d{4}-Q[1-4]", read_quarter),
         ("year", r"(19|20)\d\d", read_year), ("weekday", "|".join(day.capitalize() for day in WEEKDAYS), read_weekday))


def reader_of(values):
    present = [value for value in values if value is not None]
    if all(isinstance(value, (int, float)) for value in present):
        return read_number
    return next((read for _, shape, read in KINDS if all(isinstance(v, str) and re.fullmatch(shape, v) for v in present)), read_text)


def close(gold, answer):
    if gold is None or answer is None:
        return gold is answer
    if not isinstance(gold, float):
        return gold == answer
    tolerance = max(RELATIVE * abs(gold), FRACTION) if abs(gold) < 1 else CENT if gold.is_integer() else max(RELATIVE * abs(gold), CENT)
    return abs(gold - answer) <= tolerance + 1e-12


def read_column(cells, read):
    return [None if cell is None else read(cell) for cell in cells]


def candidates(gold, read, columns, units):
    """Answer columns that hold these values in some order: (index, values)."""
    def key(value):
        return (value is not None, 0 if value is None else value)
    for index, cells in enumerate(columns):
        values = read_column(cells, read)
        if any(value is MISFIT for value in values):
            continue
        scaled = [values] if units[index] != "%" or read is not read_number else [values, [v if v is None else v / 100 for v in values]]
        for reading in scaled:
            if all(map(close, sorted(gold, key=key), sorted(reading, key=key))):
                yield index, reading


def pair_up(gold_rows, answer_rows):
    holder = {}

    def find(g, seen):
        for a, row in enumerate(answer_rows):
            if a not in seen and all(map(close, gold_rows[g], row)):
                seen.add(a)
                if a not in holder or find(holder[a], seen):
                    holder[a] = g
                    return True
        return False
    return all(find(g, set()) for g in range(len(gold_rows)))


def same_rows(gold_rows, answer_rows, ordered):
    if ordered:
        return all(all(map(close, g, a)) for g, a in zip(gold_rows, answer_rows))
    groups = defaultdict(lambda: ([], []))
    for side, rows in enumerate((gold_rows, answer_rows)):
        for row in rows:
            groups[tuple("#" if isinstance(v, float) else v for v in row)][side].append(row)
    return all(len(g) == len(a) and pair_up(g, a) for g, a in groups.values())


def rows_match(gold_rows, columns, rows, ordered=False):
    """gold_rows: accepted rows; columns, rows: the answer's."""
    width, wanted = len(columns), len(gold_rows[0]) if gold_rows else 0
    if len(rows) != len(gold_rows) or (gold_rows and width > wanted + MAX_EXTRA_COLUMNS):
        return False
    if not gold_rows:
        return True
    units = [str(column.get("unit") or "") for column in columns]
    answer_columns = [[row[i] for row in rows] for i in range(width)]
    gold_columns, choices = [], []
    for i in range(wanted):
        cells = [row[i] for row in gold_rows]
        read = reader_of(cells)
        gold_columns.append(read_column(cells, read))
        choices.append(list(candidates(gold_columns[-1], read, answer_columns, units)))
    gold = list(zip(*gold_columns))

    def assign(done, used):
        if len(done) == wanted:
            return same_rows(gold, list(zip(*done)), ordered)
        return any(assign(done + [values], used | {index}) for index, values in choices[len(done)] if index not in used)
    return assign([], set())


def has_part(whole, part):
    """Whether a JSON value holds everything that is in `part`; arrays element by element."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and has_part(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(has_part, whole, part))
    return whole == part
