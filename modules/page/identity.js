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

// A duplicated window starts with a copy of the first one's sessionStorage. So that it does
// not take the first one's id as well, a window holds its id while it is open.

// hold takes the id, unless another window has it and keeps it. A window that is reloaded may
// have to wait until the page before has let go.
function hold(id) {
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(500) };
    const granted = () => {
      resolve(true);
      return new Promise(() => {}); // until the window closes
    };
    navigator.locks.request(`${KEY}.${id}`, options, granted).catch(() => resolve(false));
  });
}

// ask is hold for where there are no locks: pages that are not served from a secure origin.
// The window that has the id answers so, if it is not too busy.
async function ask(id) {
  const channel = new BroadcastChannel(KEY);
  const inUse = await new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.used === id) resolve(true);
    };
    setTimeout(resolve, 200, false);
    channel.postMessage({ asked: id });
  });
  if (inUse) {
    channel.close();
    return false;
  }
  channel.onmessage = ({ data }) => {
    if (data.asked === id) channel.postMessage({ used: id });
  };
  return true;
}

// claimDeviceId returns this window's device id and holds it while the window is open.
export async function claimDeviceId() {
  const claim = navigator.locks ? hold : ask;
  let id = kept(KEY);
  if (!id || !(await claim(id))) {
    id = newId();
    keep(KEY, id);
    await claim(id);
  }
  return id;
}
