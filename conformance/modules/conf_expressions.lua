-- Runs Lua that the scenes send, to compare what the standard library makes of odd
-- arguments. A result is written out with its count of values and their types.

local nk = require("nakama")

local function show(v, depth)
  local t = type(v)
  if t == "number" then
    if v ~= v then return "nan" end
    return string.format("%.17g", v) .. " " .. tostring(v)
  end
  if t == "string" then
    return '"' .. string.gsub(v, "[^%w%p ]", function(c) return "\\" .. string.byte(c, 1) end) .. '"'
  end
  if t == "boolean" or t == "nil" then return tostring(v) end
  if t ~= "table" then return t end
  if depth > 3 then return "{...}" end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = show(k, depth + 1) .. "=" .. show(x, depth + 1) end
  table.sort(parts)
  local text = ""
  for i, part in ipairs(parts) do text = text .. (i > 1 and ", " or "") .. part end
  return "{" .. text .. "}"
end

local function pack(...) return { n = select("#", ...), ... } end

local function run(source)
  local f = loadstring(source, "=x")
  if not f then return "no Lua" end
  local values = pack(pcall(f))
  if not values[1] then return "raises" end
  local text = (values.n - 1) .. ":"
  for i = 2, values.n do text = text .. " " .. show(values[i], 0) end
  return text
end

nk.register_rpc(function(ctx, payload)
  local out = {}
  for i, source in ipairs(nk.json_decode(payload)) do out[i] = run(source) end
  return nk.json_encode(out)
end, "lua.run")
