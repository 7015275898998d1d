"""aisle read: the cells of spoilt CSV files, scored the way the Pollock benchmark scores loaders."""
import csv
import gzip
import io
import subprocess
import unittest

import pollution
from aisle import BAD_INPUT, NOT_FOUND, PROGRAM, TIMEOUT, WorkspaceCase, run


def read_rows(path):
    done = subprocess.run([PROGRAM, "read", str(path), "--csv"], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    return done.stdout.decode() if done.returncode == 0 else None


class Pollution(WorkspaceCase):
    ROWS = pollution.table(60)

    def scores(self, cases):
        found = {}
        for name, content, expected in cases:
            found[name] = pollution.score(expected, read_rows(self.write("spoilt.csv", content)))
        return found

    def test_whole_files(self):
        scores = self.scores(pollution.file_cases(self.ROWS))
        hard = {"field_delimiter_space": 9.0}  # delimiter and cells cannot be told apart everywhere
        for name, score in scores.items():
            with self.subTest(name):
                self.assertGreaterEqual(score, hard.get(name, 9.999))

    def test_damaged_rows(self):
        scores = self.scores(pollution.row_cases(self.ROWS, [0, 1, 17, 30, 59, 60]))
        low = {name: round(score, 3) for name, score in scores.items() if score < 9.9}
        glued = {name for name in low if name.startswith("row_less_sep_0_")}
        self.assertEqual(set(low) - glued, set(), low)
        self.assertGreaterEqual(sum(scores.values()) / len(scores), 9.98)


class OtherTables(WorkspaceCase):
    """Tables of other shapes, so that the reader is not fitted to one."""

    def assert_reads(self, content, expected):
        output = read_rows(self.write("input.csv", content))
        self.assertIsNotNone(output)
        self.assertEqual(list(csv.reader(io.StringIO(output, newline=""))), expected)

    def test_european_export(self):
        self.assert_reads("Filiale;Umsatz;Datum\nKöln;1.234,50;01.02.2023\n\"Bonn; Süd\";99,00;13.02.2023\n".encode("cp1252"),
                          [["Filiale", "Umsatz", "Datum"], ["Köln", "1.234,50", "01.02.2023"], ["Bonn; Süd", "99,00", "13.02.2023"]])

    def test_line_breaks_within_cells(self):
        self.assert_reads('id,text\n1,"two\nlines"\n2,"a ""word"""\n', [["id", "text"], ["1", "two\nlines"], ["2", 'a "word"']])

    def test_one_column(self):
        self.assert_reads("city\nParis\nNew York\nSan Jose\n", [["city"], ["Paris"], ["New York"], ["San Jose"]])

    def test_times_in_one_column(self):
        self.assert_reads("time\n10:20:30\n11:30:40\n", [["time"], ["10:20:30"], ["11:30:40"]])

    def test_log_with_brackets_and_tabs(self):
        self.assert_reads("when\tlevel\tmessage\n2023-01-01 10:00:00\tINFO\tstart, all fine\n2023-01-01 10:00:01\tWARN\tdisk: 90%\n",
                          [["when", "level", "message"], ["2023-01-01 10:00:00", "INFO", "start, all fine"],
                           ["2023-01-01 10:00:01", "WARN", "disk: 90%"]])

    def test_units_below_the_header(self):
        self.assert_reads("item,weight,price\n,kg,EUR\nbolt,1.5,2.20\nnut,0.5,1.10\nscrew,0.1,0.20\n",
                          [["item", "weight kg", "price EUR"], ["bolt", "1.5", "2.20"], ["nut", "0.5", "1.10"], ["screw", "0.1", "0.20"]])

    def test_rows_that_leave_out_trailing_cells(self):
        self.assert_reads("id,day,note,more\n1,2023-01-01\n2,2023-01-02,x\n3,2023-01-03\n4,2023-01-04,y,z\n",
                          [["id", "day", "note", "more"], ["1", "2023-01-01", "", ""], ["2", "2023-01-02", "x", ""],
                           ["3", "2023-01-03", "", ""], ["4", "2023-01-04", "y", "z"]])

    def test_hint_for_spreadsheets(self):
        self.assert_reads("sep=;\nshop;n\nA;1\nB;2\n", [["shop", "n"], ["A", "1"], ["B", "2"]])

    def test_comments_above_the_table(self):
        self.assert_reads("# made by the till\n# 2023, all shops\n\nshop,day,n\nA,2023-01-01,1\nB,2023-01-02,2\n",
                          [["shop", "day", "n"], ["A", "2023-01-01", "1"], ["B", "2023-01-02", "2"]])

    def test_years_as_column_names(self):
        self.assert_reads("region,2019,2020\nNorth,10,20\nSouth,30,40\n", [["region", "2019", "2020"], ["North", "10", "20"], ["South", "30", "40"]])

    def test_numbers_without_header(self):
        self.assert_reads("1,2.5,2023-01-01\n2,3.5,2023-01-02\n3,4.5,2023-01-03\n",
                          [["1", "2.5", "2023-01-01"], ["2", "3.5", "2023-01-02"], ["3", "4.5", "2023-01-03"]])

    def test_gzip(self):
        self.assert_reads(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"), [["a", "b"], ["1", "2"], ["3", "4"]])

    def test_cells_keep_their_blanks_and_signs(self):
        self.assert_reads('a,b\n" x ",€5\n"",-\n', [["a", "b"], [" x ", "€5"], ["", "-"]])


class Refusals(WorkspaceCase):
    def test_no_such_file(self):
        self.assert_clean_failure(run("read", self.folder / "none.csv", "--csv"), NOT_FOUND, "none.csv")

    def test_picture(self):
        self.assert_clean_failure(run("read", self.write("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50), "--csv"), BAD_INPUT,
                                  "photo.csv")

    def test_damaged_archive(self):
        whole = gzip.compress(b"a,b\n" + b"1,2\n" * 5000)
        self.assert_clean_failure(run("read", self.write("cut.csv.gz", whole[:-20]), "--csv"), BAD_INPUT, "cut.csv.gz")


if __name__ == "__main__":
    unittest.main()
