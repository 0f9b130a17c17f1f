// Small helpers over the document.
import { T } from "./words";

export const all = <E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] => [...root.querySelectorAll<E>(selector)];
export const one = <E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E | null => root.querySelector<E>(selector);
export const closest = <E extends Element = HTMLElement>(target: EventTarget | null, selector: string): E | null =>
  target instanceof Element ? target.closest<E>(selector) : null;

// blocks returns the blocks of the page, in their order. It does not look into
// them: a list can have hundreds of thousands of elements.
export function blocks(root: Element = document.body): HTMLElement[] {
  const out: HTMLElement[] = [];
  for (const el of root.children) {
    if (el instanceof HTMLElement && el.dataset["block"] !== undefined) out.push(el);
    else out.push(...blocks(el));
  }
  return out;
}

// frame returns what is around the content of the page: menu, top bar, dialogs.
export const frame = (): Element[] => [...document.body.children].filter((el) => el.id !== "main");

// on calls fn for events of a type whose target lies in an element that
// matches: one listener for elements that come and go.
export function on<K extends keyof DocumentEventMap>(type: K, selector: string, fn: (el: HTMLElement, e: DocumentEventMap[K]) => void): void {
  document.addEventListener(type, (e) => {
    const el = closest(e.target, selector);
    if (el) fn(el, e);
  });
}

// path returns an address of the server: the prefix before p.
export const path = (p: string): string => (document.body.dataset["prefix"] ?? "") + p;

// make creates an element with attributes and children.
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, attrs: Record<string, string> = {}, ...kids: (Node | string)[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
  el.append(...kids);
  return el;
}

// symbol draws a symbol of the sprite: "i-host", "s-crit".
export function symbol(name: string, className: string): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", (document.body.dataset["sprite"] ?? "") + "#" + name);
  svg.append(use);
  return svg;
}

// say speaks to screen readers, politely.
export function say(text: string): void {
  const el = document.getElementById("say");
  if (el) el.textContent = text;
}

// toast shows news about what the person did; failed ones stay.
export function toast(kind: "ok" | "warn" | "crit", title: string, detail = ""): HTMLElement {
  const icon = kind === "ok" ? "check" : "alert";
  const el = make("div", { class: "toast", role: "status" }, symbol("i-" + icon, "i " + kind), make("strong", {}, title),
    make("button", { type: "button", class: "btn quiet ic", "data-dismiss": "", "aria-label": T("Close") }, symbol("i-x", "i")));
  if (detail) el.append(make("p", { class: "mut s" }, detail));
  document.getElementById("toasts")?.append(el);
  fade(el, kind);
  return el;
}

// hint says why a key did nothing: one at a time, and not for long.
export function hint(title: string, detail: string): void {
  one(".toast[data-hint]")?.remove();
  const el = toast("warn", title, detail);
  el.dataset["hint"] = "";
  fade(el, "ok");
}

// fade removes a toast about something that went well after 8 s, unless the
// pointer or the focus is on it.
export function fade(el: HTMLElement, kind: string): void {
  if (kind !== "ok") return;
  const timer = window.setInterval(() => {
    if (el.matches(":hover, :focus-within")) return;
    window.clearInterval(timer);
    el.remove();
  }, 8000);
}

// post sends a small form and reports whether the server took it.
export async function post(p: string, fields: Record<string, string> | FormData): Promise<boolean> {
  const body = fields instanceof FormData ? new URLSearchParams([...fields].map(([k, v]) => [k, String(v)])) : new URLSearchParams(fields);
  try {
    const res = await fetch(path(p), { method: "POST", body, headers: { Accept: "application/json" } });
    return res.ok;
  } catch {
    return false;
  }
}
