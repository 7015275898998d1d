"""Personal data is changed before anything of it is written: every byte that the program left is looked through."""
import csv
import io
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from aisle import BAD_INPUT, PROGRAM, ask, run
from test_ingest import IngestCase

SECRETS = ("anna.secretly@example.org", "Wilhelmina", "Geheimstrasse", "4929123412341234", "seller-omega-77")
DEFINITION = """
source: landing/*.csv
keys: [order_id]
privacy:
  email: hash
  customer_name: mask
  street: drop
  card: {action: generalise, keep: 4}
  seller: hash
quality:
  - {pattern: email, matches: '[^@]+@[^@]+', then: quarantine}
  - {required: customer_name, then: review}
  - {range: qty, from: 1, to: 9, then: quarantine}
  - {allowed: seller, values: [a], then: warn}
"""
HEADER = "order_id,email,customer_name,street,card,seller,qty,price,day\n"


def line(number, qty=2, email=SECRETS[0], name="Wilhelmina"):
    return f"O-{number:07},{email},{name},Geheimstrasse 12,4929123412341234,seller-omega-77,{qty},10.50,2026-01-{1 + number % 28:02}\n"


def parquet_cells(path, scratch):
    """All cells of a Parquet file, as the program reads them back."""
    workspace = scratch / f"read-{path.name}"
    done = run("init", workspace, path)
    assert done.returncode == 0, done.stderr
    table = next(entry.name for entry in (workspace / "lake").iterdir() if not entry.name.startswith("_"))
    cells = run("export", "-w", workspace, table).stdout
    shutil.rmtree(workspace)
    return cells.encode()


class Privacy(IngestCase):
    def setUp(self):
        super().setUp()
        self.define(DEFINITION)

    def assert_nothing_personal(self, *allowed):
        looked_at = 0
        for path in self.shop.rglob("*"):
            if not path.is_file() or self.shop / "landing" in path.parents:
                continue
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += parquet_cells(path, self.folder)
            looked_at += 1
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), content, f"{path} holds {secret}")
        return looked_at

    def test_no_file_of_the_workspace_holds_it(self):
        damaged = "O-1,anna.secretly@example.org,Wilhelmina,Geheimstrasse 12,4929123412341234,seller-omega-77,1,2,3,4,5,6,7,8\n"
        self.land("a.csv", line(1), line(2, qty=40), line(3, name=""), line(4, email="Wilhelmina Geheimstrasse"), damaged, line(5), header=HEADER)
        self.ingest()
        # A later file whose cells do not fit brings what they were.
        self.land("b.csv", *(line(i, qty="Wilhelmina" if i == 12 else 3) for i in range(10, 16)), header=HEADER.replace("qty", "qty"))
        self.define(DEFINITION + "drift: accept\n")
        self.shop.joinpath("landing/b.csv").write_text(self.shop.joinpath("landing/b.csv").read_text().replace(",Wilhelmina,10.50", ",x,10.50"))
        self.ingest()
        status, answer = ask(self.shop, "how many orders")
        self.assertEqual(status, 0)
        run("quality", "-w", self.shop, "--html", self.shop / "report.html", "--list")
        run("quality", "accept", "-w", self.shop, "--rule", "range_qty")
        done = run("quality", "submit", "-w", self.shop)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(self.assert_nothing_personal(), 10)

    def test_nothing_is_told_on_the_way(self):
        self.land("a.csv", line(1), line(2, qty=40), header=HEADER)
        said = run("ingest", "-w", self.shop, "--json")
        listed = run("quality", "-w", self.shop, "--list")
        for secret in SECRETS:
            self.assertNotIn(secret, said.stdout + said.stderr + listed.stdout + listed.stderr)

    def test_what_is_hashed_can_still_be_counted(self):
        self.land("a.csv", line(1), line(2), line(3, email="ben@example.org"), header=HEADER)
        self.ingest()
        rows = list(csv.DictReader(io.StringIO(run("export", "-w", self.shop, "sales").stdout)))
        self.assertEqual(len({row["email"] for row in rows}), 2)
        self.assertTrue(all(row["email"].startswith("h_") and len(row["email"]) == 34 for row in rows))
        self.assertEqual({row["customer_name"] for row in rows}, {"W*****a"})
        self.assertEqual({row["card"] for row in rows}, {"4929"})
        self.assertNotIn("street", rows[0])
        # The same key on another day, and in another process.
        self.land("b.csv", line(4), header=HEADER)
        self.ingest()
        rows = list(csv.DictReader(io.StringIO(run("export", "-w", self.shop, "sales").stdout)))
        self.assertEqual(len({row["email"] for row in rows}), 2)

    def test_init_does_likewise_when_asked(self):
        orders = self.write("orders.csv", HEADER.replace("card", "payment_card") + "".join(line(i, email=f"{i}{SECRETS[0]}") for i in range(400)))
        self.shop = self.folder / "private"
        done = run("init", "--privacy", self.shop, orders)
        self.assertEqual(done.returncode, 0, done.stderr)
        for column in ("email", "customer_name", "street", "payment_card", "seller"):
            self.assertIn(f"orders.{column} looks like personal data", done.stdout)
        self.assertEqual(ask(self.shop, "how many orders")[1]["rows"], [[400]])
        secrets = [secret.encode() for secret in SECRETS]
        for path in self.shop.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            content += parquet_cells(path, self.folder) if path.suffix == ".parquet" else b""
            self.assertFalse([secret for secret in secrets if secret in content], path)

    def test_identifiers_still_work_by_default(self):
        orders = self.write("orders.csv", "order_id,customer_id,amount\n" + "".join(f"{i},{17850 + i % 7},{i}.50\n" for i in range(300)))
        for flags in ([], ["--privacy"]):
            workspace = self.folder / f"plain{len(flags)}"
            self.assertEqual(run("init", *flags, workspace, orders).returncode, 0)
            self.assertEqual(ask(workspace, "how many orders for customer 17850")[1]["rows"], [[43]])

    def test_what_is_made_of_personal_columns_is_personal(self):
        made = "derive:\n  greeting: \"'Dear ' || customer_name\"\n  provider: split_part(Email, '@', 2)\n  total: qty * price\n"
        self.define(DEFINITION + made)
        self.land("a.csv", *(line(i) for i in range(20)), header=HEADER)
        done = run("ingest", "-w", self.shop)
        self.assert_clean_failure(done, BAD_INPUT, "'greeting' is made of 'customer_name'", "keep, if it tells of nobody")
        said = run("check", "-w", self.shop)
        self.assertIn("'greeting' is made of 'customer_name'", said.stdout + said.stderr)
        self.define(DEFINITION.replace("privacy:\n", "privacy:\n  greeting: hash\n") + made)
        self.assert_clean_failure(run("ingest", "-w", self.shop), BAD_INPUT, "'provider' is made of 'email'")
        self.assert_nothing_personal()
        self.define(DEFINITION.replace("privacy:\n", "privacy:\n  greeting: hash\n  provider: keep\n") + made)
        self.ingest()
        self.assertEqual({(row["greeting"][:2], row["provider"], row["total"]) for row in self.rows()}, {("h_", "example.org", "21")})
        self.assertGreater(self.assert_nothing_personal(), 5)

    def test_columns_that_look_personal_are_told(self):
        self.define("source: landing/*.csv\nkeys: [order_id]\nprivacy:\n  email: hash\n  street: keep\n")
        self.land("a.csv", *(line(i) for i in range(20)), header=HEADER)
        told = self.ingest("--plan")["sales"]["personal"]
        self.assertEqual([text.split(" ")[0] for text in told], ["customer_name", "card", "seller"])
        self.assertIn("(name) and is stored as it is; say under 'privacy:'", told[0])
        said = run("ingest", "-w", self.shop)
        self.assertIn("personal? card looks like personal data (card)", said.stdout)

    def test_errors_quote_no_cell(self):
        self.define(DEFINITION.replace("privacy:\n", "privacy:\n  number: hash\n") + "derive: {number: CAST(customer_name AS INTEGER)}\n")
        self.land("a.csv", line(1), line(2), header=HEADER)
        done = run("ingest", "-w", self.shop)
        self.assert_clean_failure(done, BAD_INPUT, "customer_name")
        self.assertNotIn("Wilhelmina", done.stdout + done.stderr)
        self.assert_nothing_personal()

    def test_the_key_is_not_for_others(self):
        self.land("a.csv", line(1), header=HEADER)
        self.ingest()
        key = self.shop / "state/privacy.key"
        self.assertEqual(key.stat().st_mode & 0o077, 0)
        self.assertGreaterEqual(len(key.read_text()), 32)

    def test_a_name_that_protects_nothing_is_refused(self):
        self.define("source: landing/*.csv\ntarget: sales\nprivacy: {e_mail: hash}\n")
        self.land("a.csv", line(1), header=HEADER)
        done = run("ingest", "-w", self.shop)
        self.assertEqual(done.returncode, 7)
        self.assertIn("nothing would be protected", done.stderr)

    def test_a_killed_load_leaves_nothing_personal(self):
        with (self.shop / "landing/large.csv").open("w") as out:
            out.write(HEADER)
            out.writelines(line(i, qty=i % 12) for i in range(180_000))
        process = subprocess.Popen([PROGRAM, "ingest", "-w", str(self.shop), "--bucket-size", "5MB", "--memory", "200MB"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not list((self.shop / "state/ingest").glob("sales/*/spill.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.assertGreater(self.assert_nothing_personal(), 2)
        self.ingest("--bucket-size", "5MB")
        self.assert_nothing_personal()
        # What the killed process had in memory is gone as well.
        self.assertEqual(list(Path("/dev/shm").glob(f"aisle-ingest-{process.pid}-*")), [])


if __name__ == "__main__":
    unittest.main()
