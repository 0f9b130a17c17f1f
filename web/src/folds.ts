// Folds: links that show and hide a part of a list. The address says what is
// open, so that it survives updates, reloads and being sent to a colleague.
import { closest, on, one } from "./dom";
import { renewNear } from "./live";
import { merge } from "./merge";
import { leadBack, parts, refold } from "./pager";
import { read } from "./rows";

let busy = false;

// follow draws the list as the link has it, without leaving the page. Of a list
// that was loaded in parts it draws the one with the link; what the fold changes
// in others follows.
async function follow(link: HTMLAnchorElement): Promise<void> {
  const block = closest(link, "[data-block]");
  const name = block?.dataset["block"] ?? "";
  if (!block || busy) return;
  busy = true;
  const to = new URL(link.href);
  const src = block.dataset["src"];
  const asked = src ? refold(src, to) : link.href;
  try {
    const res = await fetch(asked, { headers: { "X-Belvedere-Block": name, Accept: "text/html" }, cache: "no-store" });
    if (!res.ok) return location.assign(link.href);
    const fresh = one(`[data-block="${CSS.escape(name)}"]`, read(await res.text()));
    if (!fresh || !block.isConnected) return;
    history.replaceState(history.state, "", src ? refold(location.href, to) : link.href);
    if (src) {
      block.dataset["src"] = asked;
      leadBack(block, fresh);
      for (const other of parts().filter((p) => p !== block)) {
        other.dataset["src"] = refold(other.dataset["src"] ?? location.href, to);
        other.dataset["stale"] = "";
      }
    }
    await merge(block, fresh, true, true);
    renewNear();
  } catch {
    location.assign(link.href);
  } finally {
    busy = false;
  }
}

// headOf returns the row whose fold a row lies in: that of its cause, the first
// of its host, or the head of its group.
function headOf(row: HTMLTableRowElement): HTMLTableRowElement | null {
  const inner = ["kid", "same"].find((c) => row.classList.contains(c));
  let at = row.previousElementSibling;
  while (at && (inner ? at.matches(".kid, ." + inner) : !at.classList.contains("grp"))) at = at.previousElementSibling;
  return at as HTMLTableRowElement | null;
}

// unfold opens or closes the fold of a row, or else the one that it lies in, and
// reports whether there is one.
export function unfold(row: HTMLTableRowElement, wide: boolean): boolean {
  const head = one("a[data-fold]", row) ? row : headOf(row);
  const link = head && one<HTMLAnchorElement>("a[data-fold]", head);
  if (!head || !link) return false;
  if ((link.getAttribute("aria-expanded") === "true") === wide) return true;
  if (!wide && head !== row) {
    head.tabIndex = -1;
    head.focus();
  }
  void follow(link);
  return true;
}

export function startFolds(): void {
  on("click", "a[data-fold]", (el, e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button !== 0) return;
    e.preventDefault();
    void follow(el as HTMLAnchorElement);
  });
}
