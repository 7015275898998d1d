-- Chat requests; MODEL and STREAM from the environment. Prints one line: requests a second, percentiles in microseconds, errors.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "sk-bench")
wrk.body = '{"model":"' .. os.getenv("MODEL") .. '","stream":' .. os.getenv("STREAM") ..
  ',"messages":[{"role":"user","content":"What was total revenue in March?"}]}'
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %.1f %.1f %.1f %.1f %d\n", summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(90),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
