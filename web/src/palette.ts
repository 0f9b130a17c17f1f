// The palette: hosts and services from the server, pages from the menu.
import { all, make, on, one, path, symbol } from "./dom";
import { show } from "./menus";
import { N, T } from "./words";

interface Hit { group: string; title: string; note?: string; href: string; class?: string; glyph?: string; label?: string; done?: boolean; icon?: string }
interface Answer { total: number; hits: Hit[] }

let asked: AbortController | null = null;
let timer: number | undefined;

const dialog = (): HTMLDialogElement | null => one<HTMLDialogElement>("#palette");
const input = (): HTMLInputElement | null => one<HTMLInputElement>("#palette input");
const options = (): HTMLElement[] => all('#palette-list [role="option"]');

// openPalette opens the palette with its text selected.
export function openPalette(): void {
  const d = dialog();
  const field = input();
  if (!d || !field) {
    location.href = path("/search");
    return;
  }
  if (!d.open) show(d);
  field.focus();
  field.select();
  void search();
}

function pages(words: string): Hit[] {
  const needle = words.toLowerCase();
  return all("[data-palette-pages] li").map((li) => ({ group: T("Pages"), title: li.dataset["label"] ?? "", href: li.dataset["href"] ?? "", icon: li.dataset["icon"] ?? "right" }))
    .filter((p) => needle === "" || p.title.toLowerCase().includes(needle)).slice(0, needle === "" ? 30 : 6);
}

async function search(): Promise<void> {
  const words = input()?.value.trim() ?? "";
  asked?.abort();
  if (words === "") return draw("", pages(""), 0);
  const mine = new AbortController();
  asked = mine;
  try {
    const res = await fetch(path("/search?format=json&q=") + encodeURIComponent(words), { headers: { Accept: "application/json" }, signal: mine.signal });
    if (!res.ok) throw new Error(String(res.status));
    const a = (await res.json()) as Answer;
    draw(words, [...(a.hits ?? []), ...pages(words), everything(words)], a.total ?? 0);
  } catch {
    if (!mine.signal.aborted) draw(words, [...pages(words), everything(words)], 0);
  }
}

const everything = (words: string): Hit => ({ group: T("Search everywhere"), title: T("All results for “{0}”", words), href: path("/search?q=") + encodeURIComponent(words), icon: "search" });

function draw(words: string, hits: Hit[], total: number): void {
  const list = one("#palette-list");
  if (!list) return;
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
  if (note) note.textContent = words === "" ? "" : N(total, "{0} object", "{0} objects");
}

function option(h: Hit, words: string, n: number): HTMLElement {
  const sign = h.glyph ? symbol(h.glyph, `g ${h.class ?? ""} ${h.done ? "done" : ""}`) : symbol("i-" + (h.icon || "right"), "i");
  const li = make("div", { role: "option", id: `palette-o${n}`, "aria-selected": "false", "data-href": h.href }, sign, marked(h.title, words));
  if (h.label) li.append(make("span", { class: "sr" }, h.label));
  if (h.note) li.append(make("span", { class: "dim s cut" }, h.note));
  li.append(make("span", { class: "end" }, make("kbd", { hidden: "" }, "Enter")));
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
    const key = one("kbd", o);
    if (key) key.hidden = n !== i;
  });
  const now = list[i];
  now?.scrollIntoView({ block: "nearest" });
  if (now) input()?.setAttribute("aria-activedescendant", now.id);
  else input()?.removeAttribute("aria-activedescendant");
}

function follow(el: HTMLElement | undefined, tab: boolean): void {
  const href = el?.dataset["href"];
  if (!href) return;
  if (tab) {
    window.open(href, "_blank", "noopener");
    return;
  }
  dialog()?.close();
  location.href = href;
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
    timer = window.setTimeout(() => void search(), 80);
  });
  field?.addEventListener("keydown", (e) => {
    const list = options();
    const at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && list.length > 0) {
      e.preventDefault();
      choose((at + step + list.length) % list.length);
    } else if (e.key === "Enter" && !e.isComposing) {
      e.preventDefault();
      follow(list[Math.max(at, 0)], e.ctrlKey || e.metaKey);
    }
  });
}
