// Nakama's protocol, as much of it as the game needs: authentication by device id over
// REST, then JSON envelopes over a WebSocket.

const FIRST_PAUSE = 500; // ms before the first retry; doubled after each
const LONGEST_PAUSE = 15_000;
const PING_INTERVAL = 10_000;
const ANSWER_TIMEOUT = 5_000;

// NakamaError is an answer of the host that says no. code is a gRPC code.
export class NakamaError extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

// pauseBefore returns the milliseconds to wait before a retry. Spread, so that the
// clients of a host that restarts do not all come back in one moment.
function pauseBefore(attempt) {
  const pause = Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE);
  return pause * (0.75 + Math.random() / 4);
}

// Connection stays connected: when the socket closes it authenticates anew and opens
// another one, as often as it takes. It dispatches
//
//   "connecting"  an attempt begins
//   "open"        envelopes can be sent
//   "waiting"     there is no connection; detail: {retryIn: ms, error}
//   "envelope"    the host sent something unasked; detail: the envelope
export class Connection extends EventTarget {
  #origin;
  #serverKey;
  #deviceId;
  #socket = null;
  #pending = new Map(); // cid → {resolve, reject}
  #lastCid = 0;
  #endPause = () => {};

  constructor({ origin, serverKey, deviceId }) {
    super();
    this.#origin = origin;
    this.#serverKey = serverKey;
    this.#deviceId = deviceId;
  }

  get isOpen() {
    return this.#socket !== null;
  }

  // run never returns.
  async run() {
    for (let attempt = 0; ; attempt++) {
      let failure;
      try {
        this.#emit("connecting");
        const socket = await this.#openSocket(await this.#authenticate());
        attempt = 0;
        failure = await this.#serve(socket);
      } catch (error) {
        failure = error;
      }
      const retryIn = pauseBefore(attempt);
      this.#emit("waiting", { retryIn, error: failure });
      await new Promise((resolve) => {
        this.#endPause = resolve;
        setTimeout(resolve, retryIn);
      });
    }
  }

  // retryNow ends the pause before the next attempt.
  retryNow() {
    this.#endPause();
  }

  // send writes an envelope to which no answer is awaited.
  send(envelope) {
    this.#socket?.send(JSON.stringify(envelope));
  }

  // request writes an envelope and returns the answer. It rejects with a NakamaError, or
  // when no answer came in time or the connection broke.
  request(envelope) {
    return new Promise((resolve, reject) => {
      if (!this.#socket) {
        reject(new Error("There is no connection."));
        return;
      }
      const cid = String(++this.#lastCid);
      const timer = setTimeout(() => settle(reject, new Error("The host did not answer.")), ANSWER_TIMEOUT);
      const settle = (how, value) => {
        clearTimeout(timer);
        this.#pending.delete(cid);
        how(value);
      };
      this.#pending.set(cid, {
        resolve: (answer) => settle(resolve, answer),
        reject: (error) => settle(reject, error),
      });
      this.#socket.send(JSON.stringify({ cid, ...envelope }));
    });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async #authenticate() {
    const response = await fetch(new URL("/v2/account/authenticate/device?create=true", this.#origin), {
      method: "POST",
      headers: {
        Authorization: "Basic " + btoa(this.#serverKey + ":"),
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ id: this.#deviceId }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
    const answer = await response.json();
    if (!response.ok) throw new NakamaError(answer);
    return answer.token;
  }

  #openSocket(token) {
    const url = new URL("/ws", this.#origin);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams({ lang: "en", status: "false", format: "json", token });
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => socket.close(), ANSWER_TIMEOUT);
      socket.onopen = () => {
        clearTimeout(timer);
        resolve(socket);
      };
      socket.onclose = () => {
        clearTimeout(timer);
        reject(new Error("The host refused the socket."));
      };
    });
  }

  // Returns, once the socket has closed or has fallen silent, the reason.
  #serve(socket) {
    return new Promise((resolve) => {
      const end = (error) => {
        clearInterval(pings);
        socket.onmessage = socket.onclose = null;
        socket.close();
        this.#socket = null;
        for (const { reject } of this.#pending.values()) reject(error);
        resolve(error);
      };
      const pings = setInterval(() => this.request({ ping: {} }).catch(end), PING_INTERVAL);
      socket.onclose = () => end(new Error("The connection closed."));
      socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
      this.#socket = socket;
      this.#emit("open");
    });
  }

  #receive({ cid, ...envelope }) {
    const waiting = this.#pending.get(cid);
    if (!waiting) {
      this.#emit("envelope", envelope);
    } else if (envelope.error) {
      waiting.reject(new NakamaError(envelope.error));
    } else {
      waiting.resolve(envelope);
    }
  }
}

// Match data travels as base64 of UTF-8 text; here it is JSON.
export function encodeData(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes));
}

export function decodeData(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
