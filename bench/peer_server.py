"""The peer of `aisle serve`: FastAPI + uvicorn + DuckDB with a dictionary as result cache.

    PEER_FILES="['a.parquet']" PEER_TABLE=sales PEER_SQL=queries.json uvicorn peer_server:app

It is given what it could not work out itself: the SQL of every wording.
"""
import json
import os
import threading
import uuid

import duckdb
from fastapi import FastAPI, Request, Response

app = FastAPI()
database = duckdb.connect()
database.execute(f"CREATE VIEW {os.environ['PEER_TABLE']} AS SELECT * FROM read_parquet({os.environ['PEER_FILES']})")
with open(os.environ["PEER_SQL"], encoding="utf-8") as file:
    queries = json.load(file)
cache = {}
lock = threading.Lock()


@app.post("/v1/ask")
async def ask(request: Request):
    question = (await request.json())["question"]
    sql = queries[question]
    body = cache.get(sql)
    if body is None:
        with lock:
            result = database.execute(sql)
            columns = [column[0] for column in result.description]
            rows = result.fetchall()
        body = cache[sql] = json.dumps({"status": "answered", "columns": columns, "rows": rows}, default=str)[1:]
    text = f'{{"id": "{uuid.uuid4()}", "question": {json.dumps(question)}, {body}'
    return Response(text, media_type="application/json")
