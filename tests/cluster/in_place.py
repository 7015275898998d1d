"""A workspace whose registry names a Delta table of another writer: asked where it lies, followed as it changes."""
import csv
import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from aisle import run  # noqa: E402


class InPlace:
    """`pattern` and `table` as in registry.yaml; `environment` is what the program is run with."""

    def __init__(self, folder, url, name, environment=None):
        self.workspace, self.name, self.environment = Path(folder) / f"workspace-{name}", name, environment
        places = Path(folder) / f"places-{name}.csv"
        places.write_text("City,Region\nLeeds,West\nYork,North\nHull,East\n")
        self.done("init", self.workspace, places)
        (self.workspace / "registry.yaml").write_text(f"version: 1\nsources:\n  - path: {url}\n    table: {name}\n")

    def done(self, *arguments):
        finished = run(*arguments, env=self.environment)
        if finished.returncode != 0:
            raise AssertionError(f"aisle {arguments[0]}: exit {finished.returncode}: {finished.stdout}{finished.stderr}")
        return finished.stdout

    def refresh(self):
        """The registry's report of the table."""
        report = json.loads(self.done("refresh", "-w", self.workspace, "--json"))
        return next(table for table in report["tables"] if table["name"] == self.name)

    def rows(self):
        """All rows, as the program writes them out: name of column -> text."""
        return list(csv.DictReader(io.StringIO(self.done("export", "-w", self.workspace, self.name))))
