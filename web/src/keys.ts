// Keys. Single letters act only when no field has the focus, and can be
// switched off.
import { actKey, undoLast } from "./act";
import { all, closest, hint, make, one, post, say, toast } from "./dom";
import { unfold } from "./folds";
import { leaveFor, toWall } from "./leave";
import { showCollected, togglePause } from "./live";
import { closeTop, cycleTheme, openSheet } from "./menus";
import { openPalette, singleKeys } from "./palette";
import { closeSide, followSide, objectOf, openSide, sideShows } from "./side";
import { clearSelection, selectAll, selectTo, toggleRow } from "./view";
import { T } from "./words";

function typing(e: KeyboardEvent): boolean {
  const el = e.target;
  if (!(el instanceof HTMLElement)) return false;
  if (closest(el, "dialog:not([open])")) return false; // it has just been closed, and the focus is on its way
  if (el instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(el.type);
  return el.isContentEditable || el.matches("textarea, select");
}

const rows = (): HTMLTableRowElement[] => all<HTMLTableRowElement>("table[data-live] tbody > tr[id]").filter((r) => !r.hidden && r.offsetParent !== null && (!r.classList.contains("grp") || one("[data-fold]", r)));
const current = (): HTMLTableRowElement | null => closest<HTMLTableRowElement>(document.activeElement, "table[data-live] tbody > tr[id]");

function go(step: 1 | -1): void {
  const list = rows();
  const at = current();
  const i = at ? list.indexOf(at) : -1;
  const next = list[i < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(i + step, 0), list.length - 1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  followSide(next);
}

// regroup goes on to the next grouping of the list.
function regroup(): boolean {
  const links = all<HTMLAnchorElement>("[data-groups] a");
  const next = links[(links.findIndex((l) => l.hasAttribute("aria-current")) + 1) % links.length];
  next?.click();
  return next !== undefined;
}

// leader is true for a moment after "g".
let leader = 0;

function letter(key: string): boolean {
  if (leader > Date.now()) {
    leader = 0;
    const link = one<HTMLAnchorElement>(`.nav a[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    return link !== null;
  }
  const row = current();
  switch (key) {
    case "g": leader = Date.now() + 1500; return true;
    case "j": go(1); return true;
    case "k": go(-1); return true;
    case "h": return atRow(key, row, (r) => unfold(r, false), T("This row has nothing folded."));
    case "l": return atRow(key, row, (r) => unfold(r, true), T("This row has nothing folded."));
    case "v": return regroup() || nothing(key, T("This page has no other grouping."));
    case "x": return atRow(key, row, toggleRow, T("This row cannot be selected."));
    case "X": return atRow(key, row, selectTo, T("This row cannot be selected."));
    case "/": return focusFilter() || !nothing(key, T("This page has no filter.")); // a browser may search by it
    case "u": showCollected(); return true;
    case "p": togglePause(); return true;
    case "y": copyLink(row); return true;
    case "t": cycleTheme(); return true;
    case "w": return toWall() || nothing(key, T("This page cannot be shown on a wall."));
    case "i": return openChooser();
    case "z": return undoLast() || nothing(key, T("There is nothing to take back."));
    case "?": openSheet(); return true;
  }
  return actKey(key, row);
}

// nothing says why a key did nothing.
function nothing(key: string, why: string): true {
  hint(T("{0} does nothing here", key), why);
  return true;
}

// atRow does something with the row that has the focus, or says why not.
function atRow(key: string, row: HTMLTableRowElement | null, does: (row: HTMLTableRowElement) => boolean, why: string): true {
  if (!row) return nothing(key, T("Go to a row first, with j and k."));
  return does(row) || nothing(key, why);
}

// openPage opens the page of what a row is about.
function openPage(row: HTMLTableRowElement): void {
  const href = objectOf(row);
  if (href) leaveFor(href);
  else one<HTMLAnchorElement>("th a[href], a[href]", row)?.click();
}

function focusFilter(): boolean {
  const field = one<HTMLInputElement>('form[data-filter] input:not([type="hidden"])');
  field?.focus();
  field?.select();
  field?.click(); // the query bar shows what can be written
  return field !== null;
}

function openChooser(): boolean {
  const menu = one<HTMLDetailsElement>("[data-chooser]");
  if (!menu) return false;
  menu.open = true;
  one("input", menu)?.focus();
  return true;
}

function copyLink(row: HTMLTableRowElement | null): void {
  const link = row ? one<HTMLAnchorElement>("th a, a", row)?.href : location.href;
  void copy(link ?? location.href, T("link"));
}

// copy copies text and says so.
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without HTTPS: the old way.
    const field = make("textarea", { class: "sr", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    const ok = document.execCommand("copy");
    field.remove();
    if (!ok) return void toast("warn", T("The browser does not let this page copy"), T("Select the text and copy it yourself."));
  }
  say(T("Copied: {0}", what));
  toast("ok", T("Copied: {0}", what));
}

function escape(): boolean {
  if (closeTop()) return true;
  if (closeSide()) return true;
  if (clearSelection()) return true;
  const row = current();
  row?.blur();
  return row !== null;
}

export function startKeys(): void {
  document.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "k") {
      e.preventDefault();
      openPalette();
      return;
    }
    if (one("dialog[open]")) return; // the dialog handles its own, Esc included
    if (e.key === "Escape") {
      if (escape()) e.preventDefault();
      return;
    }
    if (typing(e)) return;
    const row = current();
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "a" && rows().length > 0) {
      e.preventDefault();
      selectAll(rows());
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Enter" && row && e.target === row) {
      if (sideShows(row) || !openSide(row)) openPage(row);
      return;
    }
    if (singleKeys() && e.key.length === 1 && letter(e.key)) e.preventDefault();
  });
  const box = one<HTMLInputElement>("[data-keys-switch]");
  box?.addEventListener("change", () => {
    if (box.checked) delete document.body.dataset["keys"];
    else document.body.dataset["keys"] = "off";
    void post("/preferences", { name: "keys", value: box.checked ? "on" : "off" });
  });
}
