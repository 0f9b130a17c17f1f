// The buttons of a row. The server writes what can be done and a link to all of
// it; the buttons are there while the pointer or the focus is in the row.
import { closest, make, one, path, symbol } from "./dom";
import { T } from "./words";

interface Deed { title: string; icon: string; key: string }

// deeds are what can be done to a host or service, by kind.
export const deeds = (): Record<string, Deed> => ({
  acknowledge: { title: T("Acknowledge"), icon: "ack", key: "a" }, unacknowledge: { title: T("Remove acknowledgement"), icon: "ack", key: "a" },
  downtime: { title: T("Downtime"), icon: "downtime", key: "d" }, recheck: { title: T("Recheck"), icon: "recheck", key: "r" },
  comment: { title: T("Comment"), icon: "comment", key: "c" }, more: { title: T("More actions"), icon: "more", key: "." },
});

const made = new Set<Element>(); // rows with buttons

const cellOf = (row: Element): HTMLElement | null => one(":scope > .pin[data-name]", row);

// furnished reports whether a row has its buttons.
export const furnished = (row: Element): boolean => one(":scope > .pin[data-name] > .acts", row) !== null;

// furnish gives a row its buttons, and takes them from those that were left.
export function furnish(row: Element): void {
  for (const other of made) if (other !== row && !other.matches(":is(:hover, :focus-within)")) strip(other);
  made.add(row);
  equip(row);
}

// equip draws the buttons of a row: of one of the page, or of what comes in its
// place.
export function equip(row: Element): void {
  const cell = cellOf(row);
  if (!cell || furnished(row)) return;
  const all = one<HTMLAnchorElement>(":scope > a", cell); // the link to all that can be done
  all?.append(symbol("i-more", "i"));
  const buttons: Element[] = [];
  const name = cell.dataset["name"] ?? "";
  const of = cell.dataset["of"];
  if (of) buttons.push(face("button", "columns", { type: "button", "data-peek": of, title: T("Open beside the list") + " (Enter)", "aria-label": T("Open {0} beside the list", name) }));
  const not = cell.dataset["not"] ?? "";
  const key = all?.dataset["on"] ?? "";
  for (const kind of (cell.dataset["can"] ?? "").split(" ")) {
    const deed = deeds()[kind];
    if (!deed || (all && kind === "more")) continue;
    const label = deed.title + ": " + name;
    if (!all) {
      buttons.push(face("button", deed.icon, { type: "button", "aria-disabled": "true", "data-why": not, title: not, "aria-label": label }));
      continue;
    }
    if (kind === "acknowledge") buttons.push(face("button", "check", { type: "button", class: "btn ic quick", "data-act": kind, "data-quick": "", "data-on": key, title: T("I have it: acknowledge at once") + " (A)", "aria-label": T("Acknowledge {0} at once", name) }));
    buttons.push(face("a", deed.icon, { "data-act": kind, ...(kind === "recheck" ? { "data-quick": "" } : {}), "data-on": key, href: path(`/act/${kind}?on=${encodeURIComponent(key)}`), title: `${deed.title} (${deed.key})`, "aria-label": label }));
  }
  cell.prepend(make("div", { class: "acts" }, ...buttons));
}

const face = (tag: "a" | "button", icon: string, attrs: Record<string, string>): Element => make(tag, { class: "btn", ...attrs }, symbol("i-" + icon, "i"));

function strip(row: Element): void {
  made.delete(row);
  const cell = cellOf(row);
  one(":scope > .acts", cell ?? row)?.remove();
  one(":scope > a", cell ?? row)?.replaceChildren();
}

export function startActs(): void {
  for (const type of ["pointerover", "focusin"]) {
    document.addEventListener(type, (e) => {
      const row = closest(e.target, "table[data-live] tr[id]");
      if (row) furnish(row);
    }, { passive: true });
  }
}
