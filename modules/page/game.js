// The game: what the player sees and does, from the lobby to the last round.
//
//   lobby → searching → seating → playing → left → …
//
// searching: in the matchmaker; seating: matched, until both players have joined;
// left: the opponent has gone. When the connection breaks, a search is taken up again
// and a game is over, since the host ends a match that a player leaves.

import { Board } from "./board.js";
import { Demo } from "./demo.js";
import { claimDeviceId, keep, kept } from "./identity.js";
import { mark } from "./ink.js";
import { Connection, NakamaError, decodeData, encodeData } from "./nakama.js";
import { playSound, switchSound } from "./sound.js";

const OP_MOVE = 1;
const OP_STATE = 2;
const KINDS = { 1: "o", 2: "x" }; // by the player's number in the state
const SECONDS_BETWEEN_ROUNDS = 10;
const SEATING_TIMEOUT = 12_000; // ms for the opponent to join
const HINT_AFTER = 3_000;
const MAX_NAME = 20; // as in index.html

const $ = (id) => document.getElementById(id);

const board = new Board({ grid: $("cells"), lines: $("lines"), onPlay: play });
const demo = new Demo(board);

let connection;
let phase = "lobby";
let notice = ""; // why the player is in the lobby again
let game = null; // see newGame
let ticket = null; // in the matchmaker, while searching
let searches = 0;
let phaseTimer = 0;

function newGame(matched) {
  const self = matched.self.presence.session_id;
  const opponent = matched.users.find((user) => user.presence.session_id !== self);
  return {
    id: matched.match_id,
    self,
    opponentName: tidyName(opponent?.string_properties?.name) || "Opponent",
    view: null, // the latest state from the match
    pending: null, // [row, col] of a move that the match has not confirmed
    wins: { 1: 0, 2: 0 },
  };
}

// A client of another make may send any text for a name.
function tidyName(name = "") {
  return [...name.replace(/\p{C}/gu, "").trim()].slice(0, MAX_NAME).join("");
}

// What the player does

function search() {
  notice = "";
  game = null;
  keep("xoxo.name", playerName());
  enter("searching");
  if (connection?.isOpen) addTicket();
}

async function addTicket() {
  const current = ++searches;
  const name = playerName();
  try {
    const answer = await connection.request({
      matchmaker_add: { min_count: 2, max_count: 2, query: "*", string_properties: name ? { name } : {} },
    });
    if (phase === "searching" && current === searches) ticket = answer.matchmaker_ticket.ticket;
    else removeTicket(answer.matchmaker_ticket.ticket); // cancelled meanwhile
  } catch (error) {
    if (phase === "searching" && connection.isOpen) backToLobby(error.message);
  }
}

function removeTicket(unwanted) {
  connection.request({ matchmaker_remove: { ticket: unwanted } }).catch(() => {}); // gone already: as wished
}

function cancelSearch() {
  if (ticket) removeTicket(ticket);
  ticket = null;
  backToLobby("");
}

function play(row, col) {
  if (!mayPlay() || game.view.state.cells[row][col] !== -1) return;
  game.pending = [row, col];
  connection.send({
    match_data_send: { match_id: game.id, op_code: String(OP_MOVE), data: encodeData({ row: row + 1, col: col + 1 }) },
  });
  playSound(KINDS[game.view.state.player_turn]);
  render();
}

function mayPlay() {
  return phase === "playing" && connection.isOpen && game.view.your_turn && !game.pending && !isOver(game.view.state);
}

function leaveMatch() {
  if (game && connection.isOpen) connection.request({ match_leave: { match_id: game.id } }).catch(() => {}); // the match may have ended
}

function backToLobby(why) {
  notice = why;
  game = null;
  enter("lobby");
}

// What the host says

function onEnvelope({ matchmaker_matched: matched, match_data: data, match_presence_event: presences }) {
  if (matched) onMatched(matched);
  if (data && data.match_id === game?.id && Number(data.op_code) === OP_STATE) onState(decodeData(data.data));
  if (presences && presences.match_id === game?.id) onPresences(presences);
}

async function onMatched(matched) {
  if (phase !== "searching") return;
  if (ticket && ticket !== matched.ticket) removeTicket(ticket);
  ticket = null;
  game = newGame(matched);
  enter("seating");
  phaseTimer = setTimeout(() => {
    leaveMatch();
    search();
  }, SEATING_TIMEOUT);
  try {
    await connection.request({ match_join: { match_id: game.id } });
  } catch (error) {
    if (phase === "seating") backToLobby(`The match could not be joined: ${error.message}`);
  }
}

function onState(view) {
  if (phase !== "seating" && phase !== "playing") return;
  const before = game.view;
  game.view = view;
  game.pending = null;
  const { state } = view;
  if (state.winner && !before?.state.winner) game.wins[state.winner]++;
  if (isOver(state) && !(before && isOver(before.state))) playSound("end");
  const move = lastMove(before?.state.cells, state.cells);
  if (move && state.cells[move[0]][move[1]] !== seat()) playSound(KINDS[state.cells[move[0]][move[1]]]);
  speak(move);
  if (phase === "seating") enter("playing");
  else render();
}

// Someone whose seat was taken over by a new socket of theirs is not missed.
function onPresences({ leaves = [] }) {
  const gone = new Set(leaves.map((presence) => presence.session_id));
  gone.delete(game.self);
  const missed = game.view ? game.view.state.players.some((player) => gone.has(player.session_id)) : gone.size > 0;
  if (missed && (phase === "seating" || phase === "playing")) enter("left");
}

function onOpen() {
  const retrying = document.activeElement === $("retry");
  $("connection").classList.remove("shown");
  setText("connection-text", "");
  if (retrying) focusFor(phase);
  if (phase === "searching") addTicket();
  render();
}

function onWaiting({ retryIn, error }) {
  ticket = null;
  if (phase === "seating" || phase === "playing") {
    backToLobby("The connection broke, and the game with it.");
  }
  setText("connection-text", whyCutOff(error));
  setText("connection-next", `Next try in ${Math.max(1, Math.round(retryIn / 1000))} s.`);
  $("connection").classList.add("shown");
  $("retry").setAttribute("aria-disabled", "false");
  render();
}

function whyCutOff(error) {
  if (error instanceof NakamaError) return `The host refuses: ${error.message}.`;
  return navigator.onLine ? "The host does not answer." : "You are offline.";
}

function onConnecting() {
  $("retry").setAttribute("aria-disabled", "true");
  setText("connection-next", "Reconnecting…");
}

// Reading a state

function isOver(state) {
  return Boolean(state.winner || state.draw);
}

// The player's number, 1 or 2.
function seat() {
  return game.view.state.players.findIndex((player) => player.session_id === game.self) + 1;
}

function lastMove(before, after) {
  if (!before) return null;
  for (const [row, line] of after.entries()) {
    for (const [col, player] of line.entries()) {
      if (player !== -1 && before[row][col] === -1) return [row, col];
    }
  }
  return null;
}

// What the player sees

function enter(next) {
  const changed = phase !== next;
  clearTimeout(phaseTimer);
  phase = next;
  if (next === "lobby") demo.start();
  else demo.stop();
  if (next === "searching" || next === "seating") board.clear();
  if (next !== "playing") $("spoken").textContent = "";
  $("hint").hidden = true;
  if (next === "searching") phaseTimer = setTimeout(() => ($("hint").hidden = false), HINT_AFTER);
  render();
  if (changed) focusFor(next);
}

// The focus goes to what the player will want next, and never to nothing.
function focusFor(next) {
  if (next === "playing") board.focus();
  else $({ lobby: "play", searching: "cancel", seating: "leave", left: "again" }[next]).focus();
}

function render() {
  document.body.dataset.phase = phase;
  document.body.classList.toggle("cut-off", !connection?.isOpen);
  $("lobby").hidden = phase !== "lobby";
  $("searching").hidden = phase !== "searching";
  $("playing").hidden = phase !== "playing" && phase !== "seating";
  $("left").hidden = phase !== "left";
  $("players").hidden = !game?.view;
  $("cells").inert = phase !== "playing" && phase !== "left";
  $("countdown").hidden = true;

  if (game?.view) renderTable();
  const [headline, detail] = words();
  setText("headline", headline);
  setText("detail", detail);
  document.title = phase === "playing" && mayPlay() ? "● Your turn – XOXO" : "XOXO";
}

// A live region is read out again when its text is set, even to the same.
function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function words() {
  switch (phase) {
    case "lobby":
      return [notice || "Three in a row wins.", connection?.isOpen ? "You play whoever comes next." : "Waiting for the host…"];
    case "searching":
      return ["Looking for an opponent…", connection?.isOpen ? "" : "The search goes on as soon as the host answers."];
    case "seating":
      return [`Found ${game.opponentName}`, "Sitting down…"];
    case "left":
      return [`${game.opponentName} left`, "The game is over."];
    default:
      return tableWords();
  }
}

function tableWords() {
  const { state, your_turn: yourTurn } = game.view;
  if (state.winner) return state.winner === seat() ? ["You win!", ""] : [`${game.opponentName} wins`, ""];
  if (state.draw) return ["A draw", ""];
  if (yourTurn) return ["Your turn", game.pending ? "Sending your move…" : `You play ${KINDS[seat()].toUpperCase()}.`];
  return [`${game.opponentName}’s turn`, `You play ${KINDS[seat()].toUpperCase()}.`];
}

// speak says what the board shows to those who do not see it.
function speak(move) {
  if (!move) {
    $("spoken").textContent = "";
    return;
  }
  const player = game.view.state.cells[move[0]][move[1]];
  const who = player === seat() ? "You" : game.opponentName;
  $("spoken").textContent = `${who} played row ${move[0] + 1}, column ${move[1] + 1}.`;
}

function renderTable() {
  const { state } = game.view;
  const mine = seat();
  const marks = state.cells.map((line) => line.map((player) => KINDS[player] ?? ""));
  if (game.pending) marks[game.pending[0]][game.pending[1]] = KINDS[mine];
  board.show(marks, {
    owner: (kind) => (kind === KINDS[mine] ? "you" : game.opponentName),
    open: mayPlay(),
    won: Boolean(state.winner),
  });
  renderPlayer($("you"), mine, playerName() ? `${playerName()} (you)` : "You");
  renderPlayer($("them"), 3 - mine, game.opponentName);

  const left = state.rematch_countdown;
  if (phase === "playing" && left) {
    $("countdown").hidden = false;
    $("countdown-seconds").textContent = left;
    $("countdown-bar").style.transform = `scaleX(${left / SECONDS_BETWEEN_ROUNDS})`;
  }
}

function renderPlayer(item, number, name) {
  const { state } = game.view;
  const badge = item.querySelector(".badge");
  if (badge.dataset.kind !== KINDS[number]) badge.replaceChildren(mark(KINDS[number]));
  badge.dataset.kind = KINDS[number];
  item.querySelector(".name").textContent = name;
  item.querySelector(".wins").textContent = game.wins[number] === 1 ? "1 win" : `${game.wins[number]} wins`;
  const moving = phase === "playing" && !isOver(state) && state.player_turn === number;
  item.classList.toggle("moving", moving);
  item.classList.toggle("winner", state.winner === number);
}

function playerName() {
  return $("name").value.trim();
}

// Wiring

$("lobby").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
$("cancel").addEventListener("click", cancelSearch);
$("leave").addEventListener("click", () => {
  leaveMatch();
  backToLobby("");
});
$("again").addEventListener("click", () => {
  leaveMatch();
  search();
});
$("back").addEventListener("click", () => {
  leaveMatch();
  backToLobby("");
});
$("retry").addEventListener("click", () => connection.retryNow());
$("sound").addEventListener("click", () => {
  const on = $("sound").getAttribute("aria-pressed") !== "true";
  $("sound").setAttribute("aria-pressed", String(on));
  $("sound-state").textContent = on ? "on" : "off";
  switchSound(on);
});
addEventListener("online", () => connection.retryNow());

async function start() {
  for (const [i, kind] of ["x", "o", "x", "o"].entries()) $("wordmark").append(mark(kind, i));
  $("name").value = kept("xoxo.name") ?? "";
  demo.start();
  render();

  connection = new Connection({
    origin: location.origin,
    serverKey: document.querySelector("meta[name=server-key]").content,
    deviceId: await claimDeviceId(),
  });
  connection.addEventListener("open", onOpen);
  connection.addEventListener("connecting", onConnecting);
  connection.addEventListener("waiting", ({ detail }) => onWaiting(detail));
  connection.addEventListener("envelope", ({ detail }) => onEnvelope(detail));
  connection.run();
}

start();
