"""aisle init from S3 and from the web gives what it gives from the same files on disk."""
import gzip
import os
import sqlite3
import unittest

from aisle import BAD_INPUT, INVALID_ARGUMENT, NOT_FOUND, WorkspaceCase, run
from s3 import S3, Web

FORBIDDEN = 10
HEADER = "Order ID,Order Date,City,Amount\n"


def rows(month, count):
    return HEADER + "".join(f"A-{month:02}{i:03},2026-{month:02}-{i % 28 + 1:02},{('Leeds', 'York')[i % 2]},{i}.50\n" for i in range(count))


class FromS3(WorkspaceCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = S3()
        cls.addClassCleanup(cls.s3.stop)
        for month in (1, 2, 3):
            cls.s3.put("shop", f"sales/2026/orders_2026-{month:02}.csv", rows(month, 40))
        cls.s3.put("shop", "sales/2026/_ignored.csv", "x\n")
        cls.s3.put("shop", "sales/2026/notes.doc", "no data")
        cls.s3.put("shop", "other/cities.csv.gz", gzip.compress(b"City,Region\nLeeds,North\nYork,North\n"))

    def init(self, *sources, **changes):
        return run("init", self.folder / "w", *sources, env={**self.s3.environment, **changes})

    def table(self, name):
        done = run("export", "-w", self.folder / "w", name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(done.stdout.splitlines())

    def local(self, months):
        folder = self.folder / "local"
        folder.mkdir()
        for month in months:
            (folder / f"orders_2026-{month:02}.csv").write_text(rows(month, 40))
        self.assertEqual(run("init", self.folder / "l", folder).returncode, 0)
        return sorted(run("export", "-w", self.folder / "l", "orders").stdout.splitlines())

    def test_a_pattern_is_one_table_of_a_series(self):
        done = self.init("s3://shop/sales/2026/orders_*.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.table("orders"), self.local((1, 2, 3)))
        self.assertEqual(len(self.table("orders")), 121)
        left = [name for _, _, names in os.walk(self.folder / "w") for name in names if "orders_2026" in name]
        self.assertEqual(left, [], "nothing of the fetched files stays")

    def test_a_prefix_is_a_folder(self):
        done = self.init("s3://shop/sales/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.table("orders"), self.local((1, 2, 3)))

    def test_two_places_at_once(self):
        done = self.init("s3://shop/sales/2026/orders_2026-02.csv", "s3://shop/other/cities.csv.gz")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.table("orders_2026_02")), 41)
        self.assertEqual(len(self.table("cities")), 3)

    def test_nothing_there(self):
        self.assert_clean_failure(self.init("s3://shop/sales/1999/*.csv"), NOT_FOUND, "s3://shop/sales/1999/*.csv")
        self.assert_clean_failure(self.init("s3://no-such-bucket/x.csv"), NOT_FOUND, "bucket")
        self.assertFalse((self.folder / "w").exists())

    def test_refused(self):
        self.assert_clean_failure(self.init("s3://shop/sales/2026/orders_*.csv", AWS_SECRET_ACCESS_KEY="wrong"), FORBIDDEN, "AWS_SECRET_ACCESS_KEY")
        self.assert_clean_failure(self.init("s3://sh/x"), INVALID_ARGUMENT, "s3://bucket")

    def test_larger_than_the_disk_may_hold(self):
        done = self.init("s3://shop/sales/2026/orders_*.csv", AISLE_CACHE_DISK="2KB")
        self.assertEqual(done.returncode, 19 if "does not fit" in done.stderr else 14, done.stderr)
        self.assertIn("cache.disk", done.stderr)


    def test_ingest_reads_what_is_new(self):
        shop = self.folder / "w"
        (shop / "ingest").mkdir(parents=True)
        (shop / "aisle.yaml").write_text("version: 1\nname: shop\n")
        (shop / "ingest/landed.yaml").write_text("source: s3://shop/landing/*.csv\nkeys: [order_id]\n")

        def ingest():
            done = run("ingest", "-w", shop, "--json", env=self.s3.environment)
            self.assertEqual(done.returncode, 0, done.stderr)

        self.s3.put("shop", "landing/a.csv", rows(1, 40))
        ingest()
        self.assertEqual(len(self.table("landed")), 41)
        self.s3.put("shop", "landing/b.csv", rows(2, 30))
        ingest()
        self.assertEqual(len(self.table("landed")), 71)
        ingest()
        self.assertEqual(len(self.table("landed")), 71)
        left = [name for folder, _, names in os.walk(shop) for name in names if "landing" in folder or name in ("a.csv", "b.csv")]
        self.assertEqual(left, [], "nothing of the fetched files stays")


class FromTheWeb(WorkspaceCase):
    def setUp(self):
        super().setUp()
        self.served = self.folder / "served"
        self.served.mkdir()
        (self.served / "orders.csv").write_text(rows(5, 3000))
        database = sqlite3.connect(self.served / "shop.db")
        database.execute("CREATE TABLE items(sku TEXT, price REAL)")
        database.executemany("INSERT INTO items VALUES (?, ?)", [(f"S{i}", i / 4) for i in range(50)])
        database.commit()
        database.close()
        self.environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def serve(self, cuts=0, **options):
        web = Web(self.served, cuts, **options)
        self.addCleanup(web.stop)
        return web

    def init(self, *sources, **changes):
        return run("init", self.folder / "w", *sources, env={**self.environment, **changes})

    def rows_of(self, table):
        return len(run("export", "-w", self.folder / "w", table).stdout.splitlines()) - 1

    def test_files(self):
        web = self.serve()
        done = self.init(web.url + "/moved/orders.csv?signature=secret", web.url + "/shop.db")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.rows_of("orders"), self.rows_of("items")), (3000, 50))
        self.assertNotIn("secret", done.stdout + done.stderr)

    def test_broken_connections_go_on(self):
        web = self.serve(cuts=3)
        done = self.init(web.url + "/orders.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows_of("orders"), 3000)
        self.assertEqual(len(web.ranges), 3)

    def test_parts_of_something_else_are_not_put_together(self):
        wanted = self.served.joinpath("orders.csv").read_text().splitlines()[1:]
        for i, parts in enumerate(("other", "changed", "none")):
            with self.subTest(parts):
                web = self.serve(cuts=1, parts=parts)
                place = self.folder / f"p{i}"
                done = run("init", place, web.url + "/orders.csv", env=self.environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(web.ranges), 1, "after that it is fetched from the start")
                self.assertEqual(len(run("export", "-w", place, "orders").stdout.splitlines()) - 1, len(wanted))

    def test_errors_name_the_address(self):
        (self.served / "cut.csv.gz").write_bytes(gzip.compress(rows(5, 3000).encode())[:-3000])
        (self.served / "none.csv").write_bytes(b"")
        web = self.serve()
        for name in ("cut.csv.gz", "none.csv"):
            done = self.init(f"{web.url}/{name}")
            self.assert_clean_failure(done, BAD_INPUT, f"{web.url}/{name}")
            self.assertNotIn("_staging", done.stderr)

    def test_failures(self):
        web = self.serve()
        self.assert_clean_failure(self.init(web.url + "/none.csv"), NOT_FOUND, "no such file")
        done = self.init(web.url + "/orders.csv", AISLE_CACHE_DISK="10KB")
        self.assert_clean_failure(done, 19, "cache.disk")
        self.assertFalse((self.folder / "w").exists())


if __name__ == "__main__":
    unittest.main()
