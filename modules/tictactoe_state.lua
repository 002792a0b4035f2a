-- The rules of tic-tac-toe. A round is plain data, fit for JSON:
--
--   cells        three rows of three: 1 or 2 for a player's mark, -1 for none
--   player_turn  1 or 2: whose move it is
--   winner       1, 2 or false; absent before the first move
--   draw         whether the board is full and nobody won; absent before the first move

local rules = {}

local EMPTY = -1

-- Every three cells in a row, as {row, col} pairs.
local LINES = {
  { { 1, 1 }, { 1, 2 }, { 1, 3 } },
  { { 2, 1 }, { 2, 2 }, { 2, 3 } },
  { { 3, 1 }, { 3, 2 }, { 3, 3 } },
  { { 1, 1 }, { 2, 1 }, { 3, 1 } },
  { { 1, 2 }, { 2, 2 }, { 3, 2 } },
  { { 1, 3 }, { 2, 3 }, { 3, 3 } },
  { { 1, 1 }, { 2, 2 }, { 3, 3 } },
  { { 1, 3 }, { 2, 2 }, { 3, 1 } },
}

local function holds_line(cells, player)
  for _, line in ipairs(LINES) do
    local marks = 0
    for _, place in ipairs(line) do
      if cells[place[1]][place[2]] == player then
        marks = marks + 1
      end
    end
    if marks == #line then
      return true
    end
  end
  return false
end

local function is_full(cells)
  for _, row in ipairs(cells) do
    for _, mark in ipairs(row) do
      if mark == EMPTY then
        return false
      end
    end
  end
  return true
end

function rules.other(player)
  return 3 - player
end

function rules.new_round()
  return {
    cells = {
      { EMPTY, EMPTY, EMPTY },
      { EMPTY, EMPTY, EMPTY },
      { EMPTY, EMPTY, EMPTY },
    },
    player_turn = 1,
  }
end

function rules.is_over(round)
  return round.winner or round.draw or false
end

-- Marks a cell for the player. row and col may be anything a client sent: a place
-- that is not on the board is refused like a taken one. Returns nil, or why the
-- move was refused; a refused move changes nothing.
function rules.move(round, player, row, col)
  if rules.is_over(round) then
    return "the round is over"
  end
  if player ~= round.player_turn then
    return "it is the other player's turn"
  end
  local line = round.cells[row]
  local mark = line and line[col]
  if not mark then
    return "there is no such cell"
  end
  if mark ~= EMPTY then
    return "the cell is taken"
  end

  line[col] = player
  round.player_turn = rules.other(player)
  round.winner = holds_line(round.cells, player) and player
  round.draw = not round.winner and is_full(round.cells)
  return nil
end

return rules
