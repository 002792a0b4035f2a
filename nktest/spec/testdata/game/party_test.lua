-- Parties, and how they find a game.

describe("two parties", function()
  local alice, bob, carol

  before_each(function()
    alice, bob, carol = nktest.user("alice"), nktest.user("bob"), nktest.user("carol")
  end)

  it("are led and talk", function()
    local party = nktest.party(alice, bob, carol)
    expect(party:members()):equals({ "alice", "bob", "carol" })
    party:send(carol, 3, { ready = true })
    expect(party:last(bob, 3).json.ready):is_true()
    expect(party:last(bob, 3).sender):equals("carol")
    expect(#party:received(carol)):equals(0)
    party:promote(carol)
    expect(party:leader()):equals("carol")
    party:leave(carol)
    expect(party:leader()):equals("alice")
    expect(function() party:promote(carol) end):raises("party member not found")
  end)

  it("play against each other", function()
    local m = nktest.matchmake_parties(nktest.party(alice), nktest.party(bob))
    m:join(alice, bob)
    expect(m:members()):equals({ "alice", "bob" })
  end)
end)
