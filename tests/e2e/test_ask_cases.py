"""The parser cases of tests/data/ask, as a floor under what is understood: see ask_cases.py for every single one."""
import contextlib
import io
import sys
import unittest
from pathlib import Path
from unittest import mock

import aisle
import ask_cases

# Percentages right and numbers answered wrongly that must not get worse: raise them as more is understood.
FLOORS = {"dev": (98, 8), "held": (98, 4), "fresh": (93, 35), "usual": (91, 14), "blind": (84, 16)}


class AskCases(unittest.TestCase):
    def test_cases_are_well_formed(self):
        ids = set()
        for split in FLOORS:
            for case in ask_cases.read_cases(split):
                with self.subTest(case=case["id"]):
                    self.assertNotIn(case["id"], ids)
                    ids.add(case["id"])
                    self.assertIn(case["expect"], ("answered", "clarify", "refused"))
                    self.assertEqual(case["expect"] == "answered", bool(case.get("rows_sql")))
                    self.assertTrue("after" not in case or case["after"] in ids, "a case follows one before it")
        self.assertGreaterEqual(len(ids), 800)

    @unittest.skipUnless(Path(aisle.PROGRAM).is_file(), "the program is not built")
    def test_enough_is_right(self):
        for split, (least, most_wrong) in FLOORS.items():
            output = io.StringIO()
            arguments = ["ask_cases.py", split, "--min", str(least), "--max-wrong", str(most_wrong)]
            with self.subTest(split=split), mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(output):
                self.assertEqual(ask_cases.main(), 0, output.getvalue())


if __name__ == "__main__":
    unittest.main()
