-- Asks for the paths of the command line in turn, at 127.0.0.1 whatever the host is called, and reports one JSON object.
local asked, turn = {}, 0

function wrk.resolve(_, service)
   wrk.addrs = wrk.lookup("127.0.0.1", service)
end

function init(paths)
   for place, path in ipairs(paths) do
      asked[place] = wrk.format("GET", path)
   end
end

function request()
   turn = turn % #asked + 1
   return asked[turn]
end

function done(summary, latency, _)
   local errors = summary.errors
   local line = '\n{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, "errors": %d}\n'
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   local p50, p99 = latency:percentile(50), latency:percentile(99)
   io.write(line:format(summary.requests, summary.duration, summary.bytes, p50, p99, failed))
end
