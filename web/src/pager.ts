// The pager of a list that was loaded in parts stands below the last of them and
// leads on from there, and back to what is before the first.
import { blocks, one } from "./dom";

const previous = (part: ParentNode): HTMLAnchorElement | null => one<HTMLAnchorElement>('.pager a[rel="prev"]', part);

// parts are those of the list, in their order.
export const parts = (): HTMLElement[] => blocks().filter((b) => b.dataset["block"] === "list");

// extend keeps the way back of the part before for the part that follows it.
export function extend(before: HTMLElement, next: HTMLElement): void {
  next.dataset["prev"] = before.dataset["prev"] ?? previous(before)?.getAttribute("href") ?? "";
}

// leadBack gives fresh markup of a part the way back of the whole list.
export function leadBack(part: HTMLElement, fresh: ParentNode): void {
  const to = part.dataset["prev"];
  if (to === undefined) return;
  const link = previous(fresh);
  if (to === "") link?.remove();
  else link?.setAttribute("href", to);
}

// refold gives an address the folds of another one.
export function refold(href: string, like: URL): string {
  const u = new URL(href, location.href);
  for (const name of ["open", "closed"]) {
    u.searchParams.delete(name);
    for (const id of like.searchParams.getAll(name)) u.searchParams.append(name, id);
  }
  return u.pathname + u.search;
}
