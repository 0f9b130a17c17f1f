// Ages count up by one timer. The words are those of the server.
import { all, blocks, frame } from "./dom";
import { T, dateTime } from "./words";

let offset = -Infinity; // server clock minus ours, in seconds

// setClock tells what time it is at the server, unix seconds. What is told is
// rounded down and was under way, so the largest difference seen is the truest,
// until one of the clocks was set.
export function setClock(serverNow: number): void {
  if (serverNow <= 0) return;
  const next = serverNow - Date.now() / 1000;
  if (next > offset || next < offset - 5) offset = next;
}

export const now = (): number => Date.now() / 1000 + (offset === -Infinity ? 0 : offset);

// ago writes a length of time with two units at most.
export function ago(seconds: number): string {
  const s = Math.max(Math.floor(seconds), 0);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m`;
  if (s < 86400) {
    const m = Math.floor((s % 3600) / 60);
    return m > 0 ? `${Math.floor(s / 3600)} h ${m} m` : `${Math.floor(s / 3600)} h`;
  }
  if (s < 10 * 86400) {
    const h = Math.floor((s % 86400) / 3600);
    if (h > 0) return `${Math.floor(s / 86400)} d ${h} h`;
  }
  return `${Math.floor(s / 86400)} d`;
}

// fillAges writes all ages below root as they are at this moment.
export function fillAges(root: ParentNode): void {
  const t = Math.floor(now());
  for (const el of all("time[data-age]", root)) write(el, ago(t - Number(el.dataset["age"])));
  for (const el of all("time[data-ago]", root)) {
    const s = t - Number(el.dataset["ago"]);
    write(el, s < -2 ? T("in {0}", ago(-s)) : T("{0} ago", ago(s)));
  }
}

function write(el: HTMLElement, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

// Of a list that was loaded in parts only those in sight, or close to it, are
// counted up. Asking where one is would make the browser lay out what it left
// out so far; the observer tells without.
const far = new WeakSet<Element>(); // parts that are out of sight
const known = new WeakSet<Element>(); // parts that are watched
let watch: IntersectionObserver | null = null;

// inSight reports whether the ages of a part must be true now, and watches it
// from then on.
function inSight(part: Element): boolean {
  watch ??= new IntersectionObserver((seen) => {
    for (const s of seen) {
      if (!s.isIntersecting) {
        far.add(s.target);
      } else if (far.delete(s.target)) {
        fillAges(s.target);
      }
    }
  }, { rootMargin: "50%" });
  if (!known.has(part)) {
    known.add(part);
    watch.observe(part);
  }
  return !far.has(part);
}

function count(): void {
  if (document.hidden) return;
  const shown = blocks();
  if (shown.filter((b) => b.dataset["block"] === "list").length < 2) return fillAges(document);
  for (const b of shown) if (b.dataset["block"] !== "list" || inSight(b)) fillAges(b);
  for (const el of frame()) fillAges(el);
}

export function startAges(): void {
  window.addEventListener("beforeprint", () => {
    fillAges(document);
    for (const el of all("[data-printed]")) write(el, dateTime(now() * 1000));
  });
  setClock(Number(document.body.dataset["now"] ?? 0));
  window.setInterval(count, 1000);
  document.addEventListener("visibilitychange", count);
}
