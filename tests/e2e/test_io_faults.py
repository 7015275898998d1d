"""The nth open, write, fsync, rename, link or mkdir of aisle init fails: an error with its status, and no half-made workspace."""
import errno
import os
import shutil
import unittest
from pathlib import Path

from aisle import IO, NO_SPACE, PROGRAM, WorkspaceCase, ask, run

FAULTS = Path(PROGRAM).parent / "tests/faults/faults.so"
ORDERS = "order_id,order_date,region,quantity,price\n" + "".join(
    f"A{i // 2},2023-{1 + i % 12:02}-{1 + i % 28:02},Region {i % 5},{1 + i % 7},{i % 50}.25\n" for i in range(500))
MOMENTS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 22, 30, 40, 60, 90, 150, 300]


@unittest.skipUnless(FAULTS.exists(), "built without the fault library")
class InputOutputFaults(WorkspaceCase):
    def strike(self, call, nth, error):
        """One init with one fault; returns (finished process, whether the fault struck)."""
        mark = self.folder / "struck"
        mark.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": str(FAULTS), "AISLE_FAULT": f"{call}:{nth}:{error}", "AISLE_FAULT_MARK": str(mark)}
        done = run("init", self.workspace, self.orders, env=environment)
        return done, mark.exists()

    def check(self, call, error, status):
        self.orders = self.write("orders.csv", ORDERS)
        struck_once = False
        for nth in MOMENTS:
            self.workspace = self.folder / f"shop{nth}"  # one each: what one fault left must not trip the next
            with self.subTest(f"{call} number {nth}"):
                done, struck = self.strike(call, nth, error)
                struck_once |= struck
                self.assertGreaterEqual(done.returncode, 0, f"died of signal {-done.returncode}: {done.stderr}")
                if done.returncode == 0:
                    self.assertEqual(ask(self.workspace, "how many rows are there")[1]["rows"], [[500]])
                    shutil.rmtree(self.workspace)
                else:
                    self.assert_clean_failure(done, status)
                    self.assertFalse(self.workspace.exists(), "a half-made workspace")
            if not struck:
                break
        return struck_once

    def test_writes_that_fail(self):
        self.assertTrue(self.check("write", errno.EIO, IO))

    def test_writes_to_a_full_disk(self):
        self.assertTrue(self.check("write", errno.ENOSPC, NO_SPACE))

    def test_files_that_cannot_be_made(self):
        self.assertTrue(self.check("open", errno.EIO, IO))

    def test_syncs_that_fail(self):
        self.assertTrue(self.check("fsync", errno.EIO, IO))

    def test_renames_that_fail(self):
        self.assertTrue(self.check("rename", errno.EIO, IO))

    def test_links_that_fail(self):
        self.check("link", errno.EIO, IO)

    def test_folders_that_cannot_be_made(self):
        self.assertTrue(self.check("mkdir", errno.ENOSPC, NO_SPACE))


if __name__ == "__main__":
    unittest.main()
