"""Runs one unittest file and speaks TAP: python3 tests/e2e/tap.py tests/e2e/test_x.py [-k PATTERN]"""
import importlib.util
import sys
import unittest
from pathlib import Path


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad = 0

    def line(self, good, test, note="", detail=""):
        self.number += 1
        self.bad += not good
        name = test.id().removeprefix(f"{type(test).__module__}.") if hasattr(test, "id") else str(test)
        print(f"{'ok' if good else 'not ok'} {self.number} {name}{note}", flush=True)
        for line in detail.splitlines():
            print(f"#   {line}", flush=True)

    def addSuccess(self, test):
        self.line(True, test)

    def addFailure(self, test, err):
        self.line(False, test, detail=self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self.line(False, test, detail=self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.line(False, subtest, detail=self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self.line(True, test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        self.line(False, test, detail="a test may not be expected to fail")

    def addUnexpectedSuccess(self, test):
        self.line(False, test, detail="a test may not be expected to fail")


def main():
    path = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    loader = unittest.TestLoader()
    if "-k" in sys.argv:
        loader.testNamePatterns = [f"*{sys.argv[sys.argv.index('-k') + 1]}*"]
    result = TapResult()
    loader.loadTestsFromModule(module).run(result)
    print(f"1..{result.number}")
    return 1 if result.bad else 0


if __name__ == "__main__":
    sys.exit(main())
