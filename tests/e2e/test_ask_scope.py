"""What a caller may not see appears nowhere: not in answers, suggestions, ranges, errors, explanations or row counts.

The data has two regions. The caller may see North only, and no costs. Everything of South is of its own: products,
customers, a town, its days at both ends of the data, its totals; so any trace of it in an output is a leak.
"""
import json
import re
import unittest
from datetime import date, timedelta

import aisle

SCOPE = {"tenant": "shop", "user": "nora", "roles": ["buyer"],
         "row_filters": [{"attribute": "region", "field": "stores.region", "values": ["North"]}], "hidden_fields": ["sales.unit_cost"]}
NORTH_DAYS = [date(2023, 3, 1) + timedelta(n) for n in range(200)]
SECRET_WORDS = ("Zanzibar", "Quillon", "Wexmouth", "South", "S9", "Plover")
SECRET_DAYS = ("2021-07-07", "2024-11-29", "7 July 2021", "29 November 2024", "July 2021", "November 2024")


def tables():
    """(stores, sales) as CSV text; sums of South and of both are numbers that nothing else makes."""
    stores = ["Store Code,Store Name,Town,Region", "S1,Elm Street,Alderby,North", "S2,Mill Road,Brackwell,North", "S9,Plover House,Wexmouth,South"]
    sales = ["Receipt,Day,Store Code,Customer,Product,Pieces,Amount,Unit Cost"]
    for n, day in enumerate(NORTH_DAYS):
        sales.append(f"R{1000 + n},{day},{'S1' if n % 3 else 'S2'},{['Hale', 'Ivers', 'Jonas'][n % 3]},{['Lamp', 'Rug', 'Vase'][n % 7 % 3]},{1 + n % 4},{10 + n % 4 * 7}.50,4.25")
    for n in range(137):
        day = date(2021, 7, 7) if n == 0 else date(2024, 11, 29) if n == 136 else NORTH_DAYS[n]
        sales.append(f"R{5000 + n},{day},S9,Quillon Ltd,Zanzibar Chair,3,7919.37,3121.77")
    return "\n".join(stores) + "\n", "\n".join(sales) + "\n"


QUESTIONS = (
    # totals and lists
    "total amount", "amount by region", "amount by town", "amount by product", "top 10 products by amount", "top customers by amount", "bottom 3 stores by amount",
    "how many receipts", "how many different products have we sold", "number of stores", "list the stores", "amount by store name", "share of amount by region",
    "amount by month", "amount by year", "cumulative amount by month", "largest amount on a single line", "average amount per receipt", "biggest receipt",
    # dates
    "when was the first sale", "date of the last sale", "amount in 2021", "amount in July 2021", "amount in November 2024", "amount in 2024", "amount last month", "amount last year",
    "year over year growth of amount", "amount in 1999", "amount on 7 July 2021", "how many days had sales",
    # near others' values, never spelled right
    "amount of Zanzibr Chair", "amount of Zanzibarr", "sales of Quilon Ltd", "amount in Wexmoth", "amount at Plovr House", "amount for the Suoth region", "amount of the product zanz",
    "compare North and Suoth", "how much more did North sell than the other region",
    # what is hidden, and what is not there
    "unit cost by product", "average unit cst", "total costs", "margin by product", "profit by region", "amount by unit cost", "marketing spend", "amount by salesperson",
    # asked back, whole analyses
    "best products", "compare the two regions", "how did it change", "summarise amount", "why did amount fall in May 2023", "which products were never sold", "which customers bought Lamp but never Rug",
    "stores without sales", "what can I ask", "amount by region and product for each month",
)


class AskThroughScope(aisle.WorkspaceCase):
    @classmethod
    def setUpClass(cls):
        if not aisle.Path(aisle.PROGRAM).is_file():
            raise unittest.SkipTest("the program is not built")

    def setUp(self):
        super().setUp()
        stores, sales = tables()
        self.workspace = self.folder / "shop"
        done = aisle.run("init", self.workspace, self.write("stores.csv", stores), self.write("sales.csv", sales))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.scope = self.write("scope.json", json.dumps(SCOPE))
        self.secret_numbers = self.numbers_of_others()

    def numbers_of_others(self):
        """Totals and counts that only somebody who sees South can know, as they may be written."""
        rows = [line.split(",") for line in tables()[1].splitlines()[1:]]
        north, south = ([row for row in rows if (row[2] == "S9") is is_south] for is_south in (False, True))
        numbers = set()
        for column in (5, 6, 7):
            sums = [sum(float(row[column]) for row in part) for part in (north, south)]
            numbers |= {sums[1], sums[0] + sums[1]}
        numbers |= {float(len(south)), float(len(rows)), 7919.37, 3121.77, 3 * 7919.37}
        visible = {sum(float(row[column]) for row in north) for column in (5, 6)} | {float(len(north))}
        return {round(number, 2) for number in numbers} - {round(number, 2) for number in visible}

    def assert_no_trace(self, output, question, how):
        """`question` is the caller's own text: what stands in it is not a leak."""
        text = output.replace(json.dumps(question)[1:-1], "").replace(question, "")
        for word in SECRET_WORDS + SECRET_DAYS:
            if word.lower() not in question.lower():
                self.assertNotRegex(text, rf"(?i)\b{re.escape(word)}\b", f"{word} leaks into {how} of {question!r}")
        found = {round(float(number.replace(",", "")), 2) for number in re.findall(r"(?<![\w.:-])\d[\d,]*(?:\.\d+)?(?![\w:-])", text)}
        self.assertFalse(found & self.secret_numbers, f"a number of others leaks into {how} of {question!r}")

    def ask_all(self, scope, *flags, suffix=""):
        batch = self.write(f"questions{suffix}.jsonl", "".join(json.dumps({"id": str(n), "question": q}) + "\n" for n, q in enumerate(QUESTIONS)))
        extra = ("--scope", scope) if scope else ()
        done = aisle.run("ask", "-w", self.workspace, *extra, *flags, "--batch", batch, timeout=300)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(QUESTIONS), done.stderr)
        return answers

    def test_json_answers_hold_no_trace(self):
        for question, answer in zip(QUESTIONS, self.ask_all(self.scope)):
            with self.subTest(question=question):
                for key in ("id", "timing_ms", "cost"):
                    answer.pop(key, None)
                for source in answer.get("sources") or []:
                    source.pop("bytes_scanned", None)
                self.assert_no_trace(json.dumps(answer, ensure_ascii=False), question, "the JSON answer")

    def test_terminal_and_explanation_hold_no_trace(self):
        for question in QUESTIONS[::3]:
            for flags in ((), ("--explain",), ("--csv",), ("--sql",)):
                with self.subTest(question=question, flags=flags):
                    done = aisle.run("ask", "-w", self.workspace, "--scope", self.scope, *flags, question)
                    text = done.stdout + done.stderr
                    if flags == ("--sql",):  # the condition that keeps others' rows away is not theirs
                        text = re.sub(r"(?i)--.*", "", text)
                    self.assert_no_trace(text, question, f"ask {' '.join(flags)}")

    def test_the_visible_part_is_answered(self):
        """The same questions are not simply refused: North's numbers are right."""
        rows = [line.split(",") for line in tables()[1].splitlines()[1:] if ",S9," not in line]
        status, answer = aisle.ask(self.workspace, "total amount", "--scope", self.scope)
        self.assertEqual(status, aisle.ANSWERED)
        self.assertAlmostEqual(answer["rows"][0][0], sum(float(row[6]) for row in rows), places=2)
        status, answer = aisle.ask(self.workspace, "amount by region", "--scope", self.scope)
        self.assertEqual([row[0] for row in answer["rows"]], ["North"])
        status, answer = aisle.ask(self.workspace, "how many receipts", "--scope", self.scope)
        self.assertEqual(answer["rows"][0][0], 200)

    def test_without_scope_all_is_seen(self):
        """The probes do find South where it may be seen."""
        text = json.dumps(self.ask_all(None, suffix="-all"), ensure_ascii=False)
        for word in ("Zanzibar Chair", "Quillon Ltd", "Wexmouth", "South", "2024-11-29"):
            self.assertIn(word, text)

    def test_cached_answers_keep_to_their_scope(self):
        """Whoever asked before, in the same workspace: the next caller gets the own part."""
        for scope, expected in ((None, {"North", "South"}), (self.scope, {"North"}), (None, {"North", "South"})):
            extra = ("--scope", scope) if scope else ()
            _, answer = aisle.ask(self.workspace, "amount by region", *extra)
            self.assertEqual({row[0] for row in answer["rows"]}, expected)

    def test_a_scope_that_lets_nothing_through(self):
        nothing = self.write("nothing.json", json.dumps({**SCOPE, "row_filters": [{"attribute": "region", "field": "stores.region", "values": []}]}))
        for question in ("total amount", "amount by product", "when was the last sale", "amount of Lmp", "number of stores"):
            with self.subTest(question=question):
                done = aisle.run("ask", "-w", self.workspace, "--json", "--scope", nothing, question)
                answer = json.loads(done.stdout)
                for key in ("id", "timing_ms"):
                    answer.pop(key, None)
                self.assert_no_trace(json.dumps(answer), question, "the answer to nobody")
                self.assertNotRegex(json.dumps(answer), r"\b(Lamp|Elm Street|2023-0[3-9])\b")

    def test_a_bad_scope_is_an_error_not_everything(self):
        for content in ('{"tenant": "shop", "row_filter": []}', '{"tenant":', "[]", '{"tenant": "shop", "row_filters": [{"field": "stores.nowhere", "values": ["x"]}]}'):
            with self.subTest(content=content):
                done = aisle.run("ask", "-w", self.workspace, "--json", "--scope", self.write("bad.json", content), "amount by region")
                self.assertNotIn(done.returncode, (aisle.ANSWERED, aisle.CLARIFY))
                self.assertNotIn("South", done.stdout)
        done = aisle.run("ask", "-w", self.workspace, "--json", "--scope", self.folder / "missing.json", "amount by region")
        self.assertNotIn(done.returncode, (aisle.ANSWERED, aisle.CLARIFY, aisle.REFUSED))


if __name__ == "__main__":
    unittest.main()
