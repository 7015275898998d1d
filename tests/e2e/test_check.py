"""aisle check: a fresh model is clean, other tools can read it, and edits gone wrong are named with their place."""
import json
import re
import unittest

from aisle import BAD_MODEL, INVALID_ARGUMENT, NOT_FOUND, ROOT, WorkspaceCase, run

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

SALES = "Order No,Order Date,Store ID,Product,Category,Status,Quantity,Amount\n" + "".join(
    f"SO-{1000 + i // 2},2023-{1 + i % 12:02}-{1 + i % 27:02},{1 + i % 4},Lamp {i % 40},{('Indoor', 'Outdoor', 'Desk')[i % 3]},"
    f"{'Cancelled' if i % 50 == 7 else 'Shipped'},{1 + i % 5},{12 + i % 80}.95\n" for i in range(800))
STORES = "Store ID,City,Region\n1,York,North\n2,Leeds,North\n3,Bath,South\n4,Truro,South\n"
PLACE = re.compile(r"^model/(core|aisle)\.yaml:\d+:\d+: .+")


class Check(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"
        done = run("init", self.workspace, self.write("sales.csv", SALES), self.write("stores.csv", STORES))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.core = self.workspace / "model/core.yaml"
        self.extension = self.workspace / "model/aisle.yaml"

    def check(self):
        return run("check", "-w", self.workspace)

    def edit(self, path, old, new):
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def test_a_fresh_model_is_clean(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("2 datasets", done.stdout)

    @unittest.skipIf(yaml is None, "PyYAML or jsonschema is not installed")
    def test_other_tools_read_both_files(self):
        for path, schema in ((self.core, "ossie_core.json"), (self.extension, "model_extension.json")):
            with self.subTest(schema):
                validator = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / schema).read_text()))
                problems = [f"{problem.json_path}: {problem.message}" for problem in validator.iter_errors(yaml.safe_load(path.read_text()))]
                self.assertEqual(problems, [])
        model = yaml.safe_load(self.core.read_text())["semantic_model"][0]
        self.assertEqual({dataset["source"] for dataset in model["datasets"]}, {"lake.sales", "lake.stores"})
        sql = {metric["name"]: metric["expression"]["dialects"][0]["expression"] for metric in model["metrics"]}
        self.assertRegex(sql["revenue"], r"^SUM\(.*sales\.amount.*\)$")

    def test_mistakes_have_a_place_and_a_remedy(self):
        self.edit(self.extension, "default_metric:", "defualt_metric:")
        self.edit(self.extension, "    type: decimal", "    type: decimel")
        done = self.check()
        self.assertEqual(done.returncode, BAD_MODEL)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2, done.stdout)
        for line in lines:
            self.assertRegex(line, PLACE)
        numbered = self.extension.read_text().splitlines()
        for line, word in zip(lines, ("defualt_metric", "decimel")):
            self.assertIn(word, numbered[int(line.split(":")[1]) - 1])
            self.assertIn("did you mean", line)

    def test_a_field_that_the_table_does_not_have(self):
        name = "nowhere"
        self.edit(self.core, "        fields:\n", "        fields:\n          - name: nowhere\n            expression:\n"
                  "              dialects:\n                - dialect: ANSI_SQL\n                  expression: nowhere\n")
        done = self.check()
        self.assertEqual(done.returncode, BAD_MODEL)
        self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
        self.assertIn(f'the table has no column "{name}"', done.stdout)

    def test_a_metric_written_by_hand_for_other_tools(self):
        text = self.core.read_text()
        field = re.search(r"SUM\((sales\.\w+)\)", text).group(1)
        metric = ("      - name: biggest_line\n        expression:\n          dialects:\n            - dialect: ANSI_SQL\n"
                  f"              expression: MAX({field})\n")
        self.core.write_text(text.rstrip("\n") + "\n" + metric)
        self.assertEqual(self.check().returncode, 0, self.check().stdout)
        self.core.write_text(text.rstrip("\n") + "\n" + metric.replace("MAX(", "MAX(DISTINCT 1, "))
        done = self.check()
        self.assertEqual(done.returncode, BAD_MODEL)
        self.assertRegex(done.stdout, r"^model/core\.yaml:\d+:\d+: metric biggest_line: ")

    def test_no_workspace_and_wrong_arguments(self):
        done = run("check", "-w", self.folder / "nothing")
        self.assertEqual((done.returncode, done.stdout), (NOT_FOUND, ""))
        self.assertIn("aisle init", done.stderr)
        self.assertEqual(run("check", "-w", self.workspace, "file").returncode, INVALID_ARGUMENT)


if __name__ == "__main__":
    unittest.main()
