// The real nakama-js, with its JSON socket and with the protobuf adapter, against the
// built host.

import { WebSocketAdapterPb } from "@heroiclabs/nakama-js-protobuf";
import { Client, WebSocketAdapterText } from "@heroiclabs/nakama-js";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { startHost } from "./host.js";

globalThis.WebSocket ??= WebSocket; // Node has its own from version 22 on

const OP_MOVE = 1;
const OP_STATE = 2;
const PATIENCE = 10_000; // ms for an event that must come
const LUA = fileURLToPath(new URL("lua", import.meta.url));

function newClient(host) {
  return new Client("defaultkey", "127.0.0.1", String(host.port), false);
}

// Player is one nakama-js socket; what it receives waits in order until it is asked for.
class Player {
  #events = [];
  #waiting = [];

  static async connect(host, adapter) {
    const player = new Player();
    player.client = newClient(host);
    player.session = await player.client.authenticateDevice(randomUUID(), true);
    player.socket = player.client.createSocket(false, false, adapter);
    player.socket.onmatchmakermatched = (matched) => player.#push("matched", matched);
    player.socket.onmatchdata = (data) => player.#push("data", data);
    player.socket.onmatchpresence = (presences) => player.#push("presences", presences);
    player.socket.onparty = (party) => player.#push("party", party);
    player.socket.onpartyclose = (closed) => player.#push("party closed", closed);
    player.socket.onpartydata = (data) => player.#push("party data", data);
    player.socket.onpartyjoinrequest = (request) => player.#push("party request", request);
    player.socket.onpartyleader = (leader) => player.#push("party leader", leader);
    player.socket.onpartymatchmakerticket = (ticket) => player.#push("party ticket", ticket);
    player.socket.onpartypresence = (presences) => player.#push("party presences", presences);
    player.socket.ondisconnect = () => player.#push("disconnected", {});
    await player.socket.connect(player.session, false);
    return player;
  }

  // next returns the first event of the kind that fits, and drops those of the kind
  // that came before it.
  next(kind, fits = () => true) {
    const found = this.#events.findIndex((event) => event.kind === kind && fits(event.value));
    if (found >= 0) {
      const { value } = this.#events[found];
      this.#events = this.#events.filter((event, i) => i > found || event.kind !== kind);
      return Promise.resolve(value);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`No ${kind} came; there were ${JSON.stringify(this.#events)}`));
      }, PATIENCE);
      this.#waiting.push({ kind, fits, resolve, timer });
    });
  }

  async nextState(fits) {
    const data = await this.next("data", ({ data }) => !fits || fits(decode(data).state));
    assert.equal(Number(data.op_code), OP_STATE);
    return decode(data.data);
  }

  move(match, row, col) {
    return this.socket.sendMatchState(match, OP_MOVE, JSON.stringify({ row, col }));
  }

  #push(kind, value) {
    const waiter = this.#waiting.find((waiter) => waiter.kind === kind && waiter.fits(value));
    if (!waiter) {
      this.#events.push({ kind, value });
      return;
    }
    clearTimeout(waiter.timer);
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    waiter.resolve(value);
  }
}

function decode(data) {
  return JSON.parse(new TextDecoder().decode(data));
}

// matchedPair returns two players in one match, the first to move first. They look for each
// other only: pairs of tests that run at the same time wait in the same matchmaker.
async function matchedPair(host, newAdapter) {
  const players = [await Player.connect(host, newAdapter()), await Player.connect(host, newAdapter())];
  const pair = randomUUID().replaceAll("-", "");
  const tickets = await Promise.all(players.map(({ socket }, i) =>
    socket.addMatchmaker(`+properties.pair:${pair}`, 2, 2, { name: `Player ${i}`, pair })));
  const [one, two] = await Promise.all(players.map((player) => player.next("matched")));
  assert.equal(one.match_id, two.match_id);
  assert.equal(one.ticket, tickets[0].ticket);
  assert.deepEqual(one.users.map((user) => user.string_properties.name).sort(), ["Player 0", "Player 1"]);

  await players[0].socket.joinMatch(one.match_id);
  const joined = await players[1].socket.joinMatch(one.match_id);
  assert.equal(joined.authoritative, true);
  assert.deepEqual(joined.presences.map((presence) => presence.user_id), [players[0].session.user_id]);
  return [one.match_id, ...players];
}

describe("the bundled game", { concurrency: true }, () => {
  let host;
  before(async () => (host = await startHost()));
  after(async () => assert.equal(await host.stop(), 0, "SIGTERM ends the host cleanly"));

  for (const [name, newAdapter] of [
    ["JSON", () => new WebSocketAdapterText()],
    ["protobuf", () => new WebSocketAdapterPb()],
  ]) {
    test(`is played to its end over ${name}`, async () => {
      const [match, ana, bob] = await matchedPair(host, newAdapter);
      const carol = await Player.connect(host, newAdapter());
      const [first, second] = [await ana.nextState(), await bob.nextState()];
      assert.equal(first.your_turn, true);
      assert.equal(second.your_turn, false);
      assert.equal(first.active_player.user_id, ana.session.user_id);
      assert.equal(first.other_player.user_id, bob.session.user_id);
      assert.deepEqual(Object.keys(first.state).sort(), ["cells", "player_turn", "players"]);

      await assert.rejects(carol.socket.joinMatch(match), (error) => /two players/i.test(error.message));

      await ana.socket.sendMatchState(match, OP_MOVE, "not a move");
      const refused = await ana.nextState();
      assert.deepEqual(refused, first, "a refused move is answered with the state as it was");

      const moves = [[1, 1], [2, 1], [1, 2], [2, 2], [1, 3]];
      for (const [i, [row, col]] of moves.entries()) {
        const number = (i % 2) + 1;
        await [ana, bob][i % 2].move(match, row, col);
        for (const player of [ana, bob]) {
          const { state } = await player.nextState((state) => state.cells[row - 1][col - 1] !== -1);
          assert.equal(state.cells[row - 1][col - 1], number);
          assert.equal(state.winner, i === moves.length - 1 ? 1 : false);
          assert.equal(state.draw, false);
        }
      }
      const counts = [];
      for (let i = 0; i < 2; i++) counts.push((await bob.nextState()).state.rematch_countdown);
      assert.deepEqual(counts, [9, 8]);

      await ana.socket.leaveMatch(match);
      const { leaves } = await bob.next("presences", (presences) => presences.leaves?.length > 0);
      assert.deepEqual(leaves.map((presence) => presence.user_id), [ana.session.user_id]);
      for (const player of [ana, bob, carol]) player.socket.disconnect(false);
    });
  }

  test("lets a player whose socket closes go", async () => {
    const [, ana, bob] = await matchedPair(host, () => new WebSocketAdapterText());
    ana.socket.disconnect(false);
    const { leaves } = await bob.next("presences", (presences) => presences.leaves?.length > 0);
    assert.equal(leaves[0].user_id, ana.session.user_id);
    bob.socket.disconnect(false);
  });

  test("keeps an account", async () => {
    const client = newClient(host);
    const device = randomUUID();
    const session = await client.authenticateDevice(device, true);
    assert.equal(session.created, true);
    await client.updateAccount(session, { display_name: "Ana" });
    const account = await client.getAccount(session);
    assert.equal(account.user.id, session.user_id);
    assert.equal(account.user.display_name, "Ana");
    assert.deepEqual(account.devices.map(({ id }) => id), [device]);

    const again = await client.authenticateDevice(device, false);
    assert.equal(again.created, false);
    assert.equal(again.user_id, session.user_id);
  });

  test("refreshes a session and ends it", async () => {
    const client = newClient(host);
    const session = await client.authenticateEmail(`${randomUUID()}@example.com`, "a long password", true);
    const refreshed = await client.sessionRefresh(session);
    assert.equal(refreshed.user_id, session.user_id);
    assert.equal((await client.getAccount(refreshed)).user.id, session.user_id);
    await client.sessionLogout(refreshed, refreshed.token, refreshed.refresh_token);
    client.autoRefreshSession = false;
    await assert.rejects(client.getAccount(refreshed), (answer) => answer.status === 401);
  });

  test("refuses a wrong server key", async () => {
    const client = new Client("nonsense", "127.0.0.1", String(host.port), false);
    await assert.rejects(client.authenticateDevice(randomUUID(), true), (answer) => answer.status === 401);
  });
});

describe("one's own modules", { concurrency: true }, () => {
  let host;
  before(async () => (host = await startHost("--runtime.path", LUA)));
  after(() => host.stop());

  test("are called over REST", async () => {
    const client = newClient(host);
    const session = await client.authenticateCustom(randomUUID(), true);
    const { payload } = await client.rpc(session, "echo", { hello: "wörld" });
    assert.deepEqual(payload, { user_id: session.user_id, said: { hello: "wörld" } });
    await assert.rejects(client.rpc(session, "nothing", {}), (answer) => answer.status === 404);
  });

  for (const [name, newAdapter] of [
    ["JSON", () => new WebSocketAdapterText()],
    ["protobuf", () => new WebSocketAdapterPb()],
  ]) {
    test(`are called over a socket in ${name}`, async () => {
      const player = await Player.connect(host, newAdapter());
      const { payload } = await player.socket.rpc("echo", JSON.stringify([1, 2]));
      assert.deepEqual(JSON.parse(payload), { user_id: player.session.user_id, said: [1, 2] });
      player.socket.disconnect(false);
    });
  }

  // Over JSON only: the protobuf adapter has other field numbers for Party than Nakama
  // since parties can be hidden.
  test("know the parties of matched players", async () => {
    const [ana, bob, carol] = await Promise.all([1, 2, 3].map(() => Player.connect(host, new WebSocketAdapterText())));
    const ids = [ana, bob, carol].map((player) => player.session.user_id);
    const { party_id, leader, self } = await ana.socket.createParty(false, 3);
    assert.deepEqual(leader, self);
    assert.equal(leader.user_id, ids[0]);

    await bob.socket.joinParty(party_id);
    const asked = await ana.next("party request");
    assert.deepEqual(asked.presences.map((presence) => presence.user_id), [ids[1]]);
    const listed = await ana.socket.listPartyJoinRequests(party_id);
    assert.deepEqual(listed.presences, asked.presences);
    await ana.socket.acceptPartyMember(party_id, asked.presences[0]);
    const joined = await bob.next("party");
    assert.deepEqual(joined.presences.map((presence) => presence.user_id).sort(), ids.slice(0, 2).sort());
    await ana.next("party presences", ({ joins }) => joins?.some((presence) => presence.user_id === ids[1]));
    await assert.rejects(carol.socket.closeParty(party_id),
      (error) => error.code === 3 && error.message === "Error closing party: party leader only");

    await ana.socket.sendPartyData(party_id, 7, new TextEncoder().encode(JSON.stringify("ready?")));
    const said = await bob.next("party data");
    assert.deepEqual([Number(said.op_code), decode(said.data), said.presence.user_id], [7, "ready?", ids[0]]);

    await ana.socket.promotePartyMember(party_id, joined.self);
    for (const player of [ana, bob]) assert.equal((await player.next("party leader")).presence.user_id, ids[1]);

    const group = randomUUID().replaceAll("-", "");
    const query = `+properties.group:${group}`;
    const { ticket } = await bob.socket.addMatchmakerParty(party_id, query, 3, 3, { group });
    assert.equal((await ana.next("party ticket")).ticket, ticket);
    await carol.socket.addMatchmaker(query, 3, 3, { group });
    const matched = await Promise.all([ana, bob, carol].map((player) => player.next("matched")));
    for (const { self, users, match_id } of matched) {
      assert.equal(match_id, matched[0].match_id);
      assert.deepEqual(users.filter((user) => user.party_id === party_id).map((user) => user.presence.user_id).sort(), ids.slice(0, 2).sort());
      assert.equal(self.party_id || "", self.presence.user_id === ids[2] ? "" : party_id);
    }
    const { label } = await ana.socket.joinMatch(matched[0].match_id);
    assert.deepEqual(JSON.parse(label).parties, { [ids[0]]: party_id, [ids[1]]: party_id, [ids[2]]: "none" });

    bob.socket.disconnect(false);
    assert.equal((await ana.next("party leader")).presence.user_id, ids[0]);
    await ana.socket.closeParty(party_id);
    assert.equal((await ana.next("party closed")).party_id, party_id);
    for (const player of [ana, carol]) player.socket.disconnect(false);
  });
});
