// Ages count up by one timer. The words are those of the server.
import { all } from "./dom";
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

const LONG = 300; // rows from which only those in sight are counted up

// inSight returns what has ages that can be seen: of a long list the rows in
// the window and a little around it.
function inSight(): ParentNode[] {
  const tables = all<HTMLTableElement>("table[data-live]");
  if (tables.reduce((n, t) => n + t.rows.length, 0) < LONG) return [document];
  const reach = window.innerHeight / 2;
  // Asked where a row is, the browser lays out the whole part of the list it is
  // in, even one that it left out so far: parts out of sight are not asked.
  const rows = tables.filter((t) => {
    const box = (t.closest(".panel") ?? t).getBoundingClientRect();
    return box.bottom > -reach && box.top < window.innerHeight + reach;
  }).flatMap((t) => all("tbody > tr", t)).filter((r) => !r.hidden);
  let lo = 0;
  let hi = rows.length;
  while (lo < hi) { // the first row that ends below the upper edge
    const mid = (lo + hi) >> 1;
    if ((rows[mid] as HTMLElement).getBoundingClientRect().bottom < -reach) lo = mid + 1;
    else hi = mid;
  }
  const out: ParentNode[] = all("body > *:not(main), main [data-block]:not(:has(table[data-live]))");
  for (let i = lo; i < rows.length; i++) {
    const row = rows[i] as HTMLElement;
    if (row.getBoundingClientRect().top > window.innerHeight + reach) break;
    out.push(row);
  }
  return out;
}

function count(): void {
  if (document.hidden) return;
  for (const part of inSight()) fillAges(part);
}

export function startAges(): void {
  window.addEventListener("beforeprint", () => {
    fillAges(document);
    for (const el of all("[data-printed]")) write(el, dateTime(now() * 1000));
  });
  setClock(Number(document.body.dataset["now"] ?? 0));
  window.setInterval(count, 1000);
  document.addEventListener("visibilitychange", count);
  let due = 0;
  window.addEventListener("scroll", () => {
    if (due === 0) due = window.setTimeout(() => {
      due = 0;
      count();
    }, 100);
  }, { passive: true });
}
