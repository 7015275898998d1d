// Compresses every file of a built page: pack.mjs DIST OUT. Writes OUT/pack.json, which scripts/build_page.py reads.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dist, out] = process.argv.slice(2);
const STORED = new Set([".woff2", ".png"]); // compressed in themselves

function* filesOf(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else yield path;
  }
}

const encodings = {
  identity: (content) => content,
  gzip: (content) => gzipSync(content, { level: 9 }),
  brotli: (content) =>
    brotliCompressSync(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
    }),
};

mkdirSync(out, { recursive: true });
const pack = [];
for (const path of [...filesOf(dist)].sort()) {
  const content = readFileSync(path);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 32);
  const name = "/" + relative(dist, path).split("\\").join("/");
  const entry = { path: name === "/index.html" ? "/" : name, hash, length: content.length, immutable: name.startsWith("/assets/") };
  for (const encoding of STORED.has(extname(path)) ? ["identity"] : ["gzip", "brotli"]) {
    entry[encoding] = `${hash}.${encoding}`;
    writeFileSync(join(out, entry[encoding]), encodings[encoding](content));
  }
  pack.push(entry);
}
writeFileSync(join(out, "pack.json"), JSON.stringify(pack, null, 1));
