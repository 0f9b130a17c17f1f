// The palette: hosts and services from the server, pages from the menu, what can
// be done with the object of the page.
import { offersFor, pageOffers, takeFor, takeOffer } from "./act";
import { all, make, on, one, path, symbol } from "./dom";
import { openBell } from "./bell";
import { leaveFor, toWall } from "./leave";
import { togglePause } from "./live";
import { openSheet, setTheme, show } from "./menus";
import { N, T } from "./words";

interface Hit { group: string; title: string; note?: string; href?: string; act?: string; keys?: string[]; class?: string; glyph?: string; label?: string; done?: boolean; icon?: string; on?: string; does?: string[] }
interface Answer { total: number; hits: Hit[] }

const WAIT = 80; // ms without a key before the server is asked

let asked: AbortController | null = null;
let timer: number | undefined;
let drawn = ""; // words whose answer is shown
let shown = ""; // words for which something is shown
const shownHits = new WeakMap<HTMLElement, Hit>(); // those that something can be done with

const dialog = (): HTMLDialogElement | null => one<HTMLDialogElement>("#palette");
const input = (): HTMLInputElement | null => one<HTMLInputElement>("#palette input");
const options = (): HTMLElement[] => all('#palette-list [role="option"]');

// openPalette opens the palette with its text selected.
export function openPalette(): void {
  const d = dialog();
  const field = input();
  if (!d || !field) {
    leaveFor(path("/search"));
    return;
  }
  if (!d.open) show(d);
  field.focus();
  field.select();
  void search();
}

// rank says how well words fit a title: 0 best, -1 not at all.
function rank(title: string, words: string): number {
  const t = title.toLowerCase();
  if (t.startsWith(words)) return 0;
  if (t.split(/[\s/]+/).some((w) => w.startsWith(words))) return 1;
  return words.split(" ").every((w) => t.includes(w)) ? 2 : -1;
}

// singleKeys says whether letters alone do something.
export const singleKeys = (): boolean => document.body.dataset["keys"] !== "off";

// pages returns the pages, views and settings that fit, with their keys.
function pages(words: string): Hit[] {
  if (/^(h|s|hg|sg):/i.test(words)) return [];
  const needle = words.toLowerCase();
  const singles = singleKeys();
  const doings = pageOffers().map((o) => ({ group: T("Actions"), title: o.title, note: o.about, href: "", act: "do " + o.kind, icon: o.icon, keys: singles && o.key ? [o.key] : [], rank: rank(o.title, needle) }));
  const others = all("[data-palette-pages] > li").map((li) => {
    const d = li.dataset;
    const keys = d["key"] ? ["g", d["key"]] : d["kbd"] ? [d["kbd"]] : [];
    const group = li.parentElement?.dataset["palettePages"] ?? "";
    return { group, title: d["label"] ?? "", note: d["note"] ?? "", href: d["href"] ?? "", act: d["act"] ?? "", icon: d["icon"] ?? "right", keys: singles ? keys : [], rank: rank(d["label"] ?? "", needle) };
  });
  if (needle === "") return [...doings, ...others.filter((p) => p.href !== "").slice(0, 45)];
  const found = [...doings, ...others];
  return found.filter((p) => p.rank >= 0).sort((a, b) => a.rank - b.rank).slice(0, 6);
}

// hurry follows the best hit of words that were just typed, once it is known:
// what is shown are those of other words.
async function hurry(tab: boolean): Promise<void> {
  window.clearTimeout(timer);
  const words = input()?.value.trim();
  await search();
  if (words === drawn && dialog()?.open) follow(options()[0], tab);
}

async function search(): Promise<void> {
  const words = input()?.value.trim() ?? "";
  asked?.abort();
  if (words === "") return draw("", pages(""), 0);
  if (drawn !== words) draw(words, pages(words), -1); // what needs no asking, at once
  const mine = new AbortController();
  asked = mine;
  try {
    const res = await fetch(path("/search?format=json&q=") + encodeURIComponent(words), { headers: { Accept: "application/json" }, signal: mine.signal });
    if (!res.ok) throw new Error(String(res.status));
    const a = (await res.json()) as Answer;
    const hits = a.hits ?? [];
    const others = hits.findIndex((h) => h.group !== hits[0]?.group);
    hits.splice(others < 0 ? hits.length : others, 0, ...deeds(hits[0]));
    draw(words, [...hits, ...pages(words), everything(words)], a.total ?? 0);
  } catch {
    if (!mine.signal.aborted) draw(words, [...pages(words), everything(words)], 0);
  }
}

// deeds are what can be done with the object of a hit.
function deeds(h: Hit | undefined): Hit[] {
  return h?.on ? offersFor(h.does ?? []).map((o) => ({ group: T("Do, for {0}", h.title), title: o.title, act: `for ${o.kind} ${h.on ?? ""}`, icon: o.icon, keys: singleKeys() && o.key ? [o.key] : [] })) : [];
}

const everything = (words: string): Hit => ({ group: T("Search everywhere"), title: T("All results for “{0}”", words), href: path("/search?q=") + encodeURIComponent(words), icon: "search" });

function draw(words: string, hits: Hit[], total: number): void {
  const list = one("#palette-list");
  if (!list) return;
  if (total >= 0) drawn = words;
  shown = words;
  list.replaceChildren();
  const groups = new Map<string, Hit[]>();
  for (const h of hits) groups.set(h.group, [...(groups.get(h.group) ?? []), h]);
  let n = 0;
  for (const [name, members] of groups) {
    const id = `palette-g${n}`;
    const group = make("div", { role: "group", "aria-labelledby": id }, make("h3", { id, role: "presentation" }, name));
    for (const h of members) group.append(option(h, words, n++));
    list.append(group);
  }
  choose(0);
  const note = one("[data-palette-note]");
  if (note) note.textContent = words === "" ? "" : total < 0 ? "…" : N(total, "{0} object", "{0} objects");
}

function option(h: Hit, words: string, n: number): HTMLElement {
  const sign = h.glyph ? symbol(h.glyph, `g ${h.class ?? ""} ${h.done ? "done" : ""}`) : symbol("i-" + (h.icon || "right"), "i");
  const li = make("div", { role: "option", id: `palette-o${n}`, "aria-selected": "false", "data-href": h.href ?? "", "data-does": h.act ?? "" }, sign, marked(h.title, words));
  if (h.on) shownHits.set(li, h);
  if (h.label) li.append(make("span", { class: "sr" }, h.label));
  if (h.note) li.append(make("span", { class: "dim s cut" }, h.note));
  const end = make("span", { class: "end" }, ...(h.keys ?? []).flatMap((k) => [make("kbd", {}, k), " "]), make("kbd", { hidden: "", "data-enter": "" }, "Enter"));
  li.append(end);
  return li;
}

// marked writes a name with the words that were searched marked in it.
function marked(title: string, words: string): HTMLElement {
  const el = make("bdi");
  const at = words === "" ? -1 : title.toLowerCase().indexOf(words.toLowerCase());
  if (at < 0) el.append(title);
  else el.append(title.slice(0, at), make("mark", {}, title.slice(at, at + words.length)), title.slice(at + words.length));
  return el;
}

function choose(i: number): void {
  const list = options();
  list.forEach((o, n) => {
    o.setAttribute("aria-selected", String(n === i));
    const key = one("kbd[data-enter]", o);
    if (key) key.hidden = n !== i;
  });
  const now = list[i];
  now?.scrollIntoView({ block: "nearest" });
  if (now) input()?.setAttribute("aria-activedescendant", now.id);
  else input()?.removeAttribute("aria-activedescendant");
}

// act does what a setting or an action says, after the palette has closed.
function act(what: string): void {
  dialog()?.close();
  const [name, value, key] = what.split(" ");
  switch (name) {
    case "theme": return setTheme(value ?? "auto");
    case "keys": return openSheet();
    case "wall": return void toWall();
    case "pause": return togglePause();
    case "bell": return openBell();
    case "leave": return one<HTMLFormElement>('form[action$="/logout"]')?.requestSubmit();
    case "do": return takeOffer(value ?? "");
    case "for": return takeFor(value ?? "", key ?? "");
    case "sites": {
      const menu = one<HTMLDetailsElement>("[data-chooser]");
      if (menu) menu.open = true;
      menu?.querySelector("input")?.focus();
    }
  }
}

function follow(el: HTMLElement | undefined, tab: boolean): void {
  if (el?.dataset["does"]) return act(el.dataset["does"]);
  const href = el?.dataset["href"];
  if (!href) return;
  if (tab) {
    window.open(href, "_blank", "noopener");
    return;
  }
  dialog()?.close();
  leaveFor(href);
}

export function startPalette(): void {
  on("click", "[data-open-palette]", (_, e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || !dialog()) return;
    e.preventDefault();
    openPalette();
  });
  on("click", '#palette-list [role="option"]', (el, e) => follow(el, e.ctrlKey || e.metaKey));
  const field = input();
  field?.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void search(), WAIT);
  });
  field?.addEventListener("keydown", (e) => {
    const list = options();
    const at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && list.length > 0) {
      e.preventDefault();
      choose((at + step + list.length) % list.length);
    } else if (list.length > 0 && (e.key === "PageDown" || e.key === "PageUp")) {
      e.preventDefault();
      choose(e.key === "PageDown" ? Math.min(Math.max(at, 0) + 8, list.length - 1) : Math.max(at - 8, 0));
    } else if (e.key === "Tab" && !e.shiftKey && list[at] && shownHits.has(list[at])) {
      e.preventDefault();
      asked?.abort();
      draw("", deeds(shownHits.get(list[at])), 0);
      shown = field.value.trim();
    } else if (e.key === "Enter" && !e.isComposing) {
      e.preventDefault();
      const tab = e.ctrlKey || e.metaKey;
      if (at > 0 || list.length > 0 && field.value.trim() === shown) follow(list[Math.max(at, 0)], tab);
      else void hurry(tab);
    }
  });
}
