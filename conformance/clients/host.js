// Starts and stops the host under test: the binary that NKHOST_BIN names.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

const START_TIMEOUT = 20_000;

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class Host {
  #args;
  #process = null;
  #output = "";

  constructor(port, args) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}/`;
    this.#args = args;
  }

  async start() {
    const binary = process.env.NKHOST_BIN;
    if (!binary) throw new Error("NKHOST_BIN does not name the host's binary.");
    this.#process = spawn(binary, ["--socket.port", String(this.port), "--data_dir", ":memory:", ...this.#args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on("data", (chunk) => (this.#output += chunk));
    }
    await this.#healthy();
  }

  // stop ends the host as a terminal would, and returns its exit status.
  async stop() {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    const [status] = await exit;
    return status;
  }

  async #healthy() {
    for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; ) {
      if (this.#process.exitCode !== null) break;
      const answer = await fetch(new URL("/healthcheck", this.url)).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#process.kill("SIGKILL");
    throw new Error(`The host did not get healthy. It said:\n${this.#output}`);
  }
}

// startHost starts a host on a free port; args are further flags.
export async function startHost(...args) {
  const host = new Host(await freePort(), args);
  await host.start();
  return host;
}
