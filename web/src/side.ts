// The detail of a host or service beside its list. The address carries it as
// "beside", so that it can be sent; where there is no room for it, its own page
// is shown.
import { fillAges } from "./ages";
import { all, closest, make, on, one, path, say, symbol } from "./dom";
import { leaveFor } from "./leave";
import { asking } from "./live";
import { T } from "./words";

const WIDE = "(min-width: 1000px)";
const TABLES = "hosts services comments downtimes sites"; // as the blocks of these pages have
const FOLLOW = 150; // ms after which the detail follows the keys

let shown = ""; // address of the object, with prefix
let asked: AbortController | null = null;
let timer: number | undefined;

const side = (): HTMLElement | null => document.getElementById("side");
const roomy = (): boolean => matchMedia(WIDE).matches;

// objectOf returns the address of what a row is about, "" when it is neither a
// host nor a service.
export function objectOf(row: Element): string {
  const links = all<HTMLAnchorElement>(":is(th, td) a[href]", row).map((a) => a.pathname);
  const is = (kind: string): string | undefined => links.find((l) => l.startsWith(path(`/${kind}/`)));
  return one(":scope > [data-of]", row)?.dataset["of"] ?? (row.hasAttribute("data-site") ? "" : is("service") ?? is("host") ?? "");
}

// sideShows reports whether the detail of this row is beside the list.
export const sideShows = (row: Element): boolean => shown !== "" && objectOf(row) === shown;

// openSide shows the object of a row beside the list; false: there is no room,
// or the row has none.
export function openSide(row: Element): boolean {
  const href = objectOf(row);
  if (href === "" || !roomy()) return false;
  void show(href);
  return true;
}

// followSide lets an open detail follow the row that has the focus.
export function followSide(row: Element): void {
  if (shown === "") return;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => openSide(row), FOLLOW);
}

// closeSide closes the detail and gives the focus back to its row. It reports
// whether there was one.
export function closeSide(): boolean {
  const el = side();
  if (!el) return false;
  const row = all("table[data-live] tr[id]").find((r) => sideShows(r));
  asked?.abort();
  window.clearTimeout(timer);
  shown = "";
  el.remove();
  document.body.classList.remove("beside");
  remember();
  mark();
  if (row) {
    row.tabIndex = -1;
    row.focus();
  }
  return true;
}

// remember writes what is open into the address.
function remember(): void {
  const u = new URL(location.href);
  if (shown) u.searchParams.set("beside", shown.slice(path("").length));
  else u.searchParams.delete("beside");
  if (u.href !== location.href) history.replaceState(history.state, "", u);
}

// mark shows which row the detail belongs to.
function mark(): void {
  for (const row of all("tr[aria-current]")) if (!sideShows(row)) row.removeAttribute("aria-current");
  if (shown) for (const row of all("table[data-live] tr[id]")) if (sideShows(row)) row.setAttribute("aria-current", "true");
}

function frame(): HTMLElement {
  const old = side();
  if (old) return old;
  const close = make("button", { type: "button", class: "btn quiet ic", "data-side-close": "", "aria-label": T("Close"), title: T("Close") + " (Esc)" }, symbol("i-x", "i"));
  const el = make("aside", { class: "side", id: "side", "aria-label": T("Detail"), tabindex: "-1" },
    make("header", {}, make("a", { class: "btn", href: "#", "data-side-page": "" }, symbol("i-link", "i"), T("Open page")), make("span", { class: "end" }), close),
    make("div", { class: "body" }));
  document.body.append(el);
  document.body.classList.add("beside");
  return el;
}

async function show(href: string): Promise<void> {
  const el = frame();
  shown = href;
  remember();
  mark();
  one<HTMLAnchorElement>("[data-side-page]", el)?.setAttribute("href", href);
  asked?.abort();
  const mine = (asked = new AbortController());
  const body = one(".body", el);
  body?.setAttribute("aria-busy", "true");
  try {
    const res = await fetch(href, { headers: asking("peek"), signal: mine.signal, cache: "no-store" });
    if (res.status === 401) return location.reload();
    const parsed = document.createElement("template");
    parsed.innerHTML = await res.text();
    const fresh = one('[data-block="peek"]', parsed.content);
    if (!res.ok || !fresh) return failed(body);
    fillAges(fresh);
    fresh.setAttribute("data-tables", TABLES);
    fresh.setAttribute("data-src", href);
    fresh.setAttribute("data-tag", res.headers.get("ETag") ?? "");
    body?.replaceChildren(fresh);
    body?.scrollTo(0, 0);
    say((one("h2", fresh)?.textContent ?? "").trim() + " " + (one(".st", fresh)?.textContent ?? "").trim());
  } catch {
    if (!mine.signal.aborted) failed(body);
  } finally {
    if (asked === mine) body?.removeAttribute("aria-busy");
  }
}

function failed(body: HTMLElement | null): void {
  body?.replaceChildren(make("div", { class: "empty" }, symbol("i-alert", "i"), make("h2", {}, T("The detail cannot be shown")), make("p", {}, T("Its page may say why. It is the button above."))));
}

// startSide opens what the address names and listens for the buttons.
export function startSide(): void {
  on("click", "[data-peek]", (el) => {
    const row = closest(el, "tr");
    const href = el.dataset["peek"] ?? "";
    if (row && !openSide(row)) leaveFor(href);
  });
  on("click", "[data-side-close]", () => closeSide());
  // What sorts, filters or pages the list keeps the detail open.
  on("click", "main a[href]", (el) => {
    const a = el as HTMLAnchorElement;
    if (!shown || a.pathname !== location.pathname || a.host !== location.host) return;
    const u = new URL(a.href);
    u.searchParams.set("beside", shown.slice(path("").length));
    a.href = u.href;
  });
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!shown || !(form instanceof HTMLFormElement) || form.method !== "get" || new URL(form.action).pathname !== location.pathname) return;
    if (!one("[name=beside]", form)) form.append(make("input", { type: "hidden", name: "beside", value: shown.slice(path("").length) }));
  });
  document.addEventListener("merged", () => {
    if (!shown) return;
    remember(); // what folded the list wrote another address
    mark();
  });
  const wanted = new URL(location.href).searchParams.get("beside") ?? "";
  if (!/^\/(host|service)\/[^/]/.test(wanted) || !one("table[data-live]")) return;
  if (roomy()) void show(path(wanted));
  else location.replace(path(wanted));
}
