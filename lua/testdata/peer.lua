-- Answers requests of the differential tests under PUC Lua 5.1: a line is the arguments
-- of the function in calls.lua, an answer a line with its results. All are in
-- hexadecimal, with a dot in front, between spaces.

local call = dofile(arg[1])

local function decode(hex)
  return (hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function encode(text)
  return "." .. text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
end

for line in io.lines() do
  local request = {}
  for hex in line:gmatch("%.(%x*)") do request[#request + 1] = decode(hex) end
  local answer = { call(unpack(request)) }
  for i = 1, #answer do answer[i] = encode(answer[i]) end
  io.write(table.concat(answer, " "), "\n")
  io.flush()
end
