// Lists: more rows while one scrolls, texts to copy, the order of columns.
import { all, closest, make, on, one, say } from "./dom";
import { copy } from "./keys";
import { fillAges } from "./ages";
import { remember } from "./merge";
import { extend, leadBack, parts } from "./pager";
import { read } from "./rows";
import { dress } from "./view";
import { renewNear } from "./live";

const MOST = 10_000; // rows loaded by themselves; the link leads on
const AHEAD = "600px"; // how early the next rows are asked for
const BOUNDED = "1000"; // rows of a part of the list, should it grow

let loading = false;
let watch: IntersectionObserver | null = null;

// nextLink returns the link to the rows that follow, of the last part.
function nextLink(): HTMLAnchorElement | null {
  const last = parts().pop();
  return last ? one<HTMLAnchorElement>('.pager a[rel="next"]', last) : null;
}

// part names a part of the list that ends with the given place, so that what
// is loaded stays true whatever comes and goes before it.
function part(href: string, until: string): string {
  const u = new URL(href, location.href);
  u.searchParams.set("until", until);
  u.searchParams.set("limit", BOUNDED);
  return u.pathname + u.search;
}

// more loads the rows behind link and puts them below.
async function more(link: HTMLAnchorElement): Promise<void> {
  const block = closest(link, "[data-block]");
  const until = one("[data-until]", block ?? document)?.dataset["until"] ?? "";
  if (loading || !block || !until || all('[data-block="list"] tbody > tr[id]').length >= MOST) return;
  loading = true;
  link.setAttribute("aria-busy", "true");
  try {
    const res = await fetch(link.href, { headers: { "X-Belvedere-Block": "list", Accept: "text/html" }, cache: "no-store" });
    if (res.status === 401) return location.reload();
    if (!res.ok) return;
    const parsed = document.createElement("template");
    const text = await res.text();
    parsed.innerHTML = text;
    const fresh = one('[data-block="list"]', parsed.content);
    if (!fresh || !block.isConnected || !link.isConnected) return;
    const next = make("div", { "data-block": "list", "data-tables": block.dataset["tables"] ?? "", "data-src": new URL(link.href).pathname + new URL(link.href).search, class: "cont" });
    extend(block, next);
    leadBack(next, fresh);
    dress(fresh);
    fillAges(fresh);
    next.append(...fresh.childNodes);
    block.dataset["src"] = part(block.dataset["src"] ?? location.href, until);
    one(".pager", block)?.remove();
    block.after(next);
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
  if (!nextLink()) return;
  watchNext();
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
