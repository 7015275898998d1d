"""Changes of wording that change nothing must not change the answer: politeness, case, spaces, and the program's own
restatement asked again. Every answered case of tests/data/ask that stands alone is taken; `resolved` must stay."""
import json
import unittest
from pathlib import Path

import aisle
import ask_cases

VARIANTS = {
    "please": lambda question: f"Please show me {question[0].lower() + question[1:]}" if not question[0].isdigit() and question.split()[0].lower() not in ASKING else f"{question.rstrip('?')} please?",
    "greeting": lambda question: f"Hi, {question}",
    "thanks": lambda question: f"{question} Thanks!" if question[-1] in "?." else f"{question}, thanks",
    "lower": str.lower,
    "upper": str.upper,
    "spaces": lambda question: "  " + question.replace(" ", "  ") + " ",
    "question mark": lambda question: question.rstrip("?. ") + "??",
}
ASKING = set("what which who how when where did do does is are was were whats can could in at on for hey hi by".split())
# Whole-number percentages of answered cases that must be unmoved by each change.
LEAST = {"please": 97, "greeting": 97, "thanks": 97, "lower": 99, "upper": 85, "spaces": 99, "question mark": 99, "restatement": 90}


class Metamorphic(aisle.WorkspaceCase):
    @classmethod
    def setUpClass(cls):
        if not Path(aisle.PROGRAM).is_file():
            raise unittest.SkipTest("the program is not built")

    def ask(self, workspace, cases):
        answers = ask_cases.ask_all(workspace, cases, self.folder)
        return {case["id"]: answers.get(case["id"]) or {} for case in cases}

    def variants(self, case, answer):
        for name, change in VARIANTS.items():
            yield name, change(case["question"])
        if answer.get("restatement"):
            yield "restatement", answer["restatement"]

    def test_meaning_stays(self):
        moved, asked = {}, {}
        for schema in sorted(path.name for path in (ask_cases.CASES / "schemas").iterdir() if path.is_dir()):
            workspace = self.folder / schema
            self.assertEqual(aisle.run("init", workspace, *ask_cases.files_of(schema)).returncode, 0)
            cases = [case for case in ask_cases.read_cases("dev") if case["schema"] == schema and "after" not in case and case["expect"] == "answered"]
            answers = {name: answer for name, answer in self.ask(workspace, cases).items() if answer.get("status") == "answered"}
            changed = [{"id": f"{case['id']}/{name}", "question": question, "as_of": case["as_of"]}
                       for case in cases if case["id"] in answers for name, question in self.variants(case, answers[case["id"]])]
            for case, again in zip(changed, self.ask(workspace, changed).values()):
                origin, name = case["id"].split("/")
                asked[name] = asked.get(name, 0) + 1
                if again.get("resolved") != answers[origin]["resolved"]:
                    moved.setdefault(name, []).append(f"{origin}: {case['question']!r}")
        for name, least in LEAST.items():
            with self.subTest(change=name):
                unmoved = 100 - 100 * len(moved.get(name, [])) / asked[name]
                print(f"# {name}: {unmoved:.1f} % of {asked[name]} unmoved", *moved.get(name, [])[:40], sep="\n#   ", flush=True)
                self.assertGreaterEqual(unmoved, least, "\n".join(moved.get(name, [])))


if __name__ == "__main__":
    unittest.main()
