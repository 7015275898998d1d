#!/usr/bin/env python3
"""Builds the page in web/ and writes it as a C file for src/server/asset.h.

    scripts/build_page.py OUT.c DEPFILE

The page is made by npm only when something in web/ changed: what was made of the same sources before is kept in
.deps/page/, so that the several build folders of one checkout share it. Text is stored as Brotli and gzip; what is
compressed in itself (fonts, pictures) as it is.
"""
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
KEPT = ROOT / ".deps/page"
MAX_KEPT = 4
# What the built page is made of; tests and notes in web/ change nothing in it.
SOURCE_FOLDERS = ("src", "public")
SOURCE_FILES = ("package.json", "package-lock.json", ".npmrc", "index.html", "vite.config.ts", "tsconfig.json",
                "scripts/pack.mjs")
MEDIA_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
               ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
               ".json": "application/json", ".png": "image/png", ".txt": "text/plain; charset=utf-8"}


def source_files():
    files = [WEB / name for name in SOURCE_FILES]
    for folder in SOURCE_FOLDERS:
        files += [path for path in (WEB / folder).rglob("*") if path.is_file()]
    return sorted(path for path in files if path.exists())


def hash_of(files):
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:24]


def run(*command):
    done = subprocess.run(command, cwd=WEB, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nthe page could not be built: {' '.join(command)}")


def make(folder):
    """npm's part: types checked, modules bundled, every file compressed, a list of them in pack.json."""
    # Also when node_modules is there: it may belong to an older lock file.
    run(str(ROOT / "scripts/setup.sh"), "page")
    run("node", "node_modules/typescript/bin/tsc", "--noEmit")
    # The runner reads the settings without writing beside the packages, which may be another user's.
    run("node", "node_modules/vite/bin/vite.js", "build", "--configLoader", "runner", "--outDir", str(folder / "dist"), "--emptyOutDir")
    run("node", "scripts/pack.mjs", str(folder / "dist"), str(folder))
    shutil.rmtree(folder / "dist")


def built_page(key):
    """The folder with the page made of these sources; made now when it is not there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = KEPT / key
        if (folder / "pack.json").exists():
            os.utime(folder)
            return folder
        making = Path(tempfile.mkdtemp(prefix="making-", dir=KEPT))
        try:
            make(making)
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        made = sorted((path for path in KEPT.iterdir() if (path / "pack.json").exists()), key=lambda p: p.stat().st_mtime)
        for old in made[:-MAX_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        return folder


# Octal escapes always take three digits here, so that a digit that follows cannot join them.
ESCAPES = [chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in range(256)]


def literal(content):
    text = "".join([ESCAPES[b] for b in content])
    return '"' + text + '"'


def write_c(out, folder):
    parts = ['#include "server/asset.h"\n\n']
    table = []
    for number, entry in enumerate(json.loads((folder / "pack.json").read_text())):
        fields = [f'.path = "{entry["path"]}"', f'.media_type = "{MEDIA_TYPES[Path(entry["path"]).suffix or ".html"]}"',
                  f'.etag = "\\"{entry["hash"]}\\""', f'.immutable = {"TRUE" if entry["immutable"] else "FALSE"}',
                  f'.length = {entry["length"]}']
        for encoding in ("identity", "gzip", "brotli"):
            if encoding not in entry:
                continue
            content = (folder / entry[encoding]).read_bytes()
            parts.append(f"static const char {encoding}_{number}[] = {literal(content)};\n")
            fields.append(f".{encoding} = {{{encoding}_{number}, {len(content)}}}")
        table.append("    {" + ", ".join(fields) + "},\n")
    parts.append("\nconst Asset page_assets[] = {\n" + "".join(table) + "    {.path = NULL}};\n")
    Path(out).write_text("".join(parts))


def main():
    out, depfile = sys.argv[1:]
    files = source_files()
    folder = built_page(hash_of(files))
    write_c(out, folder)
    folders = {path.parent for path in files if path.parent not in (WEB, WEB / "scripts")}
    depends = sorted(str(path).replace(" ", "\\ ") for path in [*files, *folders, Path(__file__).resolve()])
    Path(depfile).write_text(f"{out}: " + " \\\n  ".join(depends) + "\n")


if __name__ == "__main__":
    main()
