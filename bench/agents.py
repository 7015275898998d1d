#!/usr/bin/env python3
"""Agents, the question cache and the text encoder beside peers in one run. Writes bench/results/agents.{json,md}.

    bench/agents.py            the weights of the encoder come from scripts/setup.sh weights

Peers: a cache by nearness of vectors (MiniLM, cosine of at least 0.85), GPTCache as it comes (its own nearness and threshold,
over the same encoder, SQLite and faiss), ONNX Runtime on one thread over the same weights. Who is not among them, and why, stands
in the results.
"""
import atexit
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
AISLE = (ROOT / os.environ.get("AISLE", "build/aisle")).resolve()
os.environ["AISLE"] = str(AISLE)
sys.path[:0] = [str(HERE), str(ROOT / "tests/e2e")]

import minilm_onnx  # noqa: E402
import question_cache  # noqa: E402
from serving import Server  # noqa: E402

MEASURE = AISLE.parent / "bench/measure_agent"
WEIGHTS = Path(os.environ.get("AISLE_VECTOR_WEIGHTS", ROOT / ".deps/minilm"))
SIMILAR = 0.85
TEXTS = ["What was total revenue in March 2011?", "Which region had the highest profit last year?",
         "USB Type-C fast charging cable, 1.5 m (Black) - 60W"]
NOT_MEASURED = {"torch": "the package index carries it with the CUDA libraries only, several gigabytes; the build for processors lies on an index of its "
                         "own, from which nothing is installed here"}
QUESTIONS = ["sales by region", "top 5 products by profit", "sales in March 2024", "sales by month in 2023", "profit margin by category"]


def measure(kind, where, lines, rounds):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        done = subprocess.run([MEASURE, kind, where, file.name, str(rounds)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_onnx(session, tokenizer, text, rounds):
    ids = tokenizer.encode(text).ids
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        minilm_onnx.encode(session, ids)
        times.append((time.perf_counter() - started) * 1e6)
    return statistics.median(times), min(times)


def cosine_cache(session, tokenizer, pairs):
    """Paraphrases and twins that a cache by nearness takes for the same."""
    def vector(text):
        return minilm_onnx.encode(session, tokenizer.encode(text).ids)
    return [sum(float(vector(a) @ vector(b)) >= SIMILAR for a, b in pairs[kind]) for kind in ("paraphrases", "twins")]


def gptcache(session, tokenizer, pairs):
    """The same of GPTCache, each pair in a cache of its own; None where it is not installed."""
    try:
        from gptcache import Cache
        from gptcache.adapter.api import get, put
        from gptcache.manager import CacheBase, VectorBase, get_data_manager
        from gptcache.processor.pre import get_prompt
        from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation
    except ImportError:
        return None

    def embed(text, **_):
        return minilm_onnx.encode(session, tokenizer.encode(text).ids).astype("float32")

    def shares(folder, first, second):
        cache = Cache()
        kept = get_data_manager(CacheBase("sqlite", sql_url=f"sqlite:///{folder}/answers.db"),
                                VectorBase("faiss", dimension=384, index_path=f"{folder}/vectors"))
        cache.init(pre_embedding_func=get_prompt, embedding_func=embed, data_manager=kept, similarity_evaluation=SearchDistanceEvaluation())
        put(first, "the first one's", cache_obj=cache)
        return get(second, cache_obj=cache) is not None
    name = tempfile.mkdtemp(prefix="aisle-bench-")
    atexit.register(shutil.rmtree, name, ignore_errors=True)  # before the caches are made: they write themselves at the end, and go first
    counts = []
    for kind in ("paraphrases", "twins"):
        hits = 0
        for number, (first, second) in enumerate(pairs[kind]):
            folder = Path(name) / f"{kind}-{number}"
            folder.mkdir()
            hits += shares(folder, first, second)
        counts.append(hits)
    return counts


def tokenizer_of():
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(WEIGHTS / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(256)
    return tokenizer


def make_shop(folder, name, source):
    """A workspace of a table's text, or of files that are there; None where they are not."""
    files = [folder / f"{name}.csv"]
    if isinstance(source, str):
        files[0].write_text(source)
    else:
        files = question_cache.files_of(source, folder / f"{name}-files")
    if files is None:
        return None
    subprocess.run([AISLE, "init", folder / name, *files], check=True, capture_output=True)
    return folder / name


def our_cache(shop, pairs, as_of):
    server = Server(shop)
    hit, missed, false = question_cache.judge(server, pairs, as_of)
    server.process.terminate()
    server.process.wait(30)
    return len(hit), len(false), missed


def measure_caches(folder, session, tokenizer):
    """Over all sets of pairs: the first, and three that were written before any of them was asked."""
    shops = {"furniture": (question_cache.PAIRS, question_cache.table())}
    for more in (question_cache.SECOND, question_cache.THIRD):
        shops |= {name: (pairs, question_cache.shop_table(pairs["columns"])) for name, pairs in more.items()}
    shops |= {name: (pairs, pairs["from"]) for name, pairs in question_cache.FOURTH.items()}
    found = []
    for name, (pairs, source) in shops.items():
        shop = make_shop(folder, name, source)
        if shop is None:
            continue
        hits, false, missed = our_cache(shop, pairs, None if "from" in pairs else question_cache.AS_OF)
        near, near_false = cosine_cache(session, tokenizer, pairs)
        peer = gptcache(session, tokenizer, pairs)
        found.append({"shop": name, "paraphrases": len(pairs["paraphrases"]), "twins": len(pairs["twins"]),
                      "aisle": {"hits": hits, "false_hits": false, "missed": missed}, "minilm_cosine_0.85": {"hits": near, "false_hits": near_false},
                      "gptcache": {"hits": peer[0], "false_hits": peer[1]} if peer is not None else {"absent": "not installed; scripts/setup.sh bench"}})
    return found


def main():
    rounds = 100
    session, tokenizer = minilm_onnx.session(WEIGHTS), tokenizer_of()
    result = {"embedding": [], "question_cache": {}, "agent_step": [], "not_measured": NOT_MEASURED}
    for line in measure("embed", WEIGHTS, TEXTS, rounds):
        line["onnx_runtime_us"], line["onnx_runtime_least_us"] = by_onnx(session, tokenizer, line["text"], rounds)
        result["embedding"].append(line)
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as name:
        result["question_cache"] = measure_caches(Path(name), session, tokenizer)
        result["agent_step"] = measure("steps", Path(name) / "furniture", QUESTIONS, 300)
    lines = ["# Agents, question cache, text encoder", "", "| Text | tokens | Aisle, median (least) µs | ONNX Runtime, median (least) µs |",
             "| --- | --- | --- | --- |"]
    lines += [f"| {e['text']} | {e['tokens']} | {e['median_us']:.0f} ({e['least_us']:.0f}) | {e['onnx_runtime_us']:.0f} ({e['onnx_runtime_least_us']:.0f}) |" for e in result["embedding"]]
    lines += ["", *(f"Not measured: {peer} ({why})." for peer, why in NOT_MEASURED.items())]
    lines += ["", "Of the paraphrases, and falsely of the near twins, taken for the same question:", "",
              "| Question cache over | pairs of each | Aisle | MiniLM, cosine ≥ 0.85 | GPTCache 0.1.44 |", "| --- | --- | --- | --- | --- |"]
    for of in result["question_cache"]:
        shown = [f"{of[peer]['hits']}, falsely {of[peer]['false_hits']}" if "hits" in of[peer] else of[peer]["absent"]
                 for peer in ("aisle", "minilm_cosine_0.85", "gptcache")]
        lines.append(f"| {of['shop']} | {of['paraphrases']} | {' | '.join(shown)} |")
    lines += ["",
              "| Question | without the agent, median µs | with it | added |", "| --- | --- | --- | --- |"]
    lines += [f"| {q['question']} | {q['ask_median_us']:.0f} | {q['agent_median_us']:.0f} | {q['agent_median_us'] - q['ask_median_us']:.0f} |"
              for q in result["agent_step"]]
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results/agents.json").write_text(json.dumps(result, indent=1) + "\n")
    (HERE / "results/agents.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
