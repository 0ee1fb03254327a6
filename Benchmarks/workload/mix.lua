-- An API's clients, for wrk: of 1,000 requests about 85 % are small GETs, at the gateway itself or through it at one
-- of two backends; the rest is POST, PUT and DELETE with JSON bodies, 304, 404, 302, 500, and BIGPCT percent of
-- answers of 100 KB. SEED makes another thousand. (No HEAD: wrk would wait for a body.)

local agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

local function headers(i, extra)
  local fields = {
    ["Host"] = "shop.example.test",
    ["User-Agent"] = agent,
    ["Accept"] = "application/json",
    ["Accept-Encoding"] = i % 4 == 0 and "gzip" or "identity",
    ["X-Request-Id"] = string.format(
      "%08x-%04x-4%03x-9%03x-%012x", i * 2654435, i % 65536, i % 4096, i % 4096, i * 7919),
    ["traceparent"] = string.format("00-%032x-%016x-01", i * 15485863, i * 32452843),
    ["Cookie"] = "sid=s%3A" .. string.rep("k", 24) .. "; theme=dark",
  }
  for name, value in pairs(extra or {}) do fields[name] = value end
  return fields
end

local function json_body(i, size)
  local head = '{"sku":"SKU-' .. i .. '","qty":' .. (i % 9 + 1) .. ',"note":"'
  return head .. string.rep("x", math.max(0, size - #head - 2)) .. '"}'
end

local json = { ["Content-Type"] = "application/json" }
local bearer = { ["Authorization"] = "Bearer " .. string.rep("t", 120) }
local unchanged = { ["If-Modified-Since"] = "Fri, 01 Jan 2038 00:00:00 GMT" }

-- { percent, method, function(i, j) -> path, extra headers, function(i) -> body }, i the request, j a file 1..200
local function kinds(big)
  return {
    { big, "GET", function() return "/static/big" .. math.random(1, 4) .. ".json" end },
    { 45 - big, "GET", function(i, j) return "/static/u" .. j .. ".json?page=" .. i % 17 end },
    { 15, "GET", function(_, j) return "/api/users/u" .. j .. ".json" end, bearer },
    { 12, "GET", function(_, j) return "/api/orders/u" .. j .. ".json?limit=20" end },
    { 10, "POST", function() return "/api/items" end, json, function() return math.random(80, 900) end },
    { 4, "POST", function() return "/api/orders/new" end, json, function() return math.random(80, 900) end },
    { 2, "PUT", function(_, j) return "/api/items/" .. j end, json, function() return 300 end },
    { 1, "DELETE", function(_, j) return "/api/items/" .. j end },
    { 4, "GET", function() return "/healthz" end },
    { 3, "GET", function(_, j) return "/static/missing" .. j .. ".json" end },
    { 2, "GET", function() return "/old/x" end },
    { 1, "GET", function(_, j) return "/static/u" .. j .. ".json" end, unchanged },
    { 1, "GET", function() return "/boom" end },
  }
end

local requests = {}

function init()
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  local table_of_kinds = kinds(tonumber(os.getenv("BIGPCT") or "1"))
  for i = 1, 1000 do
    local draw, j = math.random(1000) / 10, math.random(1, 200)
    for _, kind in ipairs(table_of_kinds) do
      local percent, method, path, extra, size = kind[1], kind[2], kind[3], kind[4], kind[5]
      draw = draw - percent
      if draw <= 1e-9 then
        requests[i] = wrk.format(method, path(i, j), headers(i, extra), size and json_body(i, size()))
        break
      end
    end
  end
end

local next_request = 0

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
