-- wrk's side of load.py: sends a request read from a file, with @PICK@, @N@ and @DIGITS@ filled in.
local head, body, picks, tag, first, keyed, digits
local count = 0

local function lines(path)
  local found = {}
  for line in io.lines(path) do found[#found + 1] = line end
  return found
end

function init(args)
  head = lines(args[1] .. ".head")
  body = lines(args[1] .. ".body")[1]
  picks = lines(args[1] .. ".picks")
  tag, first = args[2], tonumber(args[3])
  wrk.headers["Authorization"] = head[3]
  wrk.headers["Content-Type"] = "application/json"
  keyed = head[4] == "keyed"
  -- Rounds begin far apart and count on: two persons never draw the same number.
  math.randomseed(os.time() * 1000 + first)
  digits = math.random(20000000, 90000000)
end

local function filled(text, pick, number)
  text = text:gsub("@PICK@", function() return pick end)
  text = text:gsub("@DIGITS@", function() return digits + count end)
  return (text:gsub("@N@", function() return number end))
end

function request()
  count = count + 1
  local pick = picks[(first + count) % #picks + 1] or ""
  local number = tag .. count
  if keyed then wrk.headers["Idempotency-Key"] = number end
  return wrk.format(head[1], filled(head[2], pick, number), nil, body and filled(body, pick, number))
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "failed": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, failed))
end
