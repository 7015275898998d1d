"""The page in a browser: every flow of tests/page/*.mjs, run by playwright-core in Chromium against real servers."""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from aisle import ROOT, run
from agent_models import replies, use_model
from model_server import KEY, ModelServer
from serving import Server

CASES = sorted((ROOT / "tests/page").glob("*_cases.mjs"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TIMEOUT = 840  # seconds, below what run_tests.py gives the whole file

REGIONS = {"North": ("Avon", "Tyne"), "South": ("Kent", "Dorset"), "East": ("Norfolk", "Essex"), "West": ("Devon", "Cornwall")}
KINDS = {"Drinks": ("Tea", "Coffee"), "Kitchen": ("Mugs", "Pots"), "Garden": ("Seeds", "Tools")}


def shop_table():
    """Two years of orders in which every total can be worked out by hand."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Order ID", "Order Date", "Region", "State", "Category", "Sub-Category", "Product Name", "Customer Name",
                     "Sales", "Quantity", "Profit"])
    for i in range(2400):
        region = list(REGIONS)[i % 4]
        kind = list(KINDS)[i % 3]
        part = KINDS[kind][i // 3 % 2]
        month = i // 100
        writer.writerow([f"O-{i // 2:05}", f"{2023 + month // 12}-{1 + month % 12:02}-{1 + i % 28:02}", region, REGIONS[region][i // 4 % 2], kind,
                         part, f"{part} no. {i % 120:03}", f"Customer {i % 90:02}", f"{10 + i % 50 + month}.50", 1 + i % 5, f"{i % 17 - 4}.25"])
    return out.getvalue()


def hostile_table():
    """Markup wherever text can stand."""
    script, image = "<script>window.__ran=1</script>", "\"><img src=x onerror=\"window.__ran=2\">"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Order ID", "Order Date", f"Region {script}", f"Kind {image}", "Sales"])
    values = (script, image, "<svg onload=window.__ran=3>", "{{7*7}}${7*7}", "javascript:window.__ran=4")
    for i in range(400):
        writer.writerow([f"O-{i}", f"2024-{1 + i % 12:02}-{1 + i % 28:02}", values[i % 5], values[(i + 1) % 3], f"{i % 40}.00"])
    return out.getvalue()


def case_names():
    return [name for path in CASES for name in re.findall(r'^test\("([^"]+)"', path.read_text(), re.MULTILINE)]


class Page(unittest.TestCase):
    results = {}

    @classmethod
    def setUpClass(cls):
        if CHROMIUM is None:
            raise unittest.SkipTest("there is no Chromium; scripts/setup.sh test installs it")
        if shutil.which("node") is None or not (ROOT / "web/node_modules/playwright-core").exists():
            raise unittest.SkipTest("there is no playwright-core; scripts/setup.sh page installs it")
        scratch = tempfile.TemporaryDirectory(prefix="aisle-page-")
        cls.addClassCleanup(scratch.cleanup)
        environment = {**os.environ, "CHROMIUM": CHROMIUM, "NODE_NO_WARNINGS": "1"}
        for name, table in (("shop", shop_table()), ("hostile", hostile_table())):
            file = Path(scratch.name) / f"{name}.csv"
            file.write_text(table)
            made = run("init", Path(scratch.name) / name, file)
            assert made.returncode == 0, made.stderr
            server = Server(Path(scratch.name) / name)
            cls.addClassCleanup(server.stop)
            environment[f"{name.upper()}_URL"] = f"http://127.0.0.1:{server.port}"
        environment["ASSISTED_URL"] = cls.start_assisted(Path(scratch.name))
        said, complained = Path(scratch.name) / "said", Path(scratch.name) / "complained"
        with said.open("w") as out, complained.open("w") as errors:
            try:
                subprocess.run(["node", "tests/page/harness.mjs", *map(str, CASES)], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                               stdout=out, stderr=errors, timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                errors.write(f"the browser's cases took longer than {TIMEOUT} s together\n")  # those that ran are told
        for line in said.read_text().splitlines():
            if line.endswith("}"):
                result = json.loads(line)
                cls.results[result["name"]] = result
        cls.errors = complained.read_text(errors="replace")[-4000:]

    @classmethod
    def start_assisted(cls, scratch):
        """A server with a language model to ask, which splits questions and writes one true sentence and one false."""
        plan = {"parts": [{"question": "sales by region"}, {"question": "number of orders by category"}]}
        total = sum(float(row["Sales"]) for row in csv.DictReader(io.StringIO(shop_table())))
        model = ModelServer(replies(plan=plan, narrate={"sentences": [f"All 4 regions together come to {total:,.2f}.", "Drinks brought in 1,234,567.89."]}))
        cls.addClassCleanup(model.stop)
        made = run("init", scratch / "assisted", scratch / "shop.csv")
        assert made.returncode == 0, made.stderr
        use_model(scratch / "assisted", model.url)
        server = Server(scratch / "assisted", environment={"PROVIDER_KEY": KEY, "AISLE_AI_QUESTIONS": "true"})
        cls.addClassCleanup(server.stop)
        return f"http://127.0.0.1:{server.port}"

    def check(self, name):
        result = self.results.get(name)
        self.assertIsNotNone(result, f"the case did not run: {self.errors}")
        if result.get("flaky"):
            print(f"# flaky: {name}: passed on its second try: {result['flaky'][:600]!r}", flush=True)
        self.assertTrue(result["ok"], result["detail"])


def add_case(name):
    setattr(Page, "test_" + re.sub(r"\W+", "_", name), lambda self: self.check(name))


for each in case_names():
    add_case(each)

if __name__ == "__main__":
    unittest.main()
