#!/usr/bin/env python3
"""Rules about the sources that no compiler knows. Prints file:line: what is wrong; exit status 1 when anything is.

- A module includes only itself and modules on lower floors (their order stands in meson.build).
- Calls that cannot be used safely do not occur.
- No leftovers (unfinished marks), no paths of one machine, no host names of package registries.
- Files stay short enough to read.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 600  # of one C file; past this, split by idea

FORBIDDEN_CALLS = {
    "strcpy": "g_strlcpy or GString", "strcat": "GString", "sprintf": "g_snprintf or g_strdup_printf",
    "vsprintf": "g_vsnprintf", "gets": "fgets", "system": "no shell is started", "popen": "no shell is started",
    "strtok": "g_strsplit", "atoi": "g_ascii_string_to_signed", "atol": "g_ascii_string_to_signed",
    "atof": "g_ascii_strtod", "alloca": "g_malloc", "g_alloca": "g_malloc", "tmpnam": "g_mkstemp", "mktemp": "g_mkstemp",
    "setjmp": "return errors", "longjmp": "return errors", "strerror": "g_strerror", "gmtime": "gmtime_r",
    "localtime": "localtime_r", "asctime": "g_date_time_format", "rand": "g_random_int", "strtod": "g_ascii_strtod",
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(FORBIDDEN_CALLS) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Spelled apart so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:" + "|".join(["ho" + "me", "ro" + "ot", "wo" + "rk"]) + r")/[A-Za-z0-9_.]")
# The lake has a registry of its own; its files are no hosts.
REGISTRY_HOSTS = re.compile("|".join(["regi" + r"stry\.(?!(?:h|c|yaml|json)\b)", r"\bdeb\.deb" + "ian", r"files\.python" + "hosted", r"py" + r"pi\.org",
                                      r"proxy\.go" + "lang", r"artifact-?" + "registry", r"repo[0-9]?\\.ma" + "ven"]))
TEXT_SUFFIXES = {".c", ".h", ".py", ".sh", ".md", ".txt", ".yaml", ".yml", ".json", ".build", ".toml", ".html", ".js", ".css", ""}


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def floors():
    text = (ROOT / "meson.build").read_text()
    names = re.search(r"^modules = \[(.*?)\]", text, re.MULTILINE | re.DOTALL).group(1)
    return re.findall(r"'(\w+)'", names) + ["cli"]


def without_comments_and_strings(text):
    """The same text, same lines, with comments and literals blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.DOTALL)


def check_c(path, text, order, report):
    relative = path.relative_to(ROOT)
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        report(path, len(lines), f"{len(lines)} lines: split it by idea (limit {MAX_LINES})")
    for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
        for call in CALL.findall(line):
            report(path, number, f"{call}() is not used here: {FORBIDDEN_CALLS[call]}")
    if relative.parts[0] != "src":
        return
    module = relative.parts[1]
    if module not in order:
        report(path, 1, f"module {module} is missing in meson.build's list of floors")
        return
    for number, line in enumerate(lines, 1):
        included = INCLUDE.match(line)
        target = included.group(1).split("/")[0] if included and "/" in included.group(1) else None
        if target in order and order.index(target) > order.index(module):
            report(path, number, f"{module} includes {included.group(1)}, which stands on a higher floor")


def check_text(path, text, report):
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            report(path, number, "unfinished mark: finish it, or write an issue")
        if MACHINE_PATHS.search(line):
            report(path, number, "path of one machine")
        if REGISTRY_HOSTS.search(line):
            report(path, number, "host name of a package registry: the ordinary clients know theirs")


def main():
    problems = []

    def report(path, number, what):
        problems.append(f"{path.relative_to(ROOT)}:{number}: {what}")

    order = floors()
    for path in tracked_files():
        relative = path.relative_to(ROOT)
        if path.suffix not in TEXT_SUFFIXES or relative.parts[:2] == ("tests", "data") or relative.name == "LICENSE":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        check_text(path, text, report)
        if path.suffix in (".c", ".h"):
            check_c(path, text, order, report)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
