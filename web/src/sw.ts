// The service worker: keeps the last picture of the pages a person looked at
// and shows it, marked with its age, when the server cannot be reached. It
// never answers for blocks, streams or forms, so nothing live comes from here.
export {};

interface Fetching extends Event { request: Request; notification: Notification; respondWith(r: Promise<Response>): void; waitUntil(p: Promise<unknown>): void }
interface Window { url: string; focus(): Promise<unknown> }
interface Windows { claim(): Promise<void>; matchAll(o: { type: "window" }): Promise<Window[]>; openWindow(url: string): Promise<unknown> }
interface Scope { addEventListener(type: string, f: (e: Fetching) => void): void; skipWaiting(): Promise<void>; clients: Windows; registration: { scope: string } }
const worker = self as unknown as Scope;

const PAGES = "belvedere-pages-"; // and the person
const FILES = "belvedere-files";
const PAGES_MOST = 40;
const FILES_MOST = 24;
const WAIT = 12_000; // ms for a page, before its last picture is shown
const base = new URL(worker.registration.scope).pathname; // "/", "/belvedere/"

worker.addEventListener("install", (e) => e.waitUntil(Promise.all([
  worker.skipWaiting(),
  fetch(base + "offline", { credentials: "same-origin" }).then(async (res) => { if (res.ok) await (await caches.open(FILES)).put(base + "offline", res); }).catch(() => undefined),
])));
worker.addEventListener("activate", (e) => e.waitUntil(worker.clients.claim()));

// A notification leads to the page that told it.
worker.addEventListener("notificationclick", (e) => {
  const url = String(e.notification.data);
  e.notification.close();
  e.waitUntil(worker.clients.matchAll({ type: "window" }).then((all) => all.find((w) => w.url === url)?.focus() ?? worker.clients.openWindow(url)));
});

worker.addEventListener("fetch", (e) => {
  const req = e.request;
  const url = new URL(req.url);
  if (url.origin !== self.location.origin || !url.pathname.startsWith(base)) return;
  const at = url.pathname.slice(base.length);
  if (req.method === "POST" && at === "logout") {
    e.waitUntil(forget(""));
    return;
  }
  if (req.method !== "GET") return;
  // The icons of window and app are asked for beside the page: one that is left
  // meanwhile would have Firefox report an error here.
  if (at.startsWith("assets/") && !/\/(favicon\.svg|icon-\d+\.png)$/.test(at)) {
    e.respondWith(file(e, req));
  } else if (req.mode === "navigate" && !at.startsWith("screen/")) {
    e.respondWith(page(e, req));
  }
});

// forget deletes what is kept for all but one person.
async function forget(keep: string): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(PAGES) && name !== PAGES + keep) await caches.delete(name);
}

// file answers for the files of the front end, whose addresses change with
// their content. A page that is left while it loads ends the fetch: that is no
// fault to report.
async function file(e: Fetching, req: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  const have = await cache.match(req);
  if (have) return have;
  try {
    const res = await fetch(req);
    if (res.ok) e.waitUntil(cache.put(req, res.clone()).then(() => bound(cache, FILES_MOST)).catch(() => undefined));
    return res;
  } catch {
    return new Response(null, { status: 504 });
  }
}

// page asks the server, and shows the last picture when there is no answer.
async function page(e: Fetching, req: Request): Promise<Response> {
  try {
    const res = await within(fetch(req), WAIT);
    e.waitUntil(remember(req.url, res.clone()).catch(() => undefined)); // a page that is left is not kept
    return res;
  } catch {
    return lastPicture(req.url);
  }
}

function within<T>(p: Promise<T>, ms: number): Promise<T> {
  return Promise.race([p, new Promise<T>((_, no) => setTimeout(() => no(new Error("slow")), ms))]);
}

// remember keeps a page for the person it was made for; a page for nobody, such
// as the one to sign in, ends what was kept.
async function remember(url: string, res: Response): Promise<void> {
  if (res.type === "opaqueredirect" || !(res.headers.get("Content-Type") ?? "").startsWith("text/html")) return;
  const person = res.headers.get("X-Belvedere-Person");
  if (!person) {
    if (res.ok) await forget("");
    return;
  }
  await forget(person);
  if (!res.ok || res.redirected) return;
  const headers = new Headers({ "Content-Type": "text/html; charset=utf-8", "X-Kept": String(Date.now()) });
  for (const name of ["Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"]) {
    const v = res.headers.get(name);
    if (v) headers.set(name, v);
  }
  const cache = await caches.open(PAGES + person);
  const key = url.split("#")[0] ?? url;
  await cache.delete(key); // the newest is the last one
  await cache.put(key, new Response(await res.text(), { headers }));
  await bound(cache, PAGES_MOST);
}

// bound deletes the oldest beyond most.
async function bound(cache: Cache, most: number): Promise<void> {
  const keys = (await cache.keys()).filter((k) => !k.url.endsWith("/offline"));
  for (const k of keys.slice(0, Math.max(keys.length - most, 0))) await cache.delete(k);
}

// lastPicture returns what is kept of a page, marked with when it was made, else
// the page that says there is no connection.
async function lastPicture(url: string): Promise<Response> {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PAGES)) continue;
    const cache = await caches.open(name);
    const have = await cache.match(url.split("#")[0] ?? url);
    if (!have) {
      // The first page is a redirect, of which there is no picture: the app opens with what was seen last.
      const newest = (await cache.keys()).at(-1);
      if (newest && new URL(url).pathname === base) return Response.redirect(newest.url);
      continue;
    }
    const html = (await have.text()).replace("<body ", `<body data-kept="${Number(have.headers.get("X-Kept"))}" `);
    return new Response(html, { headers: have.headers });
  }
  return (await (await caches.open(FILES)).match(base + "offline")) ?? Response.error();
}
