// Lists: more rows while one scrolls, texts to copy, the order of columns.
import { closest, make, on, one, say } from "./dom";
import { copy } from "./keys";
import { fillAges } from "./ages";
import { remember, renewing } from "./merge";
import { extend, leadBack, parts } from "./pager";
import { breather, read } from "./rows";
import { dress } from "./view";
import { renewNear } from "./live";

const MOST = 10_000; // rows loaded by themselves; the link leads on
const AHEAD = "600px"; // how early the next rows are asked for
const BOUNDED = "1000"; // rows of a part of the list, should it grow
const PART = 100; // rows of a part of a page, and of a page that nobody asked to be of more
const MORE = 50; // rows loaded at a time: the browser takes longer than a frame for many more

let loading = false;
let watch: IntersectionObserver | null = null;

// nextLink returns the link to the rows that follow, of the last part.
function nextLink(): HTMLAnchorElement | null {
  const last = parts().pop();
  return last ? one<HTMLAnchorElement>('.pager a[rel="next"]', last) : null;
}

// part names a part of the list that ends with the given place, so that what
// is loaded stays true whatever comes and goes around it.
function part(block: HTMLElement, until: string): URL {
  const u = new URL(block.dataset["src"] ?? location.href, location.href);
  if (u.searchParams.has("before")) {
    u.searchParams.delete("before");
    u.searchParams.set("first", one("[data-first]", block)?.dataset["first"] ?? "");
  }
  u.searchParams.delete("beside");
  u.searchParams.set("until", until);
  u.searchParams.set("limit", BOUNDED);
  return u;
}

// loaded is how many rows the list has. It asks tables: to search a long list
// takes a while.
const loaded = (): number => parts().reduce((n, p) => n + (one<HTMLTableElement>("table[data-live]", p)?.rows.length ?? 0), 0);

// follow makes an empty part of the list behind another one.
function follow(before: HTMLElement, src: URL): HTMLElement {
  const next = make("div", { "data-block": "list", "data-tables": before.dataset["tables"] ?? "", "data-src": src.pathname + src.search, class: "cont" });
  extend(before, next);
  before.classList.add("ahead");
  return next;
}

const PATIENCE = 200; // ms until a list that is being renewed is looked at again

// slice takes a long page apart, as if it had been loaded a hundred rows at a
// time: what is out of sight is then neither laid out nor painted. It cuts from
// the end, a part at a time; whatever happens between two cuts finds a list that
// was loaded in as many parts as there are by then.
async function slice(): Promise<void> {
  const block = parts()[0];
  if (!block) return;
  const breathe = breather();
  const panels: HTMLElement[] = [];
  while (block.isConnected) {
    if (renewing(block)) {
      await new Promise((go) => window.setTimeout(go, PATIENCE));
      continue;
    }
    const panel = one("[data-slices]", block);
    const next = panel ? cut(block, panel) : null;
    if (!next) break;
    panels.push(next);
    await breathe();
  }
  const body = one<HTMLTableElement>("table[data-live]", block)?.tBodies[0];
  if (body && panels.length > 0) sized(body, panels);
}

// cut makes the last hundred rows of the panel, or what is beyond the hundreds
// before, a part of their own. It returns its panel, null when nothing is left to
// cut.
function cut(block: HTMLElement, panel: HTMLElement): HTMLElement | null {
  const table = one<HTMLTableElement>("table[data-live]", panel);
  const rows = [...(table?.tBodies[0]?.rows ?? [])];
  const ends = (panel.dataset["slices"] ?? "").split(" ");
  const end = ends.at(-1);
  const own = rows.slice(ends.length * PART);
  if (!table || !end) return null;
  const src = part(block, panel.dataset["until"] ?? "");
  for (const name of ["offset", "first"]) src.searchParams.delete(name);
  src.searchParams.set("after", end);
  const last = !block.classList.contains("ahead");
  const next = follow(block, src);
  if (!last) next.classList.add("ahead");
  const inner = make("div", { class: "panel", "data-until": panel.dataset["until"] ?? "" });
  const copy = table.cloneNode(false) as HTMLTableElement;
  if (table.tHead) copy.append(table.tHead.cloneNode(true));
  copy.createTBody().append(...own);
  inner.append(copy);
  const pager = one(".pager", panel);
  if (pager) inner.append(pager);
  next.append(inner);
  block.after(next);
  panel.dataset["until"] = end;
  ends.pop();
  if (ends.length > 0) panel.dataset["slices"] = ends.join(" ");
  else panel.removeAttribute("data-slices");
  const rest = part(block, end);
  block.dataset["src"] = rest.pathname + rest.search;
  return inner;
}

// sized tells parts that are out of sight how high they are, by what the browser
// finds when it lays out the first of them: to ask for that while the page
// starts would make it lay out everything there and then.
function sized(first: HTMLTableSectionElement, panels: HTMLElement[]): void {
  const once = new IntersectionObserver((seen) => {
    once.disconnect();
    const high = (seen[0]?.boundingClientRect.height ?? 0) / first.rows.length;
    if (high > 0) for (const p of panels) p.style.containIntrinsicBlockSize = `auto ${high * (one<HTMLTableElement>("table", p)?.tBodies[0]?.rows.length ?? PART)}px`;
  });
  once.observe(first);
}

// more loads the rows behind link and puts them below.
async function more(link: HTMLAnchorElement): Promise<void> {
  const block = closest(link, "[data-block]");
  const until = one("[data-until]", block ?? document)?.dataset["until"] ?? "";
  if (loading || !block || !until || loaded() >= MOST) return;
  loading = true;
  link.setAttribute("aria-busy", "true");
  try {
    const from = new URL(link.href);
    const limit = from.searchParams.get("limit");
    if (Number(limit ?? PART) > MORE) from.searchParams.set("limit", String(MORE));
    const res = await fetch(from, { headers: { "X-Belvedere-Block": "list", Accept: "text/html" }, cache: "no-store" });
    if (res.status === 401) return location.reload();
    if (!res.ok) return;
    const parsed = document.createElement("template");
    const text = await res.text();
    parsed.innerHTML = text;
    const fresh = one('[data-block="list"]', parsed.content);
    if (!fresh || !block.isConnected || !link.isConnected) return;
    const breathe = breather();
    await breathe();
    dress(fresh);
    fillAges(fresh);
    await breathe();
    if (!block.isConnected || !link.isConnected) return;
    const next = follow(block, from);
    leadBack(next, fresh);
    leadOn(fresh, limit);
    next.append(...fresh.childNodes);
    const own = part(block, until);
    block.dataset["src"] = own.pathname + own.search;
    one(".pager", block)?.remove();
    block.after(next);
    await breathe();
    remember(next, read(text));
    say(one(".pager span", next)?.textContent ?? "");
  } catch {
    // the link is still there
  } finally {
    loading = false;
    link.removeAttribute("aria-busy");
    watchNext();
  }
}

// leadOn makes the link that follows lead to a page of as many rows as the person
// asked for; null: as are usual.
function leadOn(part: Element, limit: string | null): void {
  const link = one<HTMLAnchorElement>('.pager a[rel="next"]', part);
  if (!link) return;
  const to = new URL(link.getAttribute("href") ?? "", location.href);
  if (limit === null) to.searchParams.delete("limit");
  else to.searchParams.set("limit", limit);
  link.setAttribute("href", to.pathname + to.search);
}

// watchNext waits for the end of the list to come near.
export function watchNext(): void {
  watch?.disconnect();
  const link = nextLink();
  if (!link) return;
  watch ??= new IntersectionObserver((seen) => {
    const near = seen.find((s) => s.isIntersecting);
    if (near) void more(near.target as HTMLAnchorElement);
  }, { rootMargin: AHEAD });
  watch.observe(link);
}

// move puts a column one place up or down.
function move(row: HTMLElement, down: boolean): void {
  const other = down ? row.nextElementSibling : row.previousElementSibling;
  if (!other) return;
  if (down) other.after(row);
  else other.before(row);
  const name = (one("label", row)?.textContent ?? "").trim();
  say(`${name}: ${[...(row.parentElement?.children ?? [])].indexOf(row) + 1}`);
}

// drag lets columns be dragged by their grip.
function drag(): void {
  let held: HTMLElement | null = null;
  document.addEventListener("dragstart", (e) => {
    held = closest<HTMLElement>(e.target, "[data-order] > [draggable]");
    e.dataTransfer?.setData("text/plain", "");
  });
  document.addEventListener("dragover", (e) => {
    const over = closest<HTMLElement>(e.target, "[data-order] > [draggable]");
    if (!held || !over || over.parentElement !== held.parentElement) return;
    e.preventDefault();
    const box = over.getBoundingClientRect();
    if (e.clientY > box.top + box.height / 2) over.after(held);
    else over.before(held);
  });
  document.addEventListener("dragend", () => {
    held = null;
  });
}

export function startLists(): void {
  on("click", "a[data-copy-from]", (el, e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
    e.preventDefault();
    const link = el as HTMLAnchorElement;
    fetch(link.href, { headers: { Accept: "text/plain" } }).then(async (res) => {
      if (!res.ok) throw new Error(String(res.status));
      await copy(await res.text(), (link.textContent ?? "").trim());
    }).catch(() => location.assign(link.href));
    closest<HTMLDetailsElement>(el, "details")?.removeAttribute("open");
    closest<HTMLDialogElement>(el, "dialog")?.close();
  });
  on("click", "[data-move]", (el, e) => {
    e.preventDefault();
    const row = closest<HTMLElement>(el, "[data-order] > *");
    if (row) move(row, el.dataset["move"] === "down");
    el.focus();
  });
  on("keydown", "[data-order] > *", (el, e) => {
    if (!e.altKey || (e.key !== "ArrowUp" && e.key !== "ArrowDown")) return;
    e.preventDefault();
    const focus = document.activeElement as HTMLElement | null;
    move(el, e.key === "ArrowDown");
    focus?.focus();
  });
  drag();
  const cutting = slice();
  if (!nextLink() && parts().length < 2) return;
  void cutting.then(watchNext);
  // A part that was out of sight when something changed is renewed when it
  // comes near.
  let timer: number | undefined;
  window.addEventListener("scroll", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      renewNear();
    }, 150);
  }, { passive: true });
}
