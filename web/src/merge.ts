// Putting a fresh block in the place of the present one without disturbing
// who works in it.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";
import { equip, furnished } from "./acts";
import { fillAges } from "./ages";
import { all, closest, make, one, say } from "./dom";
import { breather, full, textOf } from "./rows";
import { dress, showBulk } from "./view";
import { N, T } from "./words";

const AFTER = 5000; // ms the order stays frozen after pointer and focus left
const FLASH_AGAIN = 10_000; // ms in which a row flashes once at most
const SOLVED_STAYS = 10_000;
const SAY_EVERY = 10_000;
const SAY_ONCE = 600_000; // ms in which a row is announced once

const busyUntil = new WeakMap<Element, number>(); // block to time
const waiting = new Map<Element, Element>(); // block to the fresh markup that waits
const flashed = new Map<string, number>(); // row id to time
const announced = new Map<string, number>(); // row id to time

interface Change { row: HTMLElement; to: HTMLElement }
interface Counts { fresh: HTMLElement[]; gone: HTMLElement[]; changed: Change[] }

const came = new WeakMap<Element, Map<string, string>>(); // block to its rows as the server wrote them, by id
const shells = new WeakMap<Element, string>(); // block to what came around its rows
const turns = new WeakMap<Element, number>(); // block to the number of its latest merge

// renewing reports whether something that came waits for a block or is being
// brought into it.
export const renewing = (block: Element): boolean => waiting.has(block);

const rowsOf = (root: ParentNode): HTMLElement[] => all("table[data-live] tbody > tr[id]", root);

const isHead = (row: Element): boolean => row.classList.contains("grp");

// known returns the rows of a block as the server wrote them; those of a page
// just loaded are not in it.
function known(block: Element): Map<string, string> {
  const rows = came.get(block) ?? new Map<string, string>();
  came.set(block, rows);
  return rows;
}

// remember takes what read returned for how the rows in the block came.
export function remember(block: Element, fresh: ParentNode): void {
  for (const row of rowsOf(fresh)) known(block).set(row.id, textOf(row));
}

// signature is what a change of makes a row flash: all but times and figures,
// which change all the time.
function signature(row: Element): string {
  let out = "";
  const read = (el: Element): void => {
    for (const child of el.childNodes) {
      if (child instanceof Text) out += child.data;
      else if (!(child instanceof Element) || child.matches("time, .num, [data-quiet]")) continue;
      else if (child.matches("svg")) out += child.matches(".g") ? `|${child.getAttribute("class") ?? ""}|` : "";
      else read(child);
    }
  };
  read(row);
  return out.replace(/\s+/g, " ");
}

// compare says which rows are new, gone, or not as they came last. A struck row
// that is there again is not new.
function compare(block: Element, fresh: Element): Counts {
  const old = new Map(rowsOf(block).filter((r) => !isHead(r)).map((r) => [r.id, r]));
  const before = known(block);
  const out: Counts = { fresh: [], gone: [], changed: [] };
  for (const to of rowsOf(fresh)) {
    if (isHead(to)) continue;
    const row = old.get(to.id);
    old.delete(to.id);
    if (!row) out.fresh.push(to);
    else if (before.get(to.id) !== textOf(to)) out.changed.push({ row, to });
  }
  out.gone = [...old.values()].filter((r) => !("gone" in r.dataset));
  return out;
}

let heldUntil = 0; // time until which lists stay as they are: somebody types or has just read a dialog

// inUse reports whether the person works in the block at this moment, so that
// its rows must stay where they are.
function inUse(block: Element): boolean {
  const table = one("table[data-live]", block);
  if (!table) return false;
  if (table.matches(":hover") && matchMedia("(hover: hover)").matches) return true;
  if (table.contains(document.activeElement)) return true;
  // By its name, not by a selector: the browser keeps these lists.
  if ([...document.getElementsByTagName("dialog")].some((d) => d.open)) heldUntil = Date.now() + AFTER;
  return Math.max(busyUntil.get(block) ?? 0, heldUntil) > Date.now();
}

// beingRead reports whether text in the block is selected or something in it
// is open: then nothing in it changes.
function beingRead(block: Element): boolean {
  const s = window.getSelection();
  if (s && !s.isCollapsed && s.anchorNode && block.contains(s.anchorNode)) return true;
  return one("dialog[open], .dd[open]", block) !== null;
}

// merge brings a fresh block, as read gives it, into the page: the rows that
// changed in place, a few at a time, then which rows there are and their order.
// A later merge of the block takes the place of one that is not done. force: the
// person asked for it, or was away. other: it is another view of the list, so
// that rows that come and go are no news.
export async function merge(block: Element, fresh: Element, force: boolean, other = false): Promise<void> {
  const turn = (turns.get(block) ?? 0) + 1;
  turns.set(block, turn);
  const n = compare(block, fresh);
  if (!force && beingRead(block)) return wait(block, fresh, n);
  waiting.set(block, fresh);
  const breathe = breather();
  const goesOn = async (): Promise<boolean> => {
    const paused = await breathe();
    if (turns.get(block) !== turn) return false;
    if (!block.isConnected) waiting.delete(block);
    else if (paused && !force && beingRead(block)) wait(block, fresh, n);
    else return true;
    return false;
  };
  const lit: HTMLElement[] = [];
  for (const { row, to } of n.changed) {
    if (!await goesOn()) return;
    if (row.isConnected && renew(block, row, to)) lit.push(row);
  }
  const made = new Map<string, HTMLTableRowElement>(); // new rows by id
  for (const to of n.fresh) {
    if (!await goesOn()) return;
    made.set(to.id, full(to));
  }
  if (!await goesOn()) return;
  if (!other) announce(block, fresh, made.values());
  if (!force && inUse(block)) {
    inPlace(block, fresh, n);
    wait(block, fresh, n);
  } else {
    waiting.delete(block);
    showCollected(block, null);
    whole(block, fresh, made, !other);
    lit.push(...made.values());
  }
  if (!other) flash(lit);
  showBulk();
  document.dispatchEvent(new CustomEvent("merged"));
}

// settled makes a row that came look as the person has it, and remembers how
// it came: to is the row of read, row the same with content.
function settled(block: Element, to: Element, row: HTMLTableRowElement): HTMLTableRowElement {
  known(block).set(to.id, textOf(to));
  dress(row);
  fillAges(row);
  return row;
}

// renew makes a row what came. It reports whether there is something in it that
// a person should notice.
function renew(block: Element, row: HTMLElement, to: Element): boolean {
  const fresh = full(to);
  if (!known(block).has(to.id) && asWritten(row, fresh)) {
    known(block).set(to.id, textOf(to));
    return false;
  }
  const news = signature(row) !== signature(fresh);
  if (furnished(row)) equip(fresh);
  morph(row, settled(block, to, fresh), "outerHTML");
  return news;
}

const DATED = "time:is([data-age], [data-ago])"; // the server leaves them empty

// asWritten reports whether a row is what the server wrote, but for the ages that
// were filled in. Only cells with ages are copied: a copy of a symbol costs a
// task of its own.
function asWritten(row: Element, fresh: Element): boolean {
  const cells = [...fresh.children];
  return row.childElementCount === cells.length && row.cloneNode(false).isEqualNode(fresh.cloneNode(false)) && [...row.children].every((cell, i) => {
    if (!one(DATED, cell)) return cell.isEqualNode(cells[i] ?? null);
    const copy = cell.cloneNode(true) as Element;
    for (const t of all(DATED, copy)) t.textContent = "";
    return copy.isEqualNode(cells[i] ?? null);
  });
}

// around brings everything but the rows of live tables up to date. It returns
// pairs of tables; null, and nothing is done, when the block has to be replaced
// as a whole.
function around(block: Element, fresh: Element): [HTMLTableElement, HTMLTableSectionElement[]][] | null {
  const olds = all<HTMLTableElement>("table[data-live]", block);
  const news = all<HTMLTableElement>("table[data-live]", fresh);
  if (olds.length !== news.length) return null;
  const pairs = olds.map((old, i): [HTMLTableElement, HTMLTableSectionElement[]] => {
    const to = news[i] as HTMLTableElement;
    const bodies = [...to.tBodies];
    for (const body of bodies) body.remove();
    if (old.tHead && to.tHead && !old.tHead.isEqualNode(to.tHead)) morph(old.tHead, to.tHead, "innerHTML");
    return [old, bodies];
  });
  const shell = fresh.innerHTML;
  if (olds.length > 0 && shells.get(block) === shell) return pairs;
  shells.set(block, shell);
  fillAges(fresh);
  dress(fresh);
  morph(block, fresh, "innerHTML", true);
  return pairs;
}

// inPlace updates everything in the block but the rows of its live tables, which
// stay where they are, without new ones; those that are over are struck.
function inPlace(block: Element, fresh: Element, n: Counts): void {
  around(block, fresh.cloneNode(true) as Element);
  const stay = one("table[data-solved]", block) !== null;
  for (const row of n.gone) row.classList.toggle("gone", stay);
  const there = new Set(rowsOf(fresh).map((r) => r.id));
  for (const row of all("tr.gone", block)) if (there.has(row.id)) unstrike(row);
}

// whole makes the block equal to fresh, made being its new rows with content.
// Where rows that go are problems that ended, they stay for a moment, struck
// through.
function whole(block: Element, fresh: Element, made: Map<string, HTMLTableRowElement>, ended: boolean): void {
  const pairs = around(block, fresh);
  if (!pairs) {
    came.delete(block);
    shells.delete(block);
    for (const to of rowsOf(fresh)) to.replaceWith(settled(block, to, made.get(to.id) ?? full(to)));
    dress(fresh);
    fillAges(fresh);
    morph(block, fresh, "innerHTML");
    return;
  }
  const stay = ended && one("table[data-solved]", block) !== null;
  for (const [table, bodies] of pairs) reconcile(block, table, bodies, made, stay);
}

// reconcile gives a table the rows of bodies in their order and touches only
// those that are not as they were: a long list costs what changed in it.
function reconcile(block: Element, table: HTMLTableElement, bodies: HTMLTableSectionElement[], made: Map<string, HTMLTableRowElement>, stay: boolean): void {
  while (table.tBodies.length < bodies.length) table.append(document.createElement("tbody"));
  const old = new Map<string, HTMLTableRowElement>();
  for (const body of table.tBodies) for (const row of body.rows) if (row.id) old.set(row.id, row);
  const before = known(block);
  const wanted = new Set<Element>();
  bodies.forEach((fresh, i) => {
    const body = table.tBodies[i] as HTMLTableSectionElement;
    const rows = [...fresh.rows].map((to): HTMLTableRowElement => {
      const row = to.id ? old.get(to.id) : undefined;
      if (!row) return settled(block, to, made.get(to.id) ?? full(to));
      const text = textOf(to);
      if (before.get(to.id) !== text) renew(block, row, to);
      else before.set(to.id, text); // the same text, but of this answer: no older one is kept for it
      if (row.classList.contains("gone")) unstrike(row);
      return row;
    });
    for (const row of rows) wanted.add(row);
    arrange(body, rows);
  });
  let struck = false;
  for (const body of [...table.tBodies]) {
    for (const row of [...body.rows]) {
      if (wanted.has(row)) continue;
      if (stay && row.id && !row.hidden && !isHead(row)) {
        struck = strike(row) || struck;
      } else {
        row.remove();
      }
      before.delete(row.id);
    }
    if (body.rows.length === 0 && table.tBodies.length > 1) body.remove();
  }
  if (struck) window.setTimeout(() => sweep(block), SOLVED_STAYS + 100);
}

// arrange puts rows into body in their order. Those that need not move stay:
// the longest run that is in order already.
function arrange(body: HTMLTableSectionElement, rows: HTMLTableRowElement[]): void {
  const at = new Map([...body.rows].map((r, i) => [r, i]));
  const keep = inOrder(rows.map((r) => at.get(r) ?? -1));
  let next: Element | null = null;
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i] as HTMLTableRowElement;
    if (!keep.has(i)) {
      const focused = row.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
      body.insertBefore(row, next);
      focused?.focus({ preventScroll: true });
    }
    next = row;
  }
}

// inOrder returns the places of a longest rising run in list; -1 is in none.
function inOrder(list: number[]): Set<number> {
  const ends: number[] = []; // place of the smallest end of a run of each length
  const before: number[] = [];
  list.forEach((value, i) => {
    if (value < 0) return;
    let lo = 0;
    let hi = ends.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((list[ends[mid] as number] as number) < value) lo = mid + 1;
      else hi = mid;
    }
    before[i] = lo > 0 ? (ends[lo - 1] as number) : -1;
    ends[lo] = i;
  });
  const out = new Set<number>();
  for (let i = ends[ends.length - 1] ?? -1; i >= 0; i = before[i] ?? -1) out.add(i);
  return out;
}

// strike marks a row whose problem has ended; it goes in a moment.
function strike(row: HTMLElement): boolean {
  if ("gone" in row.dataset) return false;
  row.classList.add("gone");
  row.dataset["gone"] = String(Date.now() + SOLVED_STAYS);
  row.removeAttribute("aria-selected");
  return true;
}

// unstrike makes a row one of the list again: its problem is back.
function unstrike(row: HTMLElement): void {
  row.classList.remove("gone");
  delete row.dataset["gone"];
}

// sweep takes away solved rows together, when nobody works in the block.
function sweep(block: Element): void {
  if (inUse(block)) {
    window.setTimeout(() => sweep(block), AFTER);
    return;
  }
  const last = Math.max(0, ...all("tr[data-gone]", block).map((r) => Number(r.dataset["gone"])));
  if (last > Date.now()) return; // a later one sweeps all of them
  for (const row of all("tr[data-gone]", block)) row.remove();
}

// morph makes from look like to. tables: live ones are left as they are.
export function morph(from: Element, to: Element, style: "innerHTML" | "outerHTML", tables = false): void {
  Idiomorph.morph(from, style === "innerHTML" ? [...to.childNodes] : to, {
    morphStyle: style,
    ignoreActiveValue: false, // it would also leave what is inside the focused row; keep sees to fields
    restoreFocus: true,
    callbacks: {
      beforeNodeMorphed: (a, b) => !(tables && a instanceof HTMLTableElement && "live" in a.dataset) && keep(a, b),
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
    for (const name of ["tabindex", "aria-current"]) {
      const value = from.getAttribute(name);
      if (value !== null) to.setAttribute(name, value);
    }
    if (from.classList.contains("chg") && from.id === to.id) to.classList.add("chg");
  }
  return true;
}

// flash marks changed rows once, softly.
function flash(rows: HTMLElement[]): void {
  const t = Date.now();
  for (const [id, at] of flashed) if (t - at > FLASH_AGAIN) flashed.delete(id);
  const lit: HTMLElement[] = [];
  for (const fresh of rows) {
    const row = document.getElementById(fresh.id);
    if (!row || flashed.has(row.id)) continue;
    flashed.set(row.id, t);
    row.classList.add("chg");
    lit.push(row);
  }
  if (lit.length === 0) return;
  window.setTimeout(() => {
    for (const row of lit) row.classList.remove("chg");
  }, 1700);
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
  void merge(block, fresh, false);
}

// mergeAll shows everything that was collected. It reports whether there was
// something.
export function mergeAll(): boolean {
  const any = waiting.size > 0;
  for (const [block, fresh] of [...waiting]) {
    waiting.delete(block);
    if (block.isConnected) void merge(block, fresh, true);
  }
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
  const solved = one("table[data-solved]", block) !== null;
  const parts = [news > 0 ? N(news, "{0} new", "{0} new") : "", gone > 0 ? (solved ? N(gone, "{0} solved", "{0} solved") : N(gone, "{0} gone", "{0} gone")) : ""].filter(Boolean).join(", ");
  if (old) {
    const b = one("b", old);
    if (b && b.textContent !== parts) b.textContent = parts;
    return;
  }
  const button = make("button", { type: "button", class: "btn collected", title: T("Collected while you work in the list") }, make("b", {}, parts), make("kbd", {}, "u"));
  button.addEventListener("click", () => mergeAll());
  block.before(button);
}

let saidAt = 0;
let unsaid: string[] = [];
let sayTimer: number | undefined;

// announce tells screen readers of new problems: one sentence in 10 s at most.
function announce(block: Element, fresh: Element, rows: Iterable<HTMLElement>): void {
  if (!one("table[data-solved]", block) && !one("table[data-solved]", fresh)) return;
  const t = Date.now();
  for (const [id, at] of announced) if (t - at > SAY_ONCE) announced.delete(id);
  for (const row of rows) {
    if (row.hidden || row.classList.contains("done") || isHead(row) || announced.has(row.id)) continue;
    announced.set(row.id, t);
    const who = (one(".who .nm > a", row)?.textContent ?? "").trim() + " " + (one(".who .svc", row)?.textContent ?? "").trim();
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
  const names = unsaid.slice(0, 3).join(", ") + (n > 3 ? " " + T("and {0} more", n - 3) : "");
  unsaid = [];
  const text = N(n, "{0} new problem: {1}", "{0} new problems: {1}", names);
  say(text);
  document.dispatchEvent(new CustomEvent("problems", { detail: text }));
}

export function startMerge(): void {
  const touch = (e: Event): void => {
    const block = closest(e.target, "[data-block]");
    if (block && closest(e.target, "table[data-live]")) busyUntil.set(block, Date.now() + AFTER);
  };
  for (const type of ["pointerover", "pointerout", "pointerdown", "pointerup", "focusin", "focusout", "keydown"]) document.addEventListener(type, touch, { passive: true });
  // Who types waits for nothing to move; who has read a dialog looks for the
  // place again.
  document.addEventListener("input", () => {
    heldUntil = Date.now() + AFTER;
  }, { passive: true });
  window.addEventListener("scroll", () => {
    if (window.scrollY === 0 && waiting.size > 0) mergeAll();
  }, { passive: true });
}
