-- Tests of the bundled game. They run with:
--   nkhost test --runtime.path modules nktest/spec/testdata/game

local MOVE, STATE = 1, 2

describe("a game of tic-tac-toe", function()
  local m, alice, bob

  before_each(function()
    alice, bob = nktest.user("alice"), nktest.user("bob")
    m = nktest.matchmake(alice, bob)
    m:join(alice, bob)
  end)

  it("begins with the first player's turn", function()
    expect(m:last(alice, STATE).json.your_turn):is_true()
    expect(m:last(bob, STATE).json.your_turn):is_false()
  end)

  it("is won by three in a row", function()
    for i, move in ipairs({ { 1, 1 }, { 2, 1 }, { 1, 2 }, { 2, 2 }, { 1, 3 } }) do
      m:send(i % 2 == 1 and alice or bob, MOVE, { row = move[1], col = move[2] })
      m:tick()
    end
    local state = m:last(bob, STATE).json.state
    expect(state.cells[1]):equals({ 1, 1, 1 })
    expect(state.winner):equals(1)
  end)

  it("starts anew after ten seconds", function()
    for i, move in ipairs({ { 1, 1 }, { 2, 1 }, { 1, 2 }, { 2, 2 }, { 1, 3 } }) do
      m:send(i % 2 == 1 and alice or bob, MOVE, { row = move[1], col = move[2] })
      m:tick()
    end
    nktest.advance(10)
    expect(m:state().round.cells[1]):equals({ -1, -1, -1 })
  end)

  it("refuses a move out of turn", function()
    m:send(bob, MOVE, { row = 1, col = 1 })
    m:tick()
    expect(m:last(bob, STATE).json.state.cells[1][1]):equals(-1)
  end)

  it("lets no stranger in", function()
    local result = m:try_join(nktest.user("eve"))
    expect(result.allowed):is_false()
    expect(result.reason):contains("two players who were matched")
  end)

  it("ends when a player is gone", function()
    m:disconnect(alice)
    expect(m:ended()):is_true()
  end)
end)
