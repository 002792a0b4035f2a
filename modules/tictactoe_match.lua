-- A match of tic-tac-toe for two: rounds of it, one after the other, until a player
-- leaves.
--
-- What goes over the wire, as JSON:
--
--   op code 1, from a player   a move: {"row": 1..3, "col": 1..3}
--   op code 2, to each player  the state: {"state": …, "active_player": presence,
--                              "other_player": presence, "your_turn": bool}
--
-- The state goes to both players when the second has joined, after each move, and
-- each second between two rounds. A refused move is answered with the state as it
-- is, to its sender only: a client that showed the move at once takes it back.

local nk = require("nakama")
local rules = require("tictactoe_state")

local OP_MOVE = 1
local OP_STATE = 2

local TICK_RATE = 1
local SECONDS_BETWEEN_ROUNDS = 10
local SECONDS_TO_WAIT_FOR_PLAYERS = 60

-- Returns the ids of the users that a match is meant for, as a set; nil is everybody.
local function guest_list(invited)
  if type(invited) ~= "table" or #invited == 0 then
    return nil
  end
  local guests = {}
  for _, user in ipairs(invited) do
    guests[user.presence.user_id] = true
  end
  return guests
end

local function is_full(room)
  return #room.players == 2
end

local function seat_of(room, presence)
  for seat, player in ipairs(room.players) do
    if player.session_id == presence.session_id then
      return seat
    end
  end
end

local function seat_of_user(room, presence)
  for seat, player in ipairs(room.players) do
    if player.user_id == presence.user_id then
      return seat
    end
  end
end

local function send_state(room, dispatcher, recipients)
  local round = room.round
  local state = {
    cells = round.cells,
    players = room.players,
    player_turn = round.player_turn,
    winner = round.winner,
    draw = round.draw,
    rematch_countdown = room.countdown,
  }
  local active = room.players[round.player_turn]
  local other = room.players[rules.other(round.player_turn)]
  for _, recipient in ipairs(recipients) do
    local message = nk.json_encode({
      state = state,
      active_player = active,
      other_player = other,
      your_turn = recipient.session_id == active.session_id,
    })
    dispatcher.broadcast_message(OP_STATE, message, { recipient })
  end
end

-- Returns nil, or why the move was refused.
local function make_move(room, message)
  local seat = seat_of(room, message.sender)
  if not seat then
    return "the sender does not play here"
  end
  if not is_full(room) then
    return "the other player has not joined yet"
  end
  local is_json, move = pcall(nk.json_decode, message.data)
  if not is_json or type(move) ~= "table" then
    return "it is not a JSON object"
  end

  local refusal = rules.move(room.round, seat, move.row, move.col)
  if not refusal and rules.is_over(room.round) then
    room.countdown = SECONDS_BETWEEN_ROUNDS
  end
  return refusal
end

local function receive(room, dispatcher, message)
  if message.op_code ~= OP_MOVE then
    nk.logger_debug(string.format("Message from %s with op code %s ignored: only %d, a move, is known",
      message.sender.user_id, tostring(message.op_code), OP_MOVE))
    return
  end
  local refusal = make_move(room, message)
  if not refusal then
    send_state(room, dispatcher, room.players)
    return
  end
  nk.logger_debug(string.format("Move from %s refused: %s", message.sender.user_id, refusal))
  if is_full(room) and seat_of(room, message.sender) then
    send_state(room, dispatcher, { message.sender })
  end
end

local function count_down(room, dispatcher)
  room.countdown = room.countdown - 1
  if room.countdown == 0 then
    room.countdown = nil
    room.round = rules.new_round()
  end
  send_state(room, dispatcher, room.players)
end

local match = {}

-- params.invited are the users of the matchmaker. The room is the match's state:
--   guests     the ids of the users that may join, or nil for everybody
--   players    the presences that play, the first to join first
--   admitted   how many were let in; those that have yet to join are counted
--   round      see tictactoe_state
--   countdown  seconds until the next round, while there is one
function match.match_init(_, params)
  local room = {
    guests = guest_list(params.invited),
    players = {},
    admitted = 0,
    round = rules.new_round(),
  }
  return room, TICK_RATE, ""
end

function match.match_join_attempt(_, _, _, room, presence, _)
  if room.guests and not room.guests[presence.user_id] then
    return room, false, "This match is for the two players who were matched."
  end
  if room.admitted < 2 then
    room.admitted = room.admitted + 1
    return room, true
  end
  if is_full(room) and seat_of_user(room, presence) then
    return room, true
  end
  return room, false, "Two players are in this match already."
end

-- A user who comes back on a new socket takes their seat over; a match with a free
-- seat gives it to whoever comes, so that a user can also play against themselves.
function match.match_join(_, dispatcher, _, room, presences)
  for _, presence in ipairs(presences) do
    local seat = is_full(room) and seat_of_user(room, presence) or #room.players + 1
    room.players[seat] = presence
  end
  if is_full(room) then
    send_state(room, dispatcher, room.players)
  end
  return room
end

function match.match_leave(_, _, _, room, presences)
  for _, presence in ipairs(presences) do
    if seat_of(room, presence) then
      return nil
    end
  end
  return room
end

function match.match_loop(_, dispatcher, tick, room, messages)
  if room.admitted == 0 and tick > SECONDS_TO_WAIT_FOR_PLAYERS * TICK_RATE then
    nk.logger_debug("Match ended: no player came")
    return nil
  end
  local between_rounds = room.countdown ~= nil
  for _, message in ipairs(messages) do
    receive(room, dispatcher, message)
  end
  if between_rounds then
    count_down(room, dispatcher)
  end
  return room
end

-- A host that shuts down lets the round go on for as long as it can.
function match.match_terminate(_, _, _, room, _)
  return room
end

function match.match_signal(_, _, _, room, _)
  return room, ""
end

return match
