// Two windows of one headless Chromium play on the host's page, one by mouse and one by
// keyboard. SCREENSHOT=FILE writes a picture of both at the end of a round.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startHost } from "./host.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const DESKTOP = { width: 1120, height: 760 };
const PHONE = { width: 390, height: 760 };
const NARROW = { width: 320, height: 568 };

let host, browser, context;
const complaints = []; // of any page

before(async () => {
  host = await startHost();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  context = await browser.newContext();
  context.setDefaultTimeout(15_000);
});

after(async () => {
  await browser?.close();
  await host?.stop();
});

// open returns a window that is closed when the test ends.
async function open(t, viewport = DESKTOP) {
  const page = await context.newPage();
  t.after(() => page.close());
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(host.url).host) complaints.push(`asked ${request.url()}`);
  });
  await page.setViewportSize(viewport);
  await page.goto(host.url);
  return page;
}

const cell = (page, row, col) => page.getByRole("gridcell", { name: `Row ${row}, column ${col}:` });
const status = (page) => page.locator(".status");
const connected = (page) => page.waitForSelector("body:not(.cut-off)");
const phase = (page, name) => page.waitForSelector(`[data-phase=${name}]`);

// says waits until the live region holds the text.
async function says(page, text) {
  await status(page).filter({ hasText: text }).waitFor();
}

// match returns both pages in a game, the first to move first.
async function match(ana, bob) {
  for (const [page, name] of [[ana, "Ana"], [bob, "Bob"]]) {
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Play", exact: true }).click();
  }
  await Promise.all([phase(ana, "playing"), phase(bob, "playing")]);
  const anaFirst = (await status(ana).textContent()).includes("Your turn");
  return anaFirst ? [ana, bob] : [bob, ana];
}

async function byMouse(page, row, col) {
  await says(page, "Your turn");
  await cell(page, row, col).click();
}

async function byKeyboard(page, row, col) {
  await says(page, "Your turn");
  const label = await page.evaluate(() => document.activeElement.ariaLabel);
  const [, fromRow, fromCol] = label.match(/Row (\d), column (\d)/).map(Number);
  const steps = [
    [row - fromRow, "ArrowDown", "ArrowUp"],
    [col - fromCol, "ArrowRight", "ArrowLeft"],
  ];
  for (const [count, forward, back] of steps) {
    for (let i = 0; i < Math.abs(count); i++) await page.keyboard.press(count > 0 ? forward : back);
  }
  assert.match(await page.evaluate(() => document.activeElement.ariaLabel), new RegExp(`Row ${row}, column ${col}:`));
  await page.keyboard.press(col % 2 ? "Enter" : "Space");
}

async function widthOf(page) {
  return page.evaluate(() => document.documentElement.scrollWidth);
}

async function settled(page) {
  await page.evaluate(() => {
    const finite = document.getAnimations().filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime));
    return Promise.allSettled(finite.map((animation) => animation.finished)); // the next second replaces the bar's
  });
}

// screenshot puts both windows side by side.
async function screenshot(file, left, right) {
  const shots = [];
  for (const page of [left, right]) {
    await page.bringToFront();
    await settled(page);
    shots.push((await page.screenshot()).toString("base64"));
  }
  const page = await context.newPage();
  await page.setViewportSize({ width: DESKTOP.width + PHONE.width + 24, height: DESKTOP.height });
  await page.setContent(`<style>body{margin:0;display:flex;gap:24px;background:#8d86a0}</style>${
    shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join("")}`);
  await page.screenshot({ path: file });
  await page.close();
}

test("two windows play a round, by mouse and by keyboard, and one leaves", async (t) => {
  const [ana, bob] = [await open(t), await open(t)];
  const [first, second] = await match(ana, bob);
  await second.setViewportSize(PHONE);
  await second.emulateMedia({ colorScheme: "dark" });
  const [firstName, secondName] = first === ana ? ["Ana", "Bob"] : ["Bob", "Ana"];

  assert.equal(await first.getByRole("grid").count(), 1);
  assert.equal(await first.getByRole("row").count(), 3);
  assert.equal(await first.getByRole("gridcell").count(), 9);
  assert.equal(await status(first).getAttribute("aria-live"), "polite");
  await says(second, `${firstName}’s turn`);
  assert.equal(await cell(second, 1, 1).getAttribute("aria-disabled"), "true");
  await cell(second, 1, 1).click({ force: true }); // out of turn: nothing happens

  await byMouse(first, 2, 2);
  await says(second, `${firstName} played row 2, column 2.`);
  await cell(second, 2, 2).and(second.getByLabel(`O, ${firstName}`)).waitFor();
  await cell(first, 2, 2).and(first.getByLabel("O, you")).waitFor();
  await byKeyboard(second, 1, 1);
  await says(first, `${secondName} played row 1, column 1.`);
  await byMouse(first, 1, 3);
  await byKeyboard(second, 3, 1);
  await byMouse(first, 2, 1);
  await byKeyboard(second, 3, 3);
  await byMouse(first, 2, 3);

  await says(first, "You win!");
  await says(second, `${firstName} wins`);
  await cell(second, 2, 1).and(second.getByLabel("in the winning line")).waitFor();
  await first.getByText("1 win", { exact: true }).waitFor();
  await first.getByRole("timer").waitFor();
  if (process.env.SCREENSHOT) await screenshot(process.env.SCREENSHOT, first, second);

  await says(second, "turn"); // the countdown is over
  await cell(second, 2, 2).and(second.getByLabel("empty")).waitFor();

  await first.getByRole("button", { name: "Leave the game" }).click();
  await phase(first, "lobby");
  await says(second, `${firstName} left`);
  assert.equal(await second.evaluate(() => document.activeElement.textContent), "Find another opponent");
  assert.deepEqual(complaints, []);
});

test("the page comes back when the host does", async (t) => {
  const [ana, bob] = [await open(t), await open(t)];
  await match(ana, bob);
  await host.stop();
  for (const page of [ana, bob]) {
    await page.getByText("The host does not answer").waitFor();
    await phase(page, "lobby");
    await says(page, "The connection broke, and the game with it.");
  }
  await ana.getByRole("button", { name: "Play", exact: true }).click();
  await says(ana, "The search goes on as soon as the host answers.");
  await host.start();
  await bob.getByRole("button", { name: "Try now" }).click({ timeout: 1000 }).catch(() => {}); // it may be back already
  await Promise.all([connected(ana), connected(bob)]);
  assert.equal(await ana.getByRole("button", { name: "Try now" }).isVisible(), false);

  await bob.getByRole("button", { name: "Play", exact: true }).click();
  await Promise.all([phase(ana, "playing"), phase(bob, "playing")]);
});

test("says when the network is gone, and when the server key is wrong", async (t) => {
  const serverKey = /(name="server-key" content=")[^"]*/;
  await context.route(host.url, async (route) => {
    const page = await route.fetch();
    await route.fulfill({ response: page, body: (await page.text()).replace(serverKey, "$1nonsense") });
  });
  t.after(() => context.unroute(host.url));
  const page = await open(t);
  await page.getByText(/The host refuses: .*key/i).waitFor();
  await context.setOffline(true);
  await page.getByText("You are offline").waitFor();
  await context.setOffline(false);
});

test("each window is a player of its own, also when it is duplicated", async (t) => {
  const device = (page) => page.evaluate(() => sessionStorage.getItem("xoxo.device"));
  const one = await open(t);
  await connected(one);
  const before = await device(one);
  const [two] = await Promise.all([context.waitForEvent("page"), one.evaluate(() => void window.open(location.href))]);
  t.after(() => two.close());
  await connected(two);
  assert.notEqual(await device(two), before);
  await one.reload();
  await connected(one);
  assert.equal(await device(one), before);
});

test("a search can be cancelled", async (t) => {
  const [ana, bob] = [await open(t), await open(t)];
  await connected(ana);
  await ana.getByRole("button", { name: "Play", exact: true }).click();
  await ana.getByRole("link", { name: "Open a second window" }).waitFor();
  await ana.getByRole("button", { name: "Cancel" }).click();
  await phase(ana, "lobby");
  assert.equal(await ana.evaluate(() => document.activeElement.textContent), "Play");

  await bob.getByRole("button", { name: "Play", exact: true }).click();
  await bob.getByRole("link", { name: "Open a second window" }).waitFor(); // three seconds, unmatched
});

test("fits a narrow phone and stands still on request", async (t) => {
  const [ana, bob] = [await open(t, NARROW), await open(t, NARROW)];
  for (const page of [ana, bob]) await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await widthOf(ana), NARROW.width);
  const [first] = await match(ana, bob);
  await byMouse(first, 1, 1);
  assert.equal(await widthOf(first), NARROW.width);
  assert.ok((await cell(first, 3, 3).boundingBox()).width >= 44, "a cell is large enough for a thumb");
  assert.equal(await first.evaluate(() => document.getAnimations().length), 0);
});

test("sound is off until it is switched on", async (t) => {
  const page = await open(t);
  const toggle = page.getByRole("button", { name: /^Sound/ });
  assert.equal(await toggle.getAttribute("aria-pressed"), "false");
  await toggle.click();
  assert.equal(await toggle.getAttribute("aria-pressed"), "true");
});
