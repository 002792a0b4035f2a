-- Calls of the string library for the differential tests. PUC Lua 5.1 and nkhost both
-- run this file. It returns a function that makes one call and returns its results as
-- text: "n1" is the number 1, "sabc" the string "abc", "nil" is nil, "error" a raise.

local unpack, select, pcall = unpack, select, pcall

local function describe(ok, ...)
  if not ok then return "error" end
  local results = {}
  for i = 1, select("#", ...) do
    local v = (select(i, ...))
    local kind = type(v)
    if kind == "string" then
      results[i] = "s" .. v
    elseif kind == "number" then
      results[i] = "n" .. tostring(v)
    else
      results[i] = kind
    end
  end
  return unpack(results)
end

local function joined(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  return "<" .. table.concat(texts, "|") .. ">"
end

local replacements = { a = "A", ab = "", b = 12, c = false, [1] = "one", [3] = "three" }

local function allOf(text, pattern)
  local found = {}
  for a, b, c in string.gmatch(text, pattern) do
    found[#found + 1] = joined(a, b, c)
  end
  return unpack(found)
end

local calls = {
  find = function(text, pattern, _, n) return string.find(text, pattern, n) end,
  plain = function(text, pattern, _, n) return string.find(text, pattern, n, true) end,
  match = function(text, pattern, _, n) return string.match(text, pattern, n) end,
  gmatch = function(text, pattern) return allOf(text, pattern) end,
  gsub = function(text, pattern, with) return string.gsub(text, pattern, with) end,
  gsub_n = function(text, pattern, with, n) return string.gsub(text, pattern, with, n < 0 and -n or n) end,
  gsub_function = function(text, pattern) return string.gsub(text, pattern, joined) end,
  gsub_table = function(text, pattern) return string.gsub(text, pattern, replacements) end,
  format_number = function(format, _, _, n) return string.format(format, n) end,
  format_text = function(format, text) return string.format(format, text) end,
}

return function(name, a, b, c, n)
  return describe(pcall(calls[name], a, b, c, tonumber(n)))
end
