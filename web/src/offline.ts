// Pages that come from the service worker: they say so, and how old they are.
import { ago } from "./ages";
import { all, make, one, path, symbol } from "./dom";
import { T, clock, dateTime } from "./words";

// startOffline registers the service worker, for people who are signed in, and
// marks a page that is only a kept picture.
export function startOffline(): void {
  const kept = Number(document.body.dataset["kept"] ?? 0);
  if (kept > 0) mark(kept);
  if (document.body.classList.contains("app") && "serviceWorker" in navigator) {
    navigator.serviceWorker.register(path("/sw.js"), { scope: path("/"), updateViaCache: "none" }).catch(() => undefined); // refused by the browser's settings
  }
  const list = one("[data-kept-pages]");
  if (list) void pages(list);
}

function mark(kept: number): void {
  for (const live of all("[data-live-mark]")) live.hidden = true;
  const age = make("time", {});
  const write = (): void => { age.textContent = ago((Date.now() - kept) / 1000); };
  write();
  window.setInterval(write, 1000);
  const button = make("button", { type: "button", class: "btn" }, symbol("i-recheck", "i"), T("Try now"));
  button.addEventListener("click", () => location.reload());
  one("#main")?.prepend(make("div", { class: "banner crit", role: "alert", id: "b-kept" }, symbol("i-nolink", "i"),
    make("p", {}, make("b", {}, T("No connection: this is an old picture.")), " " + T("It was made at {0},", clock(kept)) + " ", age, " " + T("ago. Nothing here is live.")), button));
}

// pages lists what can be seen without connection.
async function pages(list: HTMLElement): Promise<void> {
  if (!("caches" in window)) return;
  for (const name of await caches.keys()) {
    if (!name.startsWith("belvedere-pages-")) continue;
    const cache = await caches.open(name);
    for (const req of [...await cache.keys()].reverse()) {
      const kept = await cache.match(req);
      if (!kept) continue; // signed out meanwhile
      const at = Number(kept.headers.get("X-Kept") ?? 0);
      const u = new URL(req.url);
      const search = u.search ? " " + decodeURIComponent(u.search.replace(/\+/g, " ")) : "";
      list.append(make("li", {}, make("a", { class: "lk", href: u.pathname + u.search }, (titleOf(await kept.text()) || decodeURI(u.pathname)) + search), " ", make("time", { class: "dim s", title: dateTime(at) }, ago((Date.now() - at) / 1000))));
    }
  }
}

const ENTITIES: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&amp;": "&" };

// titleOf returns the title of a page of ours without the count before it and
// the name of the program behind it.
function titleOf(html: string): string {
  const title = /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? "";
  return title.replace(/^\(\d+\) | · [^·]*$/g, "").replace(/&(lt|gt|amp|#34|#39);/g, (e) => ENTITIES[e] ?? e);
}
