// What the person did to the page and a live update must not undo: selected
// rows. Kept by key, so that it survives sorting and paging.
import { all, closest, on, one } from "./dom";
import { T } from "./words";

const KEEP = "belvedere view " + location.pathname; // of this list, while the window lives
const chosen = new Set<string>(); // row keys
let anchor: HTMLTableRowElement | null = null; // where a range begins

export const keyOf = (row: Element): string => row.getAttribute("data-key") ?? row.id;
export const selected = (): ReadonlySet<string> => chosen;

// remember keeps the selection for when the list is sorted, filtered or paged.
function remember(): void {
  try {
    if (chosen.size === 0) sessionStorage.removeItem(KEEP);
    else sessionStorage.setItem(KEEP, JSON.stringify([...chosen]));
  } catch {
    // no storage: it lasts as long as the page
  }
}

// recall takes back what was kept, when the page before was the same list.
function recall(): void {
  let from = "";
  try {
    from = new URL(document.referrer).pathname;
  } catch {
    // opened anew
  }
  try {
    if (from !== location.pathname && performance.getEntriesByType("navigation").every((n) => (n as PerformanceNavigationTiming).type === "navigate")) {
      sessionStorage.removeItem(KEEP);
      return;
    }
    for (const k of JSON.parse(sessionStorage.getItem(KEEP) ?? "[]") as string[]) chosen.add(k);
  } catch {
    return;
  }
  const main = one("#main");
  if (main && chosen.size > 0) dress(main);
  showBulk();
}

// dress makes fresh markup look like what the person made of the present one.
export function dress(fresh: Element): void {
  for (const row of fresh.matches("tr[id]") ? [fresh] : all("tr[id]", fresh)) {
    if (chosen.has(keyOf(row))) mark(row, true);
  }
}

function mark(row: Element, picked: boolean): void {
  if (picked) row.setAttribute("aria-selected", "true");
  else row.removeAttribute("aria-selected");
  const box = one<HTMLInputElement>(".pick", row);
  if (box) box.checked = picked;
}

// Headings of groups have the focus, too, but stand for no object.
// selectable reports whether a row can be selected: it has a box for it.
const selectable = (row: Element): boolean => one(".pick", row) !== null;

// select selects or deselects a row.
export function select(row: HTMLTableRowElement, picked: boolean): void {
  if (!selectable(row)) return;
  if (picked) chosen.add(keyOf(row));
  else chosen.delete(keyOf(row));
  mark(row, picked);
  showBulk();
}

// selectTo selects all rows from the last selected one to row, which reports
// whether it can be.
export function selectTo(row: HTMLTableRowElement): boolean {
  const rows = all<HTMLTableRowElement>("tr[id]", row.closest("table") ?? document).filter((r) => !r.hidden && selectable(r));
  const from = anchor ? rows.indexOf(anchor) : -1;
  const to = rows.indexOf(row);
  if (to < 0) return false;
  const [a, b] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
  for (const r of rows.slice(a, b + 1)) select(r, true);
  return true;
}

// selectAll selects rows; when all of them are, it selects none.
export function selectAll(rows: HTMLTableRowElement[]): void {
  const every = rows.filter(selectable).every((r) => chosen.has(keyOf(r)));
  for (const r of rows) select(r, !every);
}

// toggleRow selects a row or no longer does, and reports whether it can be.
export function toggleRow(row: HTMLTableRowElement): boolean {
  if (!selectable(row)) return false;
  select(row, !chosen.has(keyOf(row)));
  anchor = row;
  return true;
}

// clearSelection reports whether there was one.
export function clearSelection(): boolean {
  const had = chosen.size > 0;
  chosen.clear();
  for (const row of all('tr[aria-selected="true"]')) mark(row, false);
  showBulk();
  return had;
}

let barred = false; // the bar shows a selection

// showBulk shows the bar of bulk actions with the number of selected rows. It
// searches nothing while nothing is selected: every update calls it.
export function showBulk(): void {
  if (chosen.size === 0 && !barred) return;
  barred = chosen.size > 0;
  remember();
  const shown = chosen.size === 0 ? 0 : all("tr[id]").filter((r) => chosen.has(keyOf(r))).length;
  for (const bar of all(".bulk")) {
    bar.hidden = chosen.size === 0;
    const out = one<HTMLOutputElement>("output", bar);
    if (out) out.value = shown < chosen.size ? T("{0} selected, {1} not shown", chosen.size, chosen.size - shown) : T("{0} selected", chosen.size);
  }
  for (const box of all<HTMLInputElement>(".pick-all")) {
    const table = box.closest("table") ?? document;
    const n = chosen.size === 0 ? 0 : all("tbody .pick:checked", table).length;
    const every = n > 0 && n === all("tbody .pick", table).length;
    box.checked = every;
    box.indeterminate = n > 0 && !every;
  }
}

export function startView(): void {
  recall();
  on("change", ".pick", (el) => {
    const row = closest<HTMLTableRowElement>(el, "tr");
    if (!row) return;
    select(row, (el as HTMLInputElement).checked);
    anchor = row;
  });
  on("change", ".pick-all", (el) => {
    const picked = (el as HTMLInputElement).checked;
    for (const row of all<HTMLTableRowElement>("tbody tr[id]", el.closest("table") ?? document)) if (!row.hidden && one(".pick", row)) select(row, picked);
  });
  on("click", "[data-clear]", () => clearSelection());
}
