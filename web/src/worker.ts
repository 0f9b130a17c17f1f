// The SharedWorker: holds the one event stream of this browser and hands what
// comes to all its tabs. Hidden tabs hear at most every 5 s.
import { Feed, merge, type Message, type News } from "./feed";
import type { FromTab } from "./connect";

interface Tab { port: MessagePort; hidden: boolean; due: number; held: News | null }

const HIDDEN_EVERY = 5000;
const tabs = new Set<Tab>();
let feed: Feed | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function deliver(tab: Tab, m: Message): void {
  if (m.kind !== "news" || !tab.hidden) {
    tab.port.postMessage(m);
    return;
  }
  tab.held = tab.held ? merge(tab.held, m) : m;
  flush();
}

// flush sends what is held for hidden tabs when it is time.
function flush(): void {
  const now = Date.now();
  let next = Infinity;
  for (const tab of tabs) {
    if (!tab.held) continue;
    if (!tab.hidden || now >= tab.due) {
      tab.port.postMessage(tab.held);
      tab.held = null;
      tab.due = now + HIDDEN_EVERY;
    } else {
      next = Math.min(next, tab.due - now);
    }
  }
  clearTimeout(timer);
  if (next < Infinity) timer = setTimeout(flush, next);
}

function hear(tab: Tab, m: FromTab): void {
  switch (m.kind) {
    case "join":
      if (!feed) {
        feed = new Feed(m.url, (x) => tabs.forEach((t) => deliver(t, x)));
        feed.start();
      } else {
        tab.port.postMessage(feed.link);
        // The page may be older than what has come since: it will see by rev.
        if (feed.link.up && feed.last) tab.port.postMessage({ ...feed.last, counters: feed.counters, everything: true });
      }
      tab.hidden = m.hidden;
      break;
    case "hidden":
      tab.hidden = m.hidden;
      if (!tab.hidden) flush();
      break;
    case "retry":
      feed?.retry();
      break;
    case "leave":
      tabs.delete(tab);
      if (tabs.size === 0) {
        feed?.stop();
        feed = null;
      }
  }
}

(self as unknown as { onconnect: (e: MessageEvent) => void }).onconnect = (e) => {
  const port = e.ports[0];
  if (!port) return;
  const tab: Tab = { port, hidden: false, due: 0, held: null };
  tabs.add(tab);
  port.onmessage = (x: MessageEvent<FromTab>) => {
    tabs.add(tab); // a page that came back from the history
    hear(tab, x.data);
  };
};
