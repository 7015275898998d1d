"""aisle init on bad input, on a full disk, and killed at any moment: a clear error and a whole workspace, or none."""
import csv
import gzip
import io
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from aisle import BAD_INPUT, EXISTS, NO_SPACE, NOT_FOUND, PROGRAM, TOO_LARGE, WorkspaceCase, ask, run

GOOD = "order_id,order_date,region,quantity,price\n" + "".join(
    f"A{i // 2},2023-{1 + i % 12:02}-{1 + i % 28:02},{('North', 'South', 'East')[i % 3]},{1 + i % 7},{i % 50}.25\n"
    for i in range(400))


class BadInput(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "shop"

    def init(self, *files, **options):
        return run("init", self.workspace, *files, **options)

    def assert_refused(self, done, status, *words):
        self.assert_clean_failure(done, status, *words)
        self.assertFalse(self.workspace.exists(), "a half-made workspace was left behind")
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith(".")], [])

    def assert_made(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((self.workspace / "aisle.yaml").is_file())

    def test_no_such_file(self):
        self.assert_refused(self.init(self.folder / "nowhere.csv"), NOT_FOUND, "nowhere.csv")

    def test_empty_file(self):
        self.assert_refused(self.init(self.write("empty.csv", "")), BAD_INPUT, "empty.csv")

    def test_only_white_space(self):
        self.assert_refused(self.init(self.write("blank.csv", "\n \n\n")), BAD_INPUT, "blank.csv")

    def test_binary_file(self):
        noise = random.Random(7).randbytes(200_000)
        self.assert_refused(self.init(self.write("photo.csv", b"\x89PNG\r\n\x1a\n" + noise)), BAD_INPUT, "photo.csv")

    def test_zero_bytes(self):
        self.assert_refused(self.init(self.write("zeros.csv", b"\0" * 65536)), BAD_INPUT, "zeros.csv")

    def test_truncated_gzip(self):
        whole = gzip.compress(GOOD.encode() * 50)
        done = self.init(self.write("cut.csv.gz", whole[:len(whole) // 2]))
        self.assert_refused(done, BAD_INPUT, "cut.csv.gz")

    def test_truncated_parquet(self):
        self.assert_refused(self.init(self.write("cut.parquet", b"PAR1" + b"\x15\x04" * 4000)), BAD_INPUT, "cut.parquet")

    def test_one_bad_file_among_good_ones_leaves_nothing(self):
        done = self.init(self.write("good.csv", GOOD), self.write("bad.csv", b"\0" * 4096))
        self.assert_refused(done, BAD_INPUT, "bad.csv")

    def test_an_existing_workspace_is_not_touched(self):
        orders = self.write("orders.csv", GOOD)
        self.assert_made(self.init(orders))
        before = {path: path.stat().st_mtime_ns for path in self.workspace.rglob("*")}
        self.assert_clean_failure(self.init(orders), EXISTS, "--add")
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.workspace.rglob("*")}, before)

    def test_an_existing_folder_that_is_no_workspace_keeps_its_files(self):
        self.workspace.mkdir()
        (self.workspace / "letter.txt").write_text("keep me")
        done = self.init(self.write("orders.csv", GOOD))
        self.assertEqual((self.workspace / "letter.txt").read_text(), "keep me", done.stderr)

    def test_ragged_rows_are_kept_aside_and_counted(self):
        lines = GOOD.splitlines(keepends=True)
        lines.insert(100, "A1,2023-01-01,North\n")
        lines.insert(200, "A2,2023-01-01,North,1,2.50,extra,cells,here\n")
        self.assert_made(done := self.init(self.write("orders.csv", "".join(lines))))
        kept = ask(self.workspace, "how many rows are there")[1]
        aside = sum(len(list(csv.reader(path.open()))) - 1 for path in (self.workspace / "lake").glob("_rejected/*.csv"))
        self.assertEqual(kept["status"], "answered", kept)
        self.assertEqual(kept["rows"][0][0] + aside, 402, "a row was dropped silently")
        if aside:
            self.assertRegex(done.stdout + done.stderr, rf"\b{aside}\b")

    def test_no_header(self):
        body = "".join(GOOD.splitlines(keepends=True)[1:])
        self.assert_made(self.init(self.write("orders.csv", body)))
        self.assertEqual(ask(self.workspace, "how many rows are there")[1]["rows"], [[400]])

    def test_duplicate_column_names(self):
        self.assert_made(self.init(self.write("orders.csv", GOOD.replace("quantity,price", "price,price", 1))))
        done = run("export", "-w", self.workspace, "orders")
        header = next(csv.reader(io.StringIO(done.stdout)))
        self.assertEqual(len(header), 5)

    def test_windows_1252_and_utf_16_read_the_same(self):
        text = GOOD.replace("North", "Zürich").replace("South", "Málaga")
        for encoding in ("cp1252", "utf-16", "utf-8-sig"):
            with self.subTest(encoding):
                workspace = self.folder / encoding
                done = run("init", workspace, self.write(f"{encoding}.csv", text.encode(encoding)))
                self.assertEqual(done.returncode, 0, done.stderr)
                status, answer = ask(workspace, "number of rows by region")
                self.assertEqual(status, 0, answer)
                self.assertIn("Zürich", {cell for row in answer["rows"] for cell in row})

    def test_utf_16_cut_in_the_middle_of_a_character(self):
        done = self.init(self.write("odd.csv", GOOD.encode("utf-16")[:-1]))
        self.assertIn(done.returncode, (0, BAD_INPUT), done.stderr)

    def test_ten_thousand_columns(self):
        header = ",".join(f"c{i}" for i in range(10_000))
        rows = "".join(",".join(str((i * r) % 97) for i in range(10_000)) + "\n" for r in range(1, 21))
        done = self.init(self.write("wide.csv", header + "\n" + rows), timeout=300)
        if done.returncode == 0:
            self.assertTrue((self.workspace / "aisle.yaml").is_file())
        else:
            self.assertIn(done.returncode, (BAD_INPUT, TOO_LARGE), done.stderr)
            self.assert_refused(done, done.returncode, "wide.csv", "columns")

    def test_pairs_of_a_wide_table_are_bounded_and_said(self):
        """400 columns of dates have 159,600 ordered pairs; a dozen of the dates are compared, and the proposal says what was looked at."""
        header = ",".join(f"d{i}" for i in range(400))
        rows = "".join(",".join(f"2024-{1 + r % 12:02}-{1 + i % 28:02}" for i in range(400)) + "\n" for r in range(40))
        done = self.init(self.write("dates.csv", header + "\n" + rows), timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        proposal = next((self.workspace / "ingest").glob("*.proposal")).read_text()
        self.assertIn("of 400 columns, the first 200 were looked at", proposal)
        self.assertGreater(proposal.count("{order: "), 0)
        self.assertLessEqual(proposal.count("{order: "), 12 * 11)

    def test_a_cell_of_many_megabytes(self):
        done = self.init(self.write("long.csv", "a,b\n1,\"" + "x" * (40 << 20) + "\"\n2,y\n"), timeout=300)
        self.assertIn(done.returncode, (0, BAD_INPUT, TOO_LARGE), done.stderr)
        if done.returncode:
            self.assert_refused(done, done.returncode, "long.csv")

    def test_a_quote_that_never_closes(self):
        done = self.init(self.write("open.csv", GOOD + 'A9,"2023-01-01,North,1,2.50\n' + GOOD.split("\n", 1)[1]))
        self.assertIn(done.returncode, (0, BAD_INPUT), done.stderr)
        if done.returncode:
            self.assert_refused(done, BAD_INPUT, "open.csv")


class FullDisk(WorkspaceCase):
    def test_a_full_disk_leaves_no_workspace(self):
        probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", self.folder]
        if os.geteuid() != 0 or not shutil.which("unshare") or subprocess.run(probe, capture_output=True, check=False).returncode:
            self.skipTest("needs root and mounts of one's own, to have a small disk")
        disk = self.folder / "disk"
        disk.mkdir()
        orders = self.write("orders.csv", GOOD + "".join(
            f"B{i},2023-02-{1 + i % 28:02},{random.Random(i).randbytes(24).hex()},1,{i}.5\n" for i in range(60_000)))
        for kilobytes in (64, 400, 1500):
            with self.subTest(kilobytes=kilobytes):
                script = ('mount -t tmpfs -o size="$1"k tmpfs "$2" || exit 99; status=0; "$3" init "$2/shop" "$4" || status=$?; '
                          'ls -A "$2"; exit $status')
                done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", str(kilobytes), disk, PROGRAM, orders],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
                self.assert_clean_failure(done, NO_SPACE)
                self.assertEqual(done.stdout.split(), [], "something was left on the full disk")


class Killed(WorkspaceCase):
    """kill -9 at random moments: afterwards there is a whole workspace or none, and init works again."""

    def test_kill_at_any_moment(self):
        orders = self.write("orders.csv", GOOD + "".join(
            f"B{i // 3},2023-{1 + i % 12:02}-{1 + i % 28:02},Region {i % 40},{i % 9},{i % 90}.75\n" for i in range(200_000)))
        workspace = self.folder / "shop"
        started = time.monotonic()
        self.assertEqual(run("init", workspace, orders).returncode, 0)
        whole = time.monotonic() - started
        shutil.rmtree(workspace)
        chance = random.Random(20)
        moments = [whole * (step + chance.random()) / 14 for step in range(14)]
        for moment in moments:
            with self.subTest(seconds=round(moment, 3)):
                self.kill_once(workspace, orders, moment)
        done = run("init", workspace, orders)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(ask(workspace, "how many rows are there")[1]["rows"], [[200_400]])

    def kill_once(self, workspace, orders, moment):
        process = subprocess.Popen([PROGRAM, "init", workspace, orders], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if workspace.exists():
            self.assertEqual(ask(workspace, "how many rows are there")[1]["rows"], [[200_400]], "a half-made workspace")
            shutil.rmtree(workspace)


if __name__ == "__main__":
    unittest.main()
