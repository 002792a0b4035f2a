-- What spec files find: describe, it and the like, expect, and the world as nktest.
-- The chunk is given the functions of the world that are written in Go, and returns
-- what the runner calls.

local host = ...

local tests = {}
local group = { before = {}, after = {} }

local function in_group(name)
  return group.name and group.name .. " " .. name or name
end

local function want(kind, value, what)
  if type(value) ~= kind then
    error(what .. " must be a " .. kind .. ", got " .. type(value), 0)
  end
end

function describe(name, body)
  want("string", name, "describe: the name")
  want("function", body, "describe: the body")
  local outer = group
  group = { parent = outer, name = in_group(name), before = {}, after = {} }
  body()
  group = outer
end

-- A test without a body is yet to be written.
function it(name, body)
  want("string", name, "it: the name")
  if body ~= nil then want("function", body, "it: the body") end
  tests[#tests + 1] = { name = in_group(name), body = body, group = group }
end

function pending(name)
  it(name)
end

function before_each(body)
  want("function", body, "before_each: the body")
  table.insert(group.before, body)
end

function after_each(body)
  want("function", body, "after_each: the body")
  table.insert(group.after, body)
end

-- Assertions

local Expectation = {}
Expectation.__index = Expectation

function expect(value)
  return setmetatable({ value = value }, Expectation)
end

function Expectation:equals(wanted)
  local difference = host.difference(self.value, wanted)
  if difference then error("not what is wanted:\n" .. difference, 0) end
end

function Expectation:differs(other)
  if not host.difference(self.value, other) then
    error("is " .. host.show(other) .. ", which it must not be", 0)
  end
end

function Expectation:is_true()
  if self.value ~= true then error("got " .. host.show(self.value) .. ", want true", 0) end
end

function Expectation:is_false()
  if self.value ~= false then error("got " .. host.show(self.value) .. ", want false", 0) end
end

function Expectation:is_nil()
  if self.value ~= nil then error("got " .. host.show(self.value) .. ", want nil", 0) end
end

function Expectation:exists()
  if self.value == nil then error("got nil", 0) end
end

function Expectation:near(wanted, within)
  want("number", self.value, "near: the value")
  if math.abs(self.value - wanted) > within then
    error("got " .. tostring(self.value) .. ", want " .. tostring(wanted) .. " or nearer than " .. tostring(within), 0)
  end
end

-- A text has a part, or a list an item.
function Expectation:contains(part)
  if type(self.value) == "string" then
    if string.find(self.value, part, 1, true) then return end
  elseif type(self.value) == "table" then
    for _, item in pairs(self.value) do
      if not host.difference(item, part) then return end
    end
  end
  error(host.show(self.value) .. " does not contain " .. host.show(part), 0)
end

function Expectation:matches(pattern)
  want("string", self.value, "matches: the value")
  if not string.find(self.value, pattern) then
    error(host.show(self.value) .. " does not match the pattern " .. pattern, 0)
  end
end

-- A function raises an error, whose text has a part if one is given.
function Expectation:raises(part)
  want("function", self.value, "raises: the value")
  local ok, err = pcall(self.value)
  if ok then error("the function did not raise an error", 0) end
  if type(err) == "table" then err = err[1] end
  if part and not string.find(tostring(err), part, 1, true) then
    error("the function raised " .. host.show(tostring(err)) .. ", which does not contain " .. host.show(part), 0)
  end
end

-- The world

local User, Match, Party = {}, {}, {}
User.__index, Match.__index, Party.__index = User, Match, Party

local function name_of(user)
  if type(user) ~= "table" or getmetatable(user) ~= User then
    error("a user is wanted, as nktest.user makes them, got " .. type(user), 0)
  end
  return user.name
end

local function optional_name(user)
  return user ~= nil and name_of(user) or nil
end

local function each(users, act)
  for _, user in ipairs(users) do act(name_of(user)) end
end

nktest = {
  now = host.now,
  seed = host.seed,
  advance = host.advance,
  restore = host.restore,
  override = host.override,
  http = host.http,
  log = host.log,
}

function nktest.user(name)
  return setmetatable({ name = name, id = host.user(name) }, User)
end

function nktest.match(module, params)
  return setmetatable({ id = host.match(module, params) }, Match)
end

function nktest.match_by_id(id)
  return setmetatable({ id = id }, Match)
end

function nktest.matchmake(...)
  local names = {}
  each({ ... }, function(name) names[#names + 1] = name end)
  return setmetatable({ id = host.matchmake(names) }, Match)
end

-- The first makes the party and leads it.
function nktest.party(leader, ...)
  local party = setmetatable({ id = host.party(name_of(leader)) }, Party)
  party:join(...)
  return party
end

function nktest.matchmake_parties(...)
  local ids = {}
  for i, party in ipairs({ ... }) do ids[i] = party.id end
  return setmetatable({ id = host.matchmake_parties(ids) }, Match)
end

-- Returns the answer, or nil and the error's text.
function nktest.rpc(user, id, payload)
  return host.rpc(optional_name(user), id, payload)
end

function nktest.storage(user, collection, key)
  return host.storage(optional_name(user), collection, key)
end

function nktest.store(user, collection, key, value)
  host.store(optional_name(user), collection, key, value)
end

function User:disconnect() host.disconnect(self.name) end
function User:reconnect() host.reconnect(self.name) end
function User:connected() return host.connected(self.name) end
function User:session_id() return host.session_id(self.name) end
function User:messages(kind) return host.messages(self.name, kind) end
function User:wallet() return host.wallet(self.name) end
function User:pay(changes) host.pay(self.name, changes) end

function Match:join(...)
  each({ ... }, function(name)
    local result = host.join(self.id, name)
    if not result.allowed then error(name .. " may not join the match: " .. result.reason, 0) end
  end)
end

-- Returns a table with allowed, reason and label.
function Match:try_join(user, metadata)
  return host.join(self.id, name_of(user), metadata)
end

function Match:leave(...)
  each({ ... }, function(name) host.leave(self.id, name) end)
end

function Match:disconnect(...)
  each({ ... }, function(name) host.disconnect(name) end)
end

function Match:rejoin(...)
  each({ ... }, function(name) host.reconnect(name) end)
  self:join(...)
end

-- What is no string is sent as JSON.
function Match:send(user, op_code, data)
  host.send(self.id, name_of(user), op_code, data)
end

function Match:tick(count) host.tick(self.id, count or 1) end

function Match:tick_until(holds, bound)
  for _ = 1, bound do
    if holds() then return end
    host.tick(self.id, 1)
  end
  if not holds() then
    error("what the test waits for has not come within " .. bound .. " ticks", 0)
  end
end

function Match:signal(data) return host.signal(self.id, data or "") end
function Match:terminate(grace) host.terminate(self.id, grace or 0) end
function Match:ended() return host.ended(self.id) end
function Match:ticks() return host.ticks(self.id) end
function Match:label() return host.label(self.id) end
function Match:state() return host.state(self.id) end
function Match:members() return host.members(self.id) end
function Match:has(user) return host.has(self.id, name_of(user)) end
function Match:kicked(user) return host.kicked(self.id, name_of(user)) end
function Match:log() return host.log(self.id) end
function Match:may_fail() host.may_fail(self.id) end
function Match:failure() return host.failure(self.id) end

-- The messages to a user, the oldest first: tables with op_code, data, sender and
-- reliable, and with json where the data is JSON.
function Match:received(user, op_code)
  return host.received(self.id, name_of(user), op_code)
end

function Match:last(user, op_code)
  local all = self:received(user, op_code)
  if #all == 0 then
    error(name_of(user) .. " has received no such message", 0)
  end
  return all[#all]
end

function Party:join(...)
  each({ ... }, function(name) host.party_join(self.id, name) end)
end

function Party:leave(...)
  each({ ... }, function(name) host.party_leave(self.id, name) end)
end

function Party:promote(member) host.party_promote(self.id, name_of(member)) end
function Party:leader() return host.party_leader(self.id) end
function Party:members() return host.party_members(self.id) end

-- What is no string is sent as JSON.
function Party:send(member, op_code, data)
  host.party_send(self.id, name_of(member), op_code, data)
end

function Party:received(user, op_code)
  return host.party_received(self.id, name_of(user), op_code)
end

Party.last = Match.last

-- What the runner calls

local runner = {}

-- Adds the plain functions whose names begin with test, in the order of their names.
function runner.collect(returned)
  local found = {}
  local function add(where)
    for name, value in pairs(where) do
      if type(name) == "string" and string.find(name, "^test") and type(value) == "function" then
        found[#found + 1] = { name = name, body = value, group = group }
      end
    end
  end
  add(_G)
  if type(returned) == "table" then add(returned) end
  table.sort(found, function(a, b) return a.name < b.name end)
  for _, test in ipairs(found) do tests[#tests + 1] = test end

  local list = {}
  for i, test in ipairs(tests) do list[i] = { name = test.name, pending = test.body == nil } end
  return list
end

local function before(of)
  if of.parent then before(of.parent) end
  for _, body in ipairs(of.before) do body() end
end

local function after(of)
  for _, body in ipairs(of.after) do body() end
  if of.parent then after(of.parent) end
end

function runner.run(index)
  local test = tests[index]
  before(test.group)
  test.body()
end

function runner.finish(index)
  after(tests[index].group)
end

return runner
