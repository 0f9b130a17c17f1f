// Keeping the page true: counters, blocks, the live mark, the window's title.
import { fillAges, ago, now, setClock } from "./ages";
import { connect, type Connection } from "./connect";
import { all, blocks, frame, make, one, path, say, symbol } from "./dom";
import type { Count, Message, News } from "./feed";
import { bellOn } from "./bell";
import { leaving, onLeave } from "./leave";
import { merge, mergeAll, morph } from "./merge";
import { leadBack } from "./pager";
import { read } from "./rows";
import { N, T, clock } from "./words";

const LOST_MARK = 15; // s without news, or since the newest data: the mark turns hollow
const LOST_BANNER = 30; // s without connection: the banner
const SHELL_EVERY = 5000;
const SOON = 30; // ms from news to a fetch, when the last one is long ago
const ASK_IN = 15_000; // ms between questions whether the person is still signed in, while the connection is lost
const BANNER = "-banner";

let connection: Connection | null = null;
let heard = Date.now(); // last sign of life
let up = true;
let boot = 0;
let rev = 0; // version of the server that the page has seen
let newest = 0; // unix seconds of the newest data of any site
let paused = false;
let pausedAt = 0;
let arrived = 0; // changes since paused
let assets = "";
let ownCount = 0; // count of the page itself, instead of the open problems

const dirty = new Set<string>(); // blocks to fetch
const tags = new Map<string, string>(); // names of blocks to ETag
let flight: AbortController | null = null;
let timer: number | undefined;
let pace = 400; // ms between fetches, grows with how long they take
let landed = 0; // Date.now() of the end of the last fetch
let fails = 0;
let drawn: Record<string, string> = {}; // marks of what is new, by name
const called = new Map<string, { name: string; mark: string; at: number }>(); // names of blocks, or address of a part, to what is shown, and when it was asked for
const ASK_AGAIN = 20_000; // ms after which a block that stays the same is asked for: the server forgets who shows it after 30 s
let spread = 0; // ms over which the readers of an event spread what they ask
let ended = false; // the page has no address that can be asked again
let away = false; // was hidden: what comes next is applied at once

// startLive connects the page to what happens.
export function startLive(): void {
  const d = document.body.dataset;
  boot = Number(d["boot"] ?? 0);
  rev = Number(d["rev"] ?? 0);
  newest = Number(d["newest"] ?? 0);
  assets = d["assets"] ?? "";
  connection = connect(hear);
  window.setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      away = true;
      return;
    }
    tick();
    plan(0);
  });
  onLeave(stop, () => plan(0));
  favicon();
}

// stop ends what is asked and planned.
function stop(): void {
  window.clearTimeout(timer);
  timer = undefined;
  flight?.abort();
  shellFlight?.abort();
}

function hear(m: Message): void {
  switch (m.kind) {
    case "link":
      up = m.up;
      heard = m.heard;
      break;
    case "bye":
      if (!leaving()) void stillSignedIn();
      return;
    case "news":
      up = true;
      heard = Date.now();
      take(m);
  }
  tick();
}

function take(m: News): void {
  if (document.body.dataset["kept"]) return location.reload(); // an old picture, and the server is back
  setClock(m.now);
  if (m.at > newest) newest = m.at;
  count(m.counters);
  if (m.assets && assets && m.assets !== assets) renewed();
  // The page may be newer than what the stream was told last: what it asks for
  // must not be older than what it shows.
  const missed = m.everything && (m.boot !== boot || m.rev > rev);
  if (m.boot !== boot) newest = m.at;
  rev = m.boot === boot ? Math.max(rev, m.rev) : m.rev;
  boot = m.boot;
  spread = m.spread;
  if (m.tables.length > 0 || missed) drawn = m.drawn;
  if (m.tables.length === 0 && !missed) return;
  if (missed || m.tables.includes("sites")) planShell();
  const shown = blocks();
  if (shown.every((b) => b.dataset["block"] === BANNER)) return; // nothing here follows the world
  for (const block of shown) {
    const tables = (block.dataset["tables"] ?? "").split(" ");
    if (missed || tables.some((t) => m.tables.includes(t))) soil(block);
  }
  if (paused) {
    arrived++;
    showPaused();
  } else {
    plan();
  }
}

// soil marks a block as old: parts of a long list by themselves, each has its
// own address.
function soil(block: HTMLElement): void {
  if (block.dataset["src"]) block.dataset["stale"] = "";
  else dirty.add(block.dataset["block"] ?? "");
}

// near returns the old parts of a list that are in sight or close to it.
function near(): HTMLElement[] {
  return blocks().filter((b) => {
    if (b.dataset["src"] === undefined || b.dataset["stale"] === undefined) return false;
    const box = b.getBoundingClientRect();
    return box.bottom > -window.innerHeight && box.top < 2 * window.innerHeight;
  });
}

// renewNear fetches parts of a list that came into sight.
export function renewNear(): void {
  plan(0);
}

// unseen reports whether nobody sees or hears what this window shows.
const unseen = (): boolean => document.hidden && !bellOn();

// here is the address of the page without what only the browser makes of it.
function here(): string {
  const u = new URL(location.href);
  u.searchParams.delete("beside");
  u.hash = "";
  return u.href;
}

// asking returns the headers that ask for blocks: what this page has heard of
// says how new they must be.
export const asking = (names: string): Record<string, string> => ({ "X-Belvedere-Block": names, "X-Belvedere-Rev": `${boot}-${rev}`, Accept: "text/html" });

// same reports whether the server said that a block is still what is shown.
function same(key: string, tag: string | undefined): boolean {
  const c = called.get(key);
  return !!tag && !!c && Date.now() - c.at < ASK_AGAIN && drawn[c.name] === c.mark;
}

// call remembers what is shown since an answer.
function call(key: string, res: Response): void {
  const [name = "", mark = ""] = (res.headers.get("X-Belvedere-Drawn") ?? "").split("-");
  if (mark) called.set(key, { name, mark, at: Date.now() });
  else called.delete(key);
}

// renew fetches one part of a list.
async function renew(block: HTMLElement, signal: AbortSignal): Promise<void> {
  delete block.dataset["stale"];
  const src = block.dataset["src"] ?? "";
  if (same(src, block.dataset["tag"])) return;
  const headers = asking(block.dataset["block"] ?? "");
  if (block.dataset["tag"]) headers["If-None-Match"] = block.dataset["tag"];
  const res = await fetch(src, { headers, signal, cache: "no-store" });
  if (res.status === 304) return call(src, res);
  if (!res.ok) throw new Error(String(res.status));
  const fresh = one(`[data-block="${CSS.escape(block.dataset["block"] ?? "")}"]`, read(await res.text()));
  if (!fresh || !block.isConnected) return;
  if (block.dataset["src"] !== src) { // it ends elsewhere by now
    block.dataset["stale"] = "";
    return;
  }
  block.dataset["tag"] = res.headers.get("ETag") ?? "";
  leadBack(block, fresh);
  await merge(block, fresh, false);
  call(src, res);
}

// plan fetches what is dirty soon: one request at a time.
function plan(wait = Math.max(landed + pace - Date.now(), SOON + Math.random() * spread)): void {
  if (ended || leaving() || unseen() || paused || flight || timer !== undefined || (dirty.size === 0 && near().length === 0)) return;
  timer = window.setTimeout(() => {
    timer = undefined;
    void fetchBlocks();
  }, wait);
}

async function fetchBlocks(): Promise<void> {
  const parts = near();
  if (unseen() || paused || flight || (dirty.size === 0 && parts.length === 0)) return;
  const names = [...dirty].filter((n) => n !== BANNER).sort();
  if (names.length === 0 && parts.length === 0) names.push(BANNER);
  dirty.clear();
  const key = names.join();
  const began = Date.now();
  const aborted = (flight = new AbortController());
  const limit = window.setTimeout(() => aborted.abort(), 30_000);
  try {
    for (const part of parts) await renew(part, aborted.signal);
    if (names.length === 0) return;
    const tag = tags.get(key);
    const asked = here();
    if (same(asked + " " + key, tag)) return;
    const headers = asking(key);
    if (tag) headers["If-None-Match"] = tag;
    const res = await fetch(asked, { headers, signal: aborted.signal, cache: "no-store" });
    if (asked !== here()) { // folded or unfolded meanwhile
      for (const n of names) dirty.add(n);
      return;
    }
    if (res.status === 401) return location.reload();
    if (res.status === 404 || res.status === 405) return gone(res.status);
    if (res.ok) {
      await apply(res, key);
    } else if (res.status !== 304) {
      throw new Error(String(res.status));
    }
    call(asked + " " + key, res);
    fails = 0;
  } catch {
    for (const n of names) dirty.add(n);
    for (const part of parts) part.dataset["stale"] = "";
    if (!leaving()) fails++;
  } finally {
    window.clearTimeout(limit);
    flight = null;
    landed = Date.now();
    pace = Math.min(Math.max((landed - began) * 2, 400), 5000) + Math.min(fails, 6) * 5000;
    plan();
  }
}

// gone: what the page shows was removed, or the page is the answer to a form.
function gone(status: number): void {
  ended = true;
  if (status !== 404) return;
  const button = make("button", { type: "button", class: "btn" }, symbol("i-recheck", "i"), T("Reload"));
  button.addEventListener("click", () => location.reload());
  banner("b-gone", "plan", "alert", make("p", {}, make("b", {}, T("What this page shows is no longer there.")), " " + T("You see its last state.")), button);
}

async function apply(res: Response, key: string): Promise<void> {
  const text = await res.text();
  const title = res.headers.get("X-Belvedere-Title");
  ownCount = Number(res.headers.get("X-Belvedere-Count") ?? 0);
  if (title) document.body.dataset["title"] = decodeURIComponent(title);
  const tag = res.headers.get("ETag");
  if (tag) {
    tags.clear();
    tags.set(key, tag);
  }
  const force = away;
  away = false;
  for (const fresh of all("[data-block]", read(text))) {
    const block = one(`[data-block="${CSS.escape(fresh.dataset["block"] ?? "")}"]`);
    if (block) await merge(block, fresh, force);
  }
  retitle();
}

// count writes the numbers of the menu.
function count(counters: Record<string, Count>): void {
  for (const [name, c] of Object.entries(counters)) {
    for (const el of frame().flatMap((root) => all(`[data-counter="${CSS.escape(name)}"]`, root))) {
      if (el.textContent !== c.text) el.textContent = c.text;
      const cls = `n ${c.state ?? ""}`.trim();
      if (el.className !== cls) el.className = cls;
    }
  }
  if (Object.keys(counters).length > 0) retitle();
}

let titled = -1;

// retitle writes the count into the window's title and icon.
function retitle(): void {
  const counter = one("[data-in-title]");
  const open = Number((counter?.textContent ?? "").replace(/\D/g, "")) || 0;
  const n = ownCount > 0 ? ownCount : open;
  const title = (n > 0 ? `(${n}) ` : "") + (document.body.dataset["title"] ?? "") + " · Belvedere";
  if (document.title !== title) document.title = title;
  if (open !== titled) {
    titled = open;
    favicon();
  }
}

// favicon draws the number of open problems into the window's icon.
function favicon(): void {
  const link = one<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  link.dataset["plain"] ??= link.href;
  const plain = link.dataset["plain"];
  const n = Math.max(titled, 0);
  if (n === 0) {
    if (link.href !== plain) link.href = plain;
    return;
  }
  const image = new Image(64, 64);
  image.onload = () => {
    const canvas = make("canvas", { width: "64", height: "64" });
    const c = canvas.getContext("2d");
    if (!c) return;
    c.drawImage(image, 0, 0, 64, 64);
    c.fillStyle = "#cc1f2d";
    c.beginPath();
    c.arc(44, 44, 20, 0, 7);
    c.fill();
    c.fillStyle = "#fff";
    c.font = "700 26px system-ui, sans-serif";
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(n > 99 ? "99" : String(n), 44, 46);
    link.href = canvas.toDataURL();
  };
  image.src = plain;
}

// tick shows how old what the page shows is, and whether it is still told of
// what comes.
function tick(): void {
  const mark = one("[data-live-mark]");
  if (!mark) return;
  const silent = (Date.now() - heard) / 1000;
  const cut = !up || silent > LOST_MARK;
  const age = newest > 0 ? Math.max(now() - newest, 0) : 0;
  const still = paused && !cut;
  mark.classList.toggle("old", !still && (cut || age > LOST_MARK));
  mark.classList.toggle("off", still);
  write(one("[data-live-word]", mark), cut ? T("offline") : T("live"));
  write(one("[data-live-age]", mark), still ? T("paused") : cut || newest > 0 ? ago(Math.max(age, cut ? silent : 0)) : "");
  const title = cut ? T("No connection to Belvedere: you see the state of {0}", clock(heard)) : T("Age of the newest data from the sites");
  if (mark.title !== title) mark.title = title;
  const lost = !up && silent > LOST_BANNER;
  showLost(lost);
  if (lost && Date.now() - askedIn > ASK_IN) void stillSignedIn();
}

function write(el: HTMLElement | null, text: string): void {
  if (el && el.textContent !== text) el.textContent = text;
}

function banner(id: string, kind: string, icon: string, words: HTMLElement, button: HTMLButtonElement): void {
  const el = make("div", { class: `banner ${kind}`, role: kind === "crit" ? "alert" : "status", id }, symbol("i-" + icon, "i"), words, button);
  one("#main")?.prepend(el);
}

function showLost(lost: boolean): void {
  const el = document.getElementById("b-lost");
  if (!lost) {
    if (el) {
      el.remove();
      say(T("Connected again"));
    }
    return;
  }
  if (el) return;
  const at = clock(heard);
  const button = make("button", { type: "button", class: "btn" }, symbol("i-recheck", "i"), T("Try now"));
  button.addEventListener("click", () => {
    connection?.retry();
    void stillSignedIn();
  });
  banner("b-lost", "crit", "nolink", make("p", {}, make("b", {}, T("Connection to Belvedere lost.")), " " + T("You see the state of {0}. It is tried again by itself; the list does not move until then.", at)), button);
}

// togglePause stops the page from changing, and lets it go on.
export function togglePause(): void {
  paused = !paused;
  if (paused) {
    flight?.abort();
    pausedAt = Date.now();
    arrived = 0;
    showPaused();
    say(T("Live updates paused"));
  } else {
    document.getElementById("b-paused")?.remove();
    away = true;
    say(T("Live updates go on"));
    plan(0);
  }
  tick();
}

function showPaused(): void {
  const at = clock(pausedAt);
  const words = arrived === 0 ? T("Nothing changed since {0}.", at) : N(arrived, "{0} change arrived since {1}.", "{0} changes arrived since {1}.", at);
  const old = document.querySelector("#b-paused span");
  if (old) {
    old.textContent = " " + words;
    return;
  }
  const button = make("button", { type: "button", class: "btn" }, symbol("i-play", "i"), T("Resume") + " ", make("kbd", {}, "p"));
  button.addEventListener("click", togglePause);
  banner("b-paused", "plan", "pause", make("p", {}, make("b", {}, T("Paused.")), make("span", {}, " " + words)), button);
}

// showCollected shows what was collected while the person worked in a list.
export function showCollected(): void {
  if (!mergeAll()) say(T("Nothing new"));
}

// renewBlock fetches one block soon: for what grows old without news of it.
export function renewBlock(name: string): void {
  dirty.add(name);
  plan();
}

// refresh fetches all blocks now.
export function refresh(): void {
  for (const block of blocks()) soil(block);
  plan(0);
}

let shellAt = 0;
let shellTimer: number | undefined;
let shellFlight: AbortController | null = null;

function planShell(): void {
  if (shellTimer !== undefined) return;
  shellTimer = window.setTimeout(() => {
    shellTimer = undefined;
    if (!document.hidden && !leaving()) void refreshShell();
  }, Math.max(shellAt + SHELL_EVERY - Date.now(), 500));
}

// refreshShell renews the site chooser: one that is open keeps its boxes, and
// one that is closed its button, which a pointer may be down on.
export async function refreshShell(): Promise<void> {
  const block = one('[data-shell="-sites"]');
  if (!block) return;
  shellAt = Date.now();
  const mine = (shellFlight = new AbortController());
  const prefix = path("");
  const at = location.pathname.startsWith(prefix) ? location.pathname.slice(prefix.length) + location.search : "/";
  try {
    const headers: Record<string, string> = { Accept: "text/html", "X-Belvedere-Block": "-sites" };
    const tag = block.dataset["tag"];
    if (tag) headers["If-None-Match"] = tag;
    const res = await fetch(path("/shell?at=") + encodeURIComponent(at), { headers, signal: mine.signal, cache: "no-store" });
    if (res.status === 401) return location.reload();
    if (res.status !== 200) return;
    block.dataset["tag"] = res.headers.get("ETag") ?? "";
    const parsed = document.createElement("template");
    parsed.innerHTML = await res.text();
    const fresh = one("[data-block]", parsed.content);
    if (!fresh) return;
    fillAges(fresh);
    const menu = one<HTMLDetailsElement>("details", block);
    if (menu?.open) {
      freshen(block, fresh);
    } else {
      morph(block, fresh, "innerHTML");
      block.dispatchEvent(new CustomEvent("shell", { bubbles: true }));
    }
  } catch {
    // the live mark tells that the connection is gone
  }
}

// freshen takes over how the sites are, and leaves the boxes as they are.
function freshen(block: Element, fresh: Element): void {
  for (const box of all<HTMLInputElement>('input[name="site"]', block)) {
    const to = one<HTMLInputElement>(`input[name="site"][value="${CSS.escape(box.value)}"]`, fresh);
    const a = box.parentElement?.querySelector(":scope > .end");
    const b = to?.parentElement?.querySelector(":scope > .end");
    if (a && b) a.replaceWith(b);
  }
}

let askedIn = 0;

// stillSignedIn goes to the sign-in page when the session is over.
async function stillSignedIn(): Promise<void> {
  askedIn = Date.now();
  try {
    const screen = document.body.dataset["live"]; // a link, which may have been revoked
    const res = await fetch(screen ? here() : path("/shell"), { headers: { Accept: "text/html", "X-Belvedere-Block": screen ? BANNER : "-sites" }, cache: "no-store" });
    if (res.status === 401 || (screen && res.status === 404)) location.reload();
  } catch {
    // not reachable: the feed goes on trying
  }
}

// renewed says that the server has been upgraded under this page.
function renewed(): void {
  if (document.getElementById("b-new")) return;
  if (document.body.classList.contains("screen")) return location.reload();
  const button = make("button", { type: "button", class: "btn" }, symbol("i-recheck", "i"), T("Reload"));
  button.addEventListener("click", () => location.reload());
  banner("b-new", "plan", "alert", make("p", {}, make("b", {}, T("Belvedere was upgraded.")), " " + T("Reload this page to get the new one.")), button);
}
