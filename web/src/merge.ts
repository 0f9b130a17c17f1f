// Putting a fresh block in the place of the present one without disturbing
// who works in it.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";
import { fillAges } from "./ages";
import { all, closest, make, one, say } from "./dom";
import { dress, showBulk } from "./view";

const AFTER = 5000; // ms the order stays frozen after pointer and focus left
const FLASH_AGAIN = 10_000; // ms in which a row flashes once at most
const SOLVED_STAYS = 10_000;
const SAY_EVERY = 10_000;
const SAY_ONCE = 600_000; // ms in which a row is announced once

const busyUntil = new WeakMap<Element, number>(); // block to time
const waiting = new Map<Element, Element>(); // block to the fresh markup that waits
const flashed = new Map<string, number>(); // row id to time
const announced = new Map<string, number>(); // row id to time

interface Counts { fresh: HTMLElement[]; gone: HTMLElement[]; changed: HTMLElement[] }

const rowsOf = (root: ParentNode): HTMLElement[] => all("table[data-live] tbody > tr[id]", root);
const isHead = (row: Element): boolean => row.classList.contains("grp");

// signature is what a change of makes a row flash: all but times and figures,
// which change all the time.
function signature(row: Element): string {
  const copy = row.cloneNode(true) as Element;
  for (const t of all("time, .num, [data-quiet]", copy)) t.remove();
  const glyphs = all("svg.g", copy).map((g) => g.getAttribute("class")).join();
  return glyphs + "|" + (copy.textContent ?? "").replace(/\s+/g, " ");
}

// compare says which rows are new, gone or changed.
function compare(block: Element, fresh: Element): Counts {
  const old = new Map(rowsOf(block).filter((r) => !r.classList.contains("gone") && !isHead(r)).map((r) => [r.id, r]));
  const out: Counts = { fresh: [], gone: [], changed: [] };
  for (const row of rowsOf(fresh)) {
    if (isHead(row)) continue;
    const was = old.get(row.id);
    if (!was) out.fresh.push(row);
    else if (signature(was) !== signature(row)) out.changed.push(row);
    old.delete(row.id);
  }
  out.gone = [...old.values()];
  return out;
}

// inUse reports whether the person works in the block at this moment, so that
// its rows must stay where they are.
function inUse(block: Element): boolean {
  const table = one("table[data-live]", block);
  if (!table) return false;
  if (table.matches(":hover") && matchMedia("(hover: hover)").matches) return true;
  if (table.contains(document.activeElement)) return true;
  return (busyUntil.get(block) ?? 0) > Date.now();
}

// beingRead reports whether text in the block is selected or something in it
// is open: then nothing in it changes.
function beingRead(block: Element): boolean {
  const s = window.getSelection();
  if (s && !s.isCollapsed && s.anchorNode && block.contains(s.anchorNode)) return true;
  return one("dialog[open], .dd[open]", block) !== null;
}

// merge brings a fresh block into the page. force: the person asked for it, or
// was away. other: it is another view of the list, so that rows that come and
// go are no news.
export function merge(block: Element, fresh: Element, force: boolean, other = false): void {
  dress(fresh);
  fillAges(fresh);
  if (!force && beingRead(block)) {
    wait(block, fresh, compare(block, fresh));
    return;
  }
  const n = compare(block, fresh);
  if (!other) announce(block, n);
  if (!force && inUse(block)) {
    inPlace(block, fresh);
    flash(n.changed);
    wait(block, fresh, n);
    return;
  }
  waiting.delete(block);
  showCollected(block, null);
  whole(block, fresh, !other);
  flash(other ? [] : [...n.changed, ...n.fresh]);
  showBulk();
}

// inPlace updates everything in the block, but leaves the rows of its live
// tables where they are, without new and solved ones.
function inPlace(block: Element, fresh: Element): void {
  const frozen = fresh.cloneNode(true) as Element;
  const tables = all<HTMLTableElement>("table[data-live]", frozen);
  const now = new Map(rowsOf(frozen).map((r) => [r.id, r]));
  const olds = all<HTMLTableElement>("table[data-live]", block);
  if (olds.length !== tables.length) {
    for (const row of rowsOf(block)) {
      const to = now.get(row.id);
      if (to) morph(row, to, "outerHTML");
    }
    return;
  }
  olds.forEach((old, i) => {
    const bodies = [...old.tBodies].map((body) => {
      const copy = body.cloneNode(false) as HTMLTableSectionElement;
      for (const row of body.rows) copy.append((row.id && now.get(row.id)) || row.cloneNode(true));
      return copy;
    });
    const to = tables[i];
    if (!to) return;
    for (const body of [...to.tBodies]) body.remove();
    to.append(...bodies);
  });
  morph(block, frozen, "innerHTML");
}

// whole makes the block equal to fresh. Where rows that go are problems that
// ended, they stay for a moment, struck through.
function whole(block: Element, fresh: Element, ended: boolean): void {
  const stay = ended && one("table[data-solved]", block) !== null;
  morph(block, fresh, "innerHTML", (node) => {
    if (!stay || !(node instanceof HTMLTableRowElement) || node.id === "" || node.hidden || isHead(node)) return true;
    if (node.classList.contains("gone")) return Number(node.dataset["gone"]) < Date.now();
    node.classList.add("gone");
    node.dataset["gone"] = String(Date.now() + SOLVED_STAYS);
    node.removeAttribute("aria-selected");
    window.setTimeout(() => sweep(block), SOLVED_STAYS + 100);
    return false;
  });
}

// sweep takes away solved rows together, when nobody works in the block.
function sweep(block: Element): void {
  if (inUse(block)) {
    window.setTimeout(() => sweep(block), AFTER);
    return;
  }
  for (const row of all("tr.gone", block)) if (Number(row.dataset["gone"]) < Date.now()) row.remove();
}

function morph(from: Element, to: Element, style: "innerHTML" | "outerHTML", mayRemove: (n: Node) => boolean = () => true): void {
  Idiomorph.morph(from, style === "innerHTML" ? [...to.childNodes] : to, {
    morphStyle: style,
    ignoreActiveValue: true,
    restoreFocus: true,
    callbacks: {
      beforeNodeMorphed: (a, b) => keep(a, b),
      beforeNodeRemoved: (n) => mayRemove(n),
    },
  });
}

// keep carries over what belongs to the person; false leaves an element as it
// is.
function keep(from: Node, to: Node): boolean {
  if (!(from instanceof Element) || !(to instanceof Element)) return true;
  if (from instanceof HTMLDialogElement && from.open) return false;
  if (from instanceof HTMLDetailsElement && to instanceof HTMLDetailsElement) to.open = from.open;
  if (from === document.activeElement && from.matches("input, select, textarea")) return false;
  if (from instanceof HTMLTableRowElement) {
    if (from.hasAttribute("tabindex")) to.setAttribute("tabindex", from.getAttribute("tabindex") ?? "-1");
    if (from.classList.contains("chg") && from.id === to.id) to.classList.add("chg");
  }
  return true;
}

// flash marks changed rows once, softly.
function flash(rows: HTMLElement[]): void {
  const t = Date.now();
  for (const [id, at] of flashed) if (t - at > FLASH_AGAIN) flashed.delete(id);
  for (const fresh of rows) {
    const row = document.getElementById(fresh.id);
    if (!row || flashed.has(row.id)) continue;
    flashed.set(row.id, t);
    row.classList.add("chg");
    window.setTimeout(() => row.classList.remove("chg"), 1700);
  }
}

// wait keeps a fresh block until the person is done, and counts what is in it.
function wait(block: Element, fresh: Element, n: Counts): void {
  waiting.set(block, fresh);
  showCollected(block, n);
  window.setTimeout(() => settle(block), AFTER + 50);
}

// settle merges what waits once nobody works in the block any more.
function settle(block: Element): void {
  const fresh = waiting.get(block);
  if (!fresh || !block.isConnected) return;
  if (inUse(block) || beingRead(block)) {
    window.setTimeout(() => settle(block), 1000);
    return;
  }
  merge(block, fresh, false);
}

// mergeAll shows everything that was collected. It reports whether there was
// something.
export function mergeAll(): boolean {
  const any = waiting.size > 0;
  for (const [block, fresh] of [...waiting]) if (block.isConnected) merge(block, fresh, true);
  waiting.clear();
  return any;
}

// showCollected draws "2 new, 1 solved" beside the block; null takes it away.
function showCollected(block: Element, n: Counts | null): void {
  const old = block.previousElementSibling?.matches(".collected") ? block.previousElementSibling : null;
  const news = n ? n.fresh.filter((r) => !r.hidden).length : 0;
  const gone = n ? n.gone.filter((r) => !r.hidden).length : 0;
  if (news + gone === 0) {
    old?.remove();
    return;
  }
  const word = one("table[data-solved]", block) ? "solved" : "gone";
  const parts = [news > 0 ? `${news} new` : "", gone > 0 ? `${gone} ${word}` : ""].filter(Boolean).join(", ");
  if (old) {
    const b = one("b", old);
    if (b && b.textContent !== parts) b.textContent = parts;
    return;
  }
  const button = make("button", { type: "button", class: "btn collected", title: "Collected while you work in the list" }, make("b", {}, parts), make("kbd", {}, "u"));
  button.addEventListener("click", () => mergeAll());
  block.before(button);
}

let saidAt = 0;
let unsaid: string[] = [];
let sayTimer: number | undefined;

// announce tells screen readers of new problems: one sentence in 10 s at most.
function announce(block: Element, n: Counts): void {
  if (!one("table[data-solved]", block)) return;
  const t = Date.now();
  for (const [id, at] of announced) if (t - at > SAY_ONCE) announced.delete(id);
  for (const row of n.fresh) {
    if (row.hidden || row.classList.contains("done") || announced.has(row.id)) continue;
    announced.set(row.id, t);
    const who = (one(".who > a", row)?.textContent ?? "").trim() + " " + (one(".who .svc", row)?.textContent ?? "").trim();
    const state = (one(".st", row)?.textContent ?? "").trim().toLowerCase();
    const name = (who.trim() + " " + state).replace(/\s+/g, " ");
    if (!unsaid.includes(name)) unsaid.push(name);
  }
  if (unsaid.length === 0 || sayTimer !== undefined) return;
  sayTimer = window.setTimeout(speak, Math.max(saidAt + SAY_EVERY - Date.now(), 0));
}

function speak(): void {
  sayTimer = undefined;
  saidAt = Date.now();
  const n = unsaid.length;
  const names = unsaid.slice(0, 3).join(", ") + (n > 3 ? ` and ${n - 3} more` : "");
  unsaid = [];
  say(`${n === 1 ? "1 new problem" : `${n} new problems`}: ${names}`);
}

export function startMerge(): void {
  const touch = (e: Event): void => {
    const block = closest(e.target, "[data-block]");
    if (block && closest(e.target, "table[data-live]")) busyUntil.set(block, Date.now() + AFTER);
  };
  for (const type of ["pointerover", "pointerout", "pointerdown", "pointerup", "focusin", "focusout", "keydown"]) document.addEventListener(type, touch, { passive: true });
  window.addEventListener("scroll", () => {
    if (window.scrollY === 0 && waiting.size > 0) mergeAll();
  }, { passive: true });
}
