// Who this window is. Each window of a browser is a player of its own, and stays that
// player when it is reloaded.

const KEY = "xoxo.device";

// Where a browser refuses to store anything, this window forgets when it is reloaded.
const memory = new Map();

export function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return memory.get(name) ?? null;
  }
}

export function keep(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    memory.set(name, value);
  }
}

function newId() {
  // Not crypto.randomUUID: it is missing where the page is not served from a secure
  // origin, as to a phone in the same network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A duplicated window starts with a copy of the first one's sessionStorage; the first
// one answers that the id is in use.
function isInUse(channel, id) {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.used === id) resolve(true);
    };
    setTimeout(resolve, 200, false);
    channel.postMessage({ asked: id });
  });
}

// claimDeviceId returns this window's device id and holds it while the window is open.
export async function claimDeviceId() {
  const channel = new BroadcastChannel(KEY);
  let id = kept(KEY);
  if (!id || (await isInUse(channel, id))) {
    id = newId();
    keep(KEY, id);
  }
  channel.onmessage = ({ data }) => {
    if (data.asked === id) channel.postMessage({ used: id });
  };
  return id;
}
