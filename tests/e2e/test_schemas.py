"""Everything the program prints as JSON keeps the contracts in schemas/."""
import json
import unittest

from aisle import ROOT, WorkspaceCase, run

try:
    import jsonschema
    from referencing import Registry, Resource
except ImportError:
    jsonschema = None

ORDERS = "Order ID,Order Date,Region,Category,Customer,Quantity,Sales,Profit\n" + "".join(
    f"{1000 + i // 2},2023-{1 + i % 12:02}-{1 + i % 27:02},{('North', 'South', 'West')[i % 3]},"
    f"{('Toys', 'Lamps', 'Books', 'Shoes')[i % 4]},Customer {i % 37},{1 + i % 6},{10 + i % 90}.50,{i % 23 - 4}.25\n"
    for i in range(600))

QUESTIONS = [
    "total sales", "sales by region", "top 2 categories by profit in 2023", "monthly sales in 2023", "sales in Q3 2023 vs Q2 2023",
    "share of sales by category", "how many customers bought Toys but never Lamps", "profit margin by region", "West vs North sales",
    "for each region, which category had the highest sales", "cumulative sales by month", "orders over 100", "average order value",
    "customers with more than 5 orders", "what was the weather in 2023", "sales in 1987", "which is the best region", "sales of Toyz",
    "list the 5 largest orders", "why did sales fall in September 2023", "", "💥", "DROP TABLE orders",
]


@unittest.skipIf(jsonschema is None, "jsonschema is not installed")
class Schemas(WorkspaceCase):
    @classmethod
    def setUpClass(cls):
        cls.schemas = {path.name: json.loads(path.read_text()) for path in (ROOT / "schemas").glob("*.json")}
        cls.registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in cls.schemas.items())

    def validator(self, name):
        return jsonschema.Draft202012Validator(self.schemas[name], registry=self.registry,
                                               format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

    def assert_valid(self, name, value, about):
        problems = [f"{problem.json_path}: {problem.message[:300]}" for problem in self.validator(name).iter_errors(value)]
        self.assertEqual(problems, [], about)

    def make_shop(self):
        workspace = self.folder / "shop"
        done = run("init", workspace, self.write("orders.csv", ORDERS))
        self.assertEqual(done.returncode, 0, done.stderr)
        return workspace

    def test_the_schemas_are_schemas(self):
        self.assertGreaterEqual(len(self.schemas), 4)
        for name, schema in self.schemas.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_answer(self):
        workspace = self.make_shop()
        batch = self.write("questions.jsonl", "".join(
            json.dumps({"id": str(number), "question": question}) + "\n" for number, question in enumerate(QUESTIONS)))
        done = run("ask", "-w", workspace, "--batch", batch)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["id"] for answer in answers], [str(number) for number in range(len(QUESTIONS))])
        statuses = set()
        for question, answer in zip(QUESTIONS, answers):
            statuses.add(answer["status"])
            with self.subTest(question):
                self.assert_valid("answer.json", {**answer, "id": "a" * 8 + answer["id"]}, question)
        self.assertLessEqual({"answered", "clarify", "refused"}, statuses)

    def test_an_unknown_field_in_a_query_does_not_fit_the_schema(self):
        self.assertTrue(list(self.validator("semantic_query.json").iter_errors({"mesures": []})))

    def test_scopes_the_program_accepts_and_refuses(self):
        workspace = self.make_shop()
        scopes = [
            ({}, True), ({"tenant": "t", "user": "u", "roles": ["manager"]}, True),
            ({"row_filters": [{"attribute": "region", "field": "region", "values": ["North"]}]}, True),
            ({"hidden_fields": ["profit"], "limits": {"rows": 10, "bytes_scanned": 1000000000, "seconds": 5}}, True),
            ({"row_filter": []}, False), ({"roles": "manager"}, False), ({"row_filters": [{"values": ["North"]}]}, False),
            ({"row_filters": [{"field": "region"}]}, False), ({"limits": {"row": 1}}, False), ([], False),
        ]
        for scope, good in scopes:
            with self.subTest(json.dumps(scope)):
                self.assertEqual(self.validator("access_scope.json").is_valid(scope), good)
                path = self.write("scope.json", json.dumps(scope))
                done = run("ask", "-w", workspace, "--json", "--scope", path, "how many rows are there")
                self.assertEqual(done.returncode == 0, good, done.stdout + done.stderr)

    def test_the_snapshot_of_a_workspace(self):
        workspace = self.make_shop()
        snapshots = sorted((workspace / "snapshots").rglob("*.json"))
        self.assertTrue(snapshots)
        for path in snapshots:
            self.assert_valid("snapshot.json", json.loads(path.read_text()), path.name)


if __name__ == "__main__":
    unittest.main()
