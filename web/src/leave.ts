// A page that is being left asks for nothing more: its answers would come too
// late, or be refused because the person has signed out.
import { closest, one } from "./dom";

const STAYS = 5000; // ms after which a page that is still here was not left: the answer was a file

let since = 0; // when a form was sent or a link followed, 0 never
const stops: (() => void)[] = [];
const goes: (() => void)[] = [];

// leaving reports whether another page is on its way.
export const leaving = (): boolean => since > 0 && Date.now() - since < STAYS;

// onLeave calls stop when the page is about to be left, and go when it was not
// after all.
export function onLeave(stop: () => void, go: () => void): void {
  stops.push(stop);
  goes.push(go);
}

// leaveFor leads to another page.
export function leaveFor(href: string): void {
  leave();
  location.href = href;
}

// toWall shows the page, as it is now, on a wall.
export function toWall(): boolean {
  if (!one("[data-on-wall]")) return false;
  const to = new URL(location.href);
  to.searchParams.set("wall", "1");
  leaveFor(to.href);
  return true;
}

function leave(): void {
  since = Date.now();
  for (const stop of stops) stop();
  window.setTimeout(() => {
    if (!leaving()) stay();
  }, STAYS + 50);
}

function stay(): void {
  since = 0;
  for (const go of goes) go();
}

// leads reports whether a link leads to another page in this window.
function leads(link: HTMLAnchorElement): boolean {
  if (!link.href || link.download || (link.target && link.target !== "_self") || !/^https?:$/.test(link.protocol)) return false;
  return link.hash === "" || link.pathname !== location.pathname || link.search !== location.search;
}

export function startLeave(): void {
  // On the window: whoever takes over a form or a link has done so by then.
  window.addEventListener("submit", (e) => {
    if (!e.defaultPrevented && e.target instanceof HTMLFormElement && e.target.method !== "dialog") leave();
  });
  window.addEventListener("click", (e) => {
    const link = closest<HTMLAnchorElement>(e.target, "a[href]");
    if (link && !e.defaultPrevented && e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey && !e.altKey && leads(link)) leave();
  });
  window.addEventListener("pagehide", () => {
    for (const stop of stops) stop();
  });
  window.addEventListener("pageshow", (e) => {
    if (e.persisted) stay();
  });
}
