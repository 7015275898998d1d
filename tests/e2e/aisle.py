"""What the end-to-end tests share: running the built program and small files to feed it."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("AISLE", str(ROOT / "build/aisle"))
SHARED = ROOT.parent / "shared"
TIMEOUT = 120

# Exit statuses, from the table in src/base/error.h; 3 and 4 are answers, not errors.
ANSWERED, CLARIFY, REFUSED = 0, 3, 4
INVALID_ARGUMENT, NOT_FOUND, EXISTS, BAD_INPUT, BAD_MODEL, BAD_QUERY = 2, 5, 6, 7, 8, 9
IO, NO_SPACE, TOO_LARGE = 13, 14, 19


def run(*arguments, timeout=TIMEOUT, **options):
    """Runs the program; returns the finished process with text output."""
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, **options)


def ask(workspace, question, *flags):
    """One question; returns (exit status, answer)."""
    done = run("ask", "-w", workspace, "--json", *flags, question)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        raise AssertionError(f"exit {done.returncode}, not one JSON answer: {done.stdout!r} {done.stderr!r}") from None


class WorkspaceCase(unittest.TestCase):
    """A scratch folder per case, and helpers to fill it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="aisle-e2e-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_clean_failure(self, done, status, *words):
        """Failed with this status, said why, and did not crash."""
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("CRITICAL", done.stderr)
        for word in words:
            self.assertIn(word.lower(), done.stderr.lower())
