"""The demo ends by itself, answers five questions, refuses one, and names what to try next."""
import os
import subprocess
import unittest

from aisle import PROGRAM, ROOT, WorkspaceCase


class Demo(WorkspaceCase):
    def test_the_demo(self):
        workspace = self.folder / "demo"
        for run in (1, 2):  # the second time over the first one's workspace
            done = subprocess.run([ROOT / "scripts/demo.sh", workspace], env={**os.environ, "AISLE": PROGRAM}, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, f"run {run}: {done.stdout}{done.stderr}")
            self.assertEqual(done.stdout.count("$ aisle ask"), 6)
            self.assertIn("UCI Machine Learning Repository", done.stdout)
            self.assertIn("Try next", done.stdout)


if __name__ == "__main__":
    unittest.main()
