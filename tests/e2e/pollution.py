"""A clean table and the ways a CSV file can be spoilt, each with what a reader should make of it.

The kinds of pollution and the score follow Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023;
table and code are our own. A case is (name, bytes of the file, expected rows with the header first).
"""
import csv
import io
from collections import Counter

HEADER = ["DAY", "CLOCK", "Pieces", "SKU", "Price", "Article", "Description", "Link", "Remark"]
QUOTED = {6, 7}  # columns whose cells are always quoted
ARTICLES = ["Garden Chair", "Lamp, Brass 12\"", "Kids' Rain Coat", "Tea Set", "Rug, Wool 5\" Fringe", "Bench, Oak", "Mirror",
            "Shelf 30\"", "Men's Wool Socks", "Picture Frame, Small"]
SENTENCES = ["A sturdy piece for every room, made to last.", "Soft to the touch and easy to clean. Comes in two colours: blue and grey.",
             "You'll wonder how you did without it, summer or winter.", "Made of recycled wood",
             "Light, foldable, and quick to put away; won't fade in the sun.", "Our best seller for 8\\'6\" high rooms, every year again.",
             "Holds up to 40 kg. Mounting set included, tools are not."]


def table(rows=60):
    body = []
    for i in range(rows):
        code = f"{'KXQWRT'[i % 6]}{'BDFHJLN'[i % 7]}-{1000 + (i * 7919) % 9000}"
        body.append([f"{1 + i % 28:02}/{1 + i % 9:02}/2021", f"{i // 4 % 24:02}:{i % 4 * 15:02}", str(i * 13 % 31), code,
                     f"${(i * 977 % 9000) / 100 + 0.5:.2f}", ARTICLES[i % len(ARTICLES)], SENTENCES[i % len(SENTENCES)],
                     f"https://www.example.org/item/{code.replace('-', '_')}.html", ""])
    return [list(HEADER)] + body


class Writer:
    """Writes cells with a given dialect; single rows, delimiters and cells can be spoilt on the way."""

    def __init__(self, delimiter=",", quote='"', escape='"', end="\r\n"):
        self.delimiter, self.quote, self.escape, self.end = delimiter, quote, escape, end

    def cell(self, text, column):
        needs = column in QUOTED or "," in text or self.quote in text
        if not needs:
            return text
        return self.quote + text.replace(self.quote, self.escape + self.quote) + self.quote

    def row(self, cells, delimiter=None):
        return (delimiter or self.delimiter).join(self.cell(text, j) for j, text in enumerate(cells)) + self.end

    def file(self, rows):
        return "".join(self.row(row) for row in rows)


def spoilt_row(rows, index, change):
    """The file with `change(list of written cells)` -> text applied to one row."""
    writer = Writer()
    parts = [writer.row(row) for row in rows]
    parts[index] = change([writer.cell(text, j) for j, text in enumerate(rows[index])]) + writer.end
    return "".join(parts).encode()


def extra_delimiter(cells, column):
    return ",".join(cells[:column] + [""] + cells[column:])


def missing_delimiter(cells, column):
    return ",".join(cells[:column - 1] + [cells[column - 1] + cells[column]] + cells[column + 1:])


def extra_quote(cells, column):
    cell = cells[column]
    cells = list(cells)
    cells[column] = cell[:1] + '"' + cell[1:] if cell.startswith('"') else '"' + cell
    return ",".join(cells)


def file_cases(rows):
    plain = Writer()
    text = plain.file(rows)
    doubled = [[f"{name} {name}" for name in rows[0]]] + rows[1:]
    narrow = Writer().file([row[:-1] for row in rows])
    wide = Writer().file([row + (["col1"] if i == 0 else [""]) for i, row in enumerate(rows)])
    other = Writer().file([[f"{name} 2" for name in rows[0]]] + rows[1:])
    return [
        ("clean", text.encode(), rows),
        ("no_payload", b"", []),
        ("no_trailing_newline", text.rstrip("\r\n").encode(), rows),
        ("double_trailing_newline", (text + "\r\n").encode(), rows),
        ("no_header", plain.file(rows[1:]).encode(), rows[1:]),
        ("header_only", plain.file(rows[:1]).encode(), rows[:1]),
        ("one_data_row", plain.file(rows[:2]).encode(), rows[:2]),
        ("header_multirow_2", (plain.row(rows[0]) + text).encode(), doubled),
        ("preamble", ("PREAMBLE,,,,,,,,\r\n,,,,,,,,\r\n" + text).encode(), rows),
        ("preamble_text", ("Report of the week\r\nmade on 2021-10-01\r\n\r\n" + text).encode(), rows),
        ("footer", (text + "\r\nTotal of all shops\r\n").encode(), rows),
        ("footer_delimited", (text + "FOOTNOTE,,,,,,,,\r\n").encode(), rows),
        ("multitable_less", (text + narrow).encode(), rows),
        ("multitable_more", (text + wide).encode(), rows),
        ("multitable_same", (text + other).encode(), rows),
        ("field_delimiter_semicolon", Writer(";").file(rows).encode(), rows),
        ("field_delimiter_tab", Writer("\t").file(rows).encode(), rows),
        ("field_delimiter_bar", Writer("|").file(rows).encode(), rows),
        ("field_delimiter_comma_space", Writer(", ").file(rows).encode(), rows),
        ("field_delimiter_two_bars", Writer("||").file(rows).encode(), rows),
        ("field_delimiter_space", Writer(" ").file(rows).encode(), rows),
        ("quotation_apostrophe", Writer(quote="'", escape="").file(rows).encode(), rows),
        ("escape_backslash", Writer(escape="\\").file([[c.replace("\\'", "'") for c in row] for row in rows]).encode(),
         [[c.replace("\\'", "'") for c in row] for row in rows]),
        ("escape_none", Writer(escape="").file(rows).encode(), rows),
        ("record_delimiter_lf", Writer(end="\n").file(rows).encode(), rows),
        ("record_delimiter_cr", Writer(end="\r").file(rows).encode(), rows),
        ("encoding_utf8_bom", b"\xef\xbb\xbf" + text.encode(), rows),
        ("encoding_utf16", text.encode("utf-16"), rows),
        ("encoding_utf16_be_without_bom", text.encode("utf-16-be"), rows),
        ("encoding_windows_1252", text.replace("Brass", "Café “Brass”").encode("cp1252"),
         [[c.replace("Brass", "Café “Brass”") for c in row] for row in rows]),
    ]


def row_cases(rows, indexes):
    for i in indexes:
        for j in range(len(HEADER)):
            yield f"row_more_sep_{i}_{j}", spoilt_row(rows, i, lambda cells: extra_delimiter(cells, j)), rows
            if j:
                yield f"row_less_sep_{i}_{j}", spoilt_row(rows, i, lambda cells: missing_delimiter(cells, j)), rows
            quoted = [list(row) for row in rows]
            quoted[i][j] = '"' + quoted[i][j]
            yield f"row_extra_quote_{i}_{j}", spoilt_row(rows, i, lambda cells: extra_quote(cells, j)), quoted
        yield f"row_field_delimiter_{i}", spoilt_row(rows, i, lambda cells: " ".join(cells)), rows


def f_scores(expected, found):
    """Recall, precision and F1 of two multisets."""
    if not expected:
        return [1.0, 1.0, 1.0]
    common = sum((Counter(expected) & Counter(found)).values())
    if not common:
        return [0.0, 0.0, 0.0]
    recall, precision = common / len(expected), common / len(found)
    return [recall, precision, 2 * recall * precision / (recall + precision)]


def score(expected, output):
    """0..10: loaded at all, and recall, precision, F1 of header, records and cells."""
    if output is None:
        return 0.0
    found = list(csv.reader(io.StringIO(output, newline="")))
    if not found:
        return 1.0 if expected else 10.0
    header = f_scores(expected[0], found[0])
    records = f_scores(["".join(row) for row in expected[1:]], ["".join(row) for row in found[1:]])
    cells = f_scores([c for row in expected for c in row], [c for row in found for c in row])
    return 1 + sum(header) + sum(records) + sum(cells)
