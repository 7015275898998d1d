-- wrk script: POST /v1/ask, questions drawn from a list that already follows the wanted distribution.
-- Arguments: the file of questions, one JSON body a line.
local bodies, position = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    bodies[#bodies + 1] = wrk.format("POST", "/v1/ask", {["Content-Type"] = "application/json"}, line)
  end
  math.randomseed(os.time())
  position = math.random(#bodies)
end

function request()
  position = position % #bodies + 1
  return bodies[position]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %.3f, "p50_us": %.0f, "p99_us": %.0f, "bytes": %d, "errors": %d, "not_ok": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
