-- wrk script: POSTs JSON and prints one line of name=value for compare.sh.
--   BENCH_BODY_BYTES  size of the body (250)
--   BENCH_USERS       how many different x-user-id are sent in turn (0: none)
local size = tonumber(os.getenv("BENCH_BODY_BYTES") or "250")
local users = tonumber(os.getenv("BENCH_USERS") or "0")

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"inputs":"' .. string.rep("x", size - 13) .. '"}'

if users > 0 then
  -- Made once: wrk shares its core with the backends, so what it does per request must stay small.
  local requests = {}
  local turn = 0
  function init()
    for user = 1, users do
      wrk.headers["x-user-id"] = "user-" .. user
      requests[user] = wrk.format()
    end
  end
  function request()
    turn = turn % users + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("requests=%d errors=%d seconds=%.3f rps=%.0f p50_us=%.1f p99_us=%.1f\n", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, summary.duration / 1e6,
    summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99)))
end
