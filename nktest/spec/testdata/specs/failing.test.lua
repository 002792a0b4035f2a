-- Every test here fails; the name says with what.

it("a difference", function()
  expect({ a = { 1, 2, 3 }, b = "x" }):equals({ a = { 1, 5 }, b = "x", c = true })
end)

it("assert", function()
  assert(1 == 2, "one is not two")
end)

it("a Lua error in a match", function()
  local alice = nktest.user("alice")
  local m = nktest.match("arena", {})
  m:join(alice)
  m:send(alice, 1, "fail")
  m:tick()
end)

it("a stranger", function()
  nktest.match("arena", {}):send(nktest.user("eve"), 1, "x")
end)

it("a wrong argument", function()
  nktest.match(nil)
end)

it("no error", function()
  expect(function() end):raises("x")
end)

it("no such part", function()
  expect("abc"):contains("d")
end)
