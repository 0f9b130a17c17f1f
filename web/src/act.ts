// Acting: forms as dialogs, orders on their way, and what rows say meanwhile.
// Without this script the same links and forms are pages.
import { deeds, furnish } from "./acts";
import { all, closest, hint, make, on, one, path, say, symbol, toast, fade } from "./dom";
import { refresh } from "./live";
import { busy, show } from "./menus";
import { objectOf } from "./side";
import { clearSelection, keyOf, selected } from "./view";
import { T } from "./words";

interface Progress {
  ids: string; url: string; tag: string; open: number; kind: "busy" | "ok" | "warn" | "crit";
  title: string; detail: string; undo?: boolean; rows?: Record<string, string>; words?: Record<string, string>;
}
interface Mark { ids: string; text: string; kind: "busy" | "ok" | "warn" }

const KEEP = "belvedere orders"; // under way, while the window lives
const ROOM = 120; // px that what is under way needs in a row
const FEW = 20; // objects that an address may name
const GOOD_STAYS = 4000; // ms a row says that it is confirmed
const BAD_STAYS = 30_000;

const marks = new Map<string, Mark>(); // key of an object to what its row says
const followed = new Set<string>(); // orders that are asked about
let last = ""; // orders that can be undone, the newest

// known are the orders that a page before this one was waiting for.
function known(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEEP) ?? "[]") as string[];
  } catch {
    return [];
  }
}

function keep(list: string[]): void {
  try {
    sessionStorage.setItem(KEEP, JSON.stringify(list));
  } catch {
    // no storage: the next page does not know
  }
}

// fail says what the server refused.
async function fail(res: Response): Promise<void> {
  if (res.status === 401) return location.reload();
  const e = (await res.json().catch(() => ({}))) as { error?: string; hint?: string };
  toast("crit", e.error ?? T("The server did not answer"), e.hint ?? "");
}

const lost = (): void => void toast("crit", T("The connection to Belvedere broke off"), T("Try again."));

function dialog(): HTMLDialogElement {
  const old = one<HTMLDialogElement>("#act");
  if (old) return old;
  const el = make("dialog", { class: "dlg", id: "act", "aria-labelledby": "act-h" });
  el.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) one<HTMLFormElement>("form", el)?.requestSubmit(one<HTMLElement>("footer button:not([type])", el));
  });
  document.body.append(el);
  return el;
}

// fill puts a form into the dialog and the focus on what matters in it.
function fill(el: HTMLDialogElement, html: string): void {
  const parsed = document.createElement("template");
  parsed.innerHTML = html;
  const block = one('[data-block="form"]', parsed.content);
  if (!block) return;
  el.replaceChildren(...block.childNodes);
  if (!el.open) show(el);
  (one<HTMLElement>("[aria-invalid]", el) ?? one<HTMLElement>("[autofocus]", el) ?? one<HTMLElement>("footer button", el))?.focus();
}

// open shows the form of an action about some objects, or about all rows of a
// list: fields then says which.
async function open(kind: string, keys: string[], fields?: FormData): Promise<void> {
  const headers = { "X-Belvedere-Block": "form", Accept: "text/html" };
  const body = new URLSearchParams();
  for (const [k, v] of fields ?? []) if (k !== "on") body.append(k, String(v));
  body.append("on", keys.join("\n"));
  body.append("back", location.pathname.slice(path("").length) + location.search);
  document.body.setAttribute("aria-busy", "true");
  try {
    const res = keys.length <= FEW && !fields
      ? await fetch(path(`/act/${kind}?`) + body.toString(), { headers, cache: "no-store" })
      : await fetch(path(`/act/${kind}/form`), { method: "POST", headers, body });
    if (!res.ok || !(res.headers.get("Content-Type") ?? "").startsWith("text/html")) return await fail(res);
    fill(dialog(), await res.text());
  } catch {
    lost();
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

// sheet shows the page behind a link, which is a form, as a dialog.
async function sheet(link: HTMLAnchorElement): Promise<void> {
  link.setAttribute("aria-busy", "true");
  try {
    const res = await fetch(link.href, { headers: { "X-Belvedere-Block": "form", Accept: "text/html" }, cache: "no-store" });
    if (!res.ok && res.status !== 400) return location.assign(link.href);
    fill(dialog(), await res.text());
  } catch {
    lost();
  } finally {
    link.removeAttribute("aria-busy");
  }
}

// send gives the orders of a form, which stays open, or opens, when something
// is wrong.
async function send(to: string, body: URLSearchParams, el: HTMLDialogElement | null): Promise<void> {
  try {
    const res = await fetch(to, { method: "POST", body, headers: { Accept: "application/json", "X-Belvedere-Block": "form" } });
    const json = (res.headers.get("Content-Type") ?? "").includes("json");
    if (!res.ok) return await fail(res);
    if (!json) {
      fill(el ?? dialog(), await res.text());
      return;
    }
    el?.close();
    clearSelection();
    took((await res.json()) as Progress);
  } catch {
    lost();
  }
}

// took shows orders that were given and follows them.
function took(p: Progress): void {
  draw(p);
  if (p.open > 0) void follow(p.ids, p.tag);
}

// follow asks how far orders got until they have ended.
async function follow(ids: string, tag = ""): Promise<void> {
  if (followed.has(ids)) return;
  followed.add(ids);
  keep([...new Set([...known(), ids])]);
  let fails = 0;
  for (;;) {
    try {
      const res = await fetch(path(`/orders/${ids}/progress?tag=${encodeURIComponent(tag)}`), { headers: { Accept: "application/json" }, cache: "no-store" });
      if (res.status === 401 || res.status === 404) break;
      if (!res.ok) throw new Error(String(res.status));
      const p = (await res.json()) as Progress;
      const news = p.tag !== tag;
      tag = p.tag;
      fails = 0;
      if (news) draw(p);
      if (p.open === 0) break;
    } catch {
      fails++;
      await new Promise((go) => window.setTimeout(go, Math.min(fails, 10) * 1000));
    }
  }
  followed.delete(ids);
  keep(known().filter((x) => x !== ids));
}

// draw shows how far orders got: on the rows, as a message, on their page.
function draw(p: Progress): void {
  for (const [key, state] of Object.entries(p.rows ?? {})) mark(key, state, p);
  dressMarks();
  const page = one(`[data-orders="${p.ids}"]`);
  if (page) {
    if (page.dataset["tag"] !== p.tag) {
      page.dataset["tag"] = p.tag;
      refresh();
    }
  } else {
    message(p);
  }
  if (p.undo) last = p.ids;
  if (p.open === 0) say(p.title);
}

const GOOD = ["seen", "done"];
const OPEN = ["accepted", "sending", "sent"];

function mark(key: string, state: string, p: Progress): void {
  const old = marks.get(key);
  const words = p.words ?? {};
  if (OPEN.includes(state)) {
    marks.set(key, { ids: p.ids, text: words["open"] ?? "", kind: "busy" });
    return;
  }
  const good = GOOD.includes(state);
  if (old?.ids !== p.ids || old.kind !== "busy") {
    if (good || old) return; // it had ended before
  }
  const done: Mark = { ids: p.ids, text: (good ? words["good"] : state === "refused" || state === "cancelled" ? words["refused"] : words["bad"]) ?? "", kind: good ? "ok" : "warn" };
  marks.set(key, done);
  window.setTimeout(() => {
    if (marks.get(key) === done) marks.delete(key);
    dressMarks();
  }, good ? GOOD_STAYS : BAD_STAYS);
}

// place returns where the row or page of an object says what is under way.
function place(el: Element): Element | null {
  if (el.matches("tr")) return [".own", ".out", ".svcn", ".who"].map((c) => one(c, el)).find((c) => c && c.offsetWidth >= ROOM) ?? one(".who", el);
  return one(".facts", closest(el, ".head") ?? el) ?? el;
}

let marked = false; // something in the page says what is under way

// dressMarks makes rows and pages say what is under way. It searches nothing
// while nothing is: every update calls it.
function dressMarks(): void {
  if (marks.size === 0 && !marked) return;
  const wanted = new Set<Element>();
  if (marks.size > 0) {
    for (const el of all("main tr[id], " + OBJECT)) {
      const m = marks.get(el.dataset["object"] ?? keyOf(el));
      const at = m ? place(el) : null;
      if (!m || !at) continue;
      let tag = one<HTMLElement>(":scope > [data-acting]", at);
      if (tag?.dataset["acting"] !== m.kind + m.text) {
        const icon = m.kind === "busy" ? symbol("i-recheck", "i spin") : symbol(m.kind === "ok" ? "i-check" : "i-alert", "i");
        const fresh = make("span", { class: "tag acting " + (m.kind === "busy" ? "" : m.kind), "data-acting": m.kind + m.text, "data-quiet": "" }, icon, m.text);
        if (tag) tag.replaceWith(fresh);
        else at.append(fresh);
        tag = fresh;
      }
      wanted.add(tag);
    }
  }
  for (const tag of all("[data-acting]")) if (!wanted.has(tag)) tag.remove();
  marked = wanted.size > 0;
}

// message shows orders as one message that changes as they go on.
function message(p: Progress): void {
  const area = one("#toasts");
  const icon = p.kind === "busy" ? symbol("i-recheck", "i spin") : symbol(p.kind === "ok" ? "i-check" : "i-alert", "i " + p.kind);
  const buttons: Node[] = [];
  if (p.undo) {
    const b = make("button", { type: "button", class: "btn", "data-undo": p.ids }, T("Undo"));
    buttons.push(b);
  }
  if (!p.undo || p.kind === "warn" || p.kind === "crit") buttons.push(make("a", { class: "btn", href: p.url }, T("Details")));
  const x = make("button", { type: "button", class: "btn quiet ic", "data-dismiss": "", "aria-label": T("Close") }, symbol("i-x", "i"));
  const el = make("div", { class: "toast order", role: "status", "data-order": p.ids, "data-kind": p.kind }, icon, make("strong", {}, p.title), make("span", { class: "fx" }, ...buttons, x),
    make("p", { class: "mut s" }, p.detail + " ", make("a", { class: "lk", href: p.url }, T("Order {0}", p.ids))));
  const old = one(`.toast[data-order="${p.ids}"]`);
  if (old) {
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(el);
    if (focus) one<HTMLElement>(focus.hasAttribute("data-undo") ? "[data-undo]" : "[data-dismiss]", el)?.focus();
  } else {
    area?.append(el);
  }
  if (p.kind === "ok") fade(el, "ok");
}

// undo takes orders back.
async function undo(ids: string): Promise<void> {
  if (last === ids) last = "";
  const button = one<HTMLButtonElement>(`[data-undo="${ids}"]`);
  button?.setAttribute("disabled", "");
  try {
    const res = await fetch(path(`/orders/${ids}/undo`), { method: "POST", headers: { Accept: "application/json" } });
    if (!res.ok) return await fail(res);
    one(`.toast[data-order="${ids}"]`)?.remove();
    took((await res.json()) as Progress);
  } catch {
    lost();
  } finally {
    button?.removeAttribute("disabled");
  }
}

// undoLast takes back what was done last; false when there is nothing.
export function undoLast(): boolean {
  if (!last) return false;
  void undo(last);
  return true;
}

// What the page is about: its own object, or the one beside the list.
const OBJECT = "main [data-object], #side [data-object]";

// The head of the page of a group.
const GROUP = "main [data-group]";

const SILENCE = "DISABLE_SVC_NOTIFICATIONS";

const LETTERS: Record<string, string[]> = {
  a: ["acknowledge", "unacknowledge"], A: ["acknowledge"], d: ["downtime"], r: ["recheck"], c: ["comment"], n: [SILENCE, "more"], ".": ["more"],
};

// silence returns the action that switches notifications off for what keys
// name; of hosts and services together it takes both.
const silence = (keys: string[]): string => (keys.length > 0 && keys.every((k) => k.split("|").length === 2) ? "DISABLE_HOST_NOTIFICATIONS" : SILENCE);

// actKey does what a letter means for the selection, the row that has the
// focus, or the object of the page, or says why it means nothing there; false
// when it is none of these letters, or the person may not act at all.
export function actKey(letter: string, row: HTMLElement | null): boolean {
  const kinds = LETTERS[letter];
  if (!kinds || !one("#keysheet [data-acts]")) return false;
  if (row) furnish(row);
  const quick = letter === "A" ? "[data-quick]" : letter === "a" ? ":not([data-quick])" : "";
  const within = (root: ParentNode | null): HTMLElement | null => {
    for (const k of root ? kinds : []) {
      const el = one<HTMLElement>(`[data-act="${k}"]${quick}, [data-does="${k}"]`, root ?? document);
      if (el) return el;
    }
    return root && one<HTMLElement>("[data-why]", root);
  };
  const bar = one(".bulk");
  const chosen = selected().size > 0 && bar !== null;
  const group = row?.dataset["members"] ? row : chosen || row ? null : one(GROUP);
  const el = within(chosen ? bar : row ?? one(OBJECT) ?? group);
  if (letter === "n" && el?.hasAttribute("data-act")) take(el, SILENCE);
  else if (el) el.click();
  else if (group) ofGroup(letter, group);
  else if (row && !chosen && !one("[data-act=recheck]", row)) ofRow(letter, row);
  else hint(T("{0} does nothing here", letter), chosen ? T("This cannot be done to all that is selected.") : row || one(OBJECT) ? T("There is no problem here to acknowledge.") : T("Go to a row first, with j and k."));
  return true;
}

// ofRow does what a letter means for the host or service of a row without
// buttons.
function ofRow(letter: string, row: Element): void {
  const object = objectOf(row);
  if (object === "") return hint(T("{0} does nothing here", letter), T("This row is neither a host nor a service."));
  const key = object.slice(path("").length).split("/").slice(2).join("|");
  const kind = LETTERS[letter]?.[0] ?? "";
  if (letter === "A") void send(path(`/act/${kind}`), new URLSearchParams({ on: key, go: "give", quick: "1" }), null);
  else takeFor(kind === SILENCE ? silence([key]) : kind, key);
}

// ofGroup does what a letter means for a group: its row tells what there is.
function ofGroup(letter: string, group: HTMLElement): void {
  const members = group.dataset["members"];
  if (letter === "d" && members) void sheet(make("a", { href: members }));
  else if (letter === "." && group.dataset["about"]) take(group, "more");
  else hint(T("{0} does nothing here", letter), T("For a group there are d (downtime for all in it) and . (all actions)."));
}

// An Offer is what can be done with the object of the page.
export interface Offer { kind: string; title: string; icon: string; key: string; about: string }

const offers = (): HTMLElement[] => all("[data-act]:not(.quick)", one(OBJECT) ?? document.createElement("div"));

// pageOffers returns what the buttons of the object of the page do.
export function pageOffers(): Offer[] {
  const about = (one(OBJECT)?.dataset["object"] ?? "").split("|").slice(1).map(decodeURIComponent).join(" / ");
  return offers().map((el) => {
    const kind = el.dataset["act"] ?? "";
    const title = [...el.childNodes].filter((n) => !(n instanceof Element && n.matches("svg, kbd"))).map((n) => n.textContent).join("").trim();
    const icon = one<SVGUseElement>("use", el)?.getAttribute("href")?.split("#i-")[1] ?? "right";
    return { kind, title, icon, about, key: letterOf(kind) };
  });
}

// letterOf returns the letter that does a kind, before all the one that is for it.
function letterOf(kind: string): string {
  const keys = Object.keys(LETTERS).filter((k) => LETTERS[k]?.includes(kind));
  return keys.find((k) => LETTERS[k]?.[0] === kind) ?? keys[0] ?? "";
}

// takeOffer does one of pageOffers, if the page still offers it.
export function takeOffer(kind: string): void {
  offers().find((el) => el.dataset["act"] === kind)?.click();
}

// offersFor returns what kinds are, for an object that is not of the page.
export function offersFor(kinds: string[]): Offer[] {
  return kinds.flatMap((kind) => {
    const deed = deeds()[kind];
    return deed ? [{ kind, title: deed.title, icon: deed.icon, key: letterOf(kind), about: "" }] : [];
  });
}

// takeFor does one of offersFor to the object with a key.
export function takeFor(kind: string, key: string): void {
  if (kind === "recheck") void send(path(`/act/${kind}`), new URLSearchParams({ on: key, go: "give", quick: "1" }), null);
  else void open(kind, [key]);
}

// when says in words what a typed time means.
const asked = new WeakMap<Element, number>();
function when(set: HTMLElement): void {
  const name = set.dataset["when"] ?? "";
  const chosen = one<HTMLInputElement>(`input[name="${name}"]:checked`, set);
  const text = chosen?.hasAttribute("data-other") ? one<HTMLInputElement>(`input[name="${name}_other"]`, set)?.value ?? "" : chosen?.value ?? "";
  const out = one("[data-when-words]", set);
  if (!out) return;
  window.clearTimeout(asked.get(set));
  if (text === "never") {
    out.textContent = T("Until the problem is solved.");
    return;
  }
  if (text.trim() === "") {
    out.textContent = "";
    return;
  }
  asked.set(set, window.setTimeout(() => {
    fetch(path("/act/when?text=") + encodeURIComponent(text) + "&of=" + name, { headers: { Accept: "application/json" }, cache: "no-store" }).then(async (res) => {
      const v = (await res.json()) as { words?: string; error?: string };
      out.textContent = v.words ?? v.error ?? "";
    }).catch(() => undefined);
  }, 120));
}

function chosenKeys(el: HTMLElement): string[] {
  const more = closest<HTMLFormElement>(el, "form[data-more]");
  if (more) return (one<HTMLInputElement>("[name=on]", more)?.value ?? "").split("\n").filter(Boolean);
  return el.hasAttribute("data-selected") ? [...selected()] : (el.dataset["on"] ?? "").split("\n");
}

// take does kind to what a button is about.
function take(el: HTMLElement, kind: string): void {
  const keys = chosenKeys(el);
  if (kind === SILENCE) kind = silence(keys);
  if (el.hasAttribute("data-quick")) {
    void send(path(`/act/${kind}`), new URLSearchParams({ on: keys.join("\n"), go: "give", quick: "1" }), null);
    return;
  }
  const bar = closest<HTMLFormElement>(el, "form:is([data-bulk], [data-more])");
  const every = bar ? one<HTMLInputElement>("[data-every]", bar)?.checked : false;
  const fields = bar ? new FormData(bar) : undefined;
  if (el.dataset["about"]) {
    const about = new FormData();
    about.set("about", el.dataset["about"]);
    void open(kind, keys, about);
    return;
  }
  void open(kind, every ? [] : keys, fields);
}

const LONG = 500; // ms of a long press

// picking shows the boxes that select rows, where a phone hides them.
function picking(yes: boolean): void {
  document.body.classList.toggle("picking", yes);
  for (const b of all("[data-picking]")) b.setAttribute("aria-pressed", String(yes));
}

// press selects a row by a long press on a touch screen.
function press(): void {
  let timer: number | undefined;
  on("touchstart", "table[data-live] tr[id]", (row, e) => {
    window.clearTimeout(timer);
    if (e.touches.length !== 1 || !one(".pick", row)) return;
    timer = window.setTimeout(() => {
      picking(true);
      one<HTMLInputElement>(".pick", row)?.click();
    }, LONG);
  });
  for (const type of ["touchend", "touchmove", "touchcancel"] as const) document.addEventListener(type, () => window.clearTimeout(timer), { passive: true });
}

export function startAct(): void {
  press();
  on("click", "[data-picking]", () => picking(!document.body.classList.contains("picking")));
  on("click", "a[data-sheet]", (el, e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
    e.preventDefault();
    void sheet(el as HTMLAnchorElement);
  });
  on("click", "[data-why]", (el, e) => {
    e.preventDefault();
    toast("warn", T("You may not do this here"), el.dataset["why"] ?? "");
  });
  on("click", "[data-act]", (el, e) => {
    if (e.ctrlKey || e.metaKey || e.button !== 0) return;
    e.preventDefault();
    take(el, el.dataset["act"] ?? "");
  });
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!(form instanceof HTMLFormElement) || !("actForm" in form.dataset) || e.defaultPrevented) return;
    const el = closest<HTMLDialogElement>(form, "dialog");
    if (!el) return; // a page of its own
    e.preventDefault();
    if (form.classList.contains("pending")) return;
    const button = e.submitter;
    busy(form, button, true);
    const body = new URLSearchParams([...new FormData(form, button)].map(([k, v]) => [k, String(v)]));
    void send(form.action, body, el).finally(() => busy(form, button, false));
  });
  on("click", "a[data-close]", (el, e) => {
    if (closest(el, "dialog")) e.preventDefault();
  });
  on("click", "[data-undo]", (el) => void undo(el.dataset["undo"] ?? ""));
  on("change", "[data-when]", (el, e) => {
    when(el);
    const other = (e.target as HTMLElement).hasAttribute("data-other") ? one<HTMLInputElement>(".other input", el) : null;
    other?.focus();
  });
  on("input", "[data-when]", (el) => when(el));
  document.addEventListener("merged", dressMarks);
  const here = one("[data-orders]");
  const ids = here?.dataset["orders"] ?? "";
  if (ids === "all") window.setInterval(() => {
    if (one(".spin", here ?? document) && !document.hidden) refresh();
  }, 1500);
  else if (here && one(".spin", here)) void follow(ids, here.dataset["tag"] ?? "");
  for (const x of known()) void follow(x);
}
