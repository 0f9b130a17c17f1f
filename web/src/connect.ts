// How a tab gets at the event stream: through the SharedWorker; where there is
// none, one tab holds it for all; where that cannot be arranged, each its own.
import { path } from "./dom";
import { Feed, type Message } from "./feed";

export type FromTab =
  | { kind: "join"; url: string; hidden: boolean }
  | { kind: "hidden"; hidden: boolean }
  | { kind: "retry" }
  | { kind: "leave" };

export interface Connection { retry(): void }

export function connect(hear: (m: Message) => void): Connection {
  const url = new URL(document.body.dataset["live"] ?? path("/live"), location.href).href;
  const worker = document.body.dataset["worker"];
  if (worker && "SharedWorker" in window) {
    try {
      return shared(worker, url, hear);
    } catch {
      // refused by the browser's settings: one of the other ways then
    }
  }
  if ("locks" in navigator && "BroadcastChannel" in window) return elected(url, hear);
  return alone(url, hear);
}

function shared(script: string, url: string, hear: (m: Message) => void): Connection {
  const worker = new SharedWorker(script, { name: "belvedere " + url });
  const tell = (m: FromTab): void => worker.port.postMessage(m);
  worker.port.onmessage = (e: MessageEvent<Message>) => hear(e.data);
  worker.onerror = () => alone(url, hear);
  tell({ kind: "join", url, hidden: document.hidden });
  document.addEventListener("visibilitychange", () => tell({ kind: "hidden", hidden: document.hidden }));
  window.addEventListener("pagehide", () => tell({ kind: "leave" }));
  window.addEventListener("pageshow", (e) => {
    if (e.persisted) tell({ kind: "join", url, hidden: document.hidden });
  });
  return { retry: () => tell({ kind: "retry" }) };
}

// elected lets the tab that gets a lock hold the stream and pass it on.
function elected(url: string, hear: (m: Message) => void): Connection {
  const channel = new BroadcastChannel("belvedere " + url);
  let feed: Feed | null = null;
  channel.onmessage = (e: MessageEvent<Message | { kind: "join" } | { kind: "retry" }>) => {
    if (e.data.kind === "join") {
      if (feed) channel.postMessage(feed.link);
      if (feed?.link.up && feed.last) channel.postMessage({ ...feed.last, counters: feed.counters, everything: true });
    } else if (e.data.kind === "retry") {
      feed?.retry();
    } else {
      hear(e.data);
    }
  };
  channel.postMessage({ kind: "join" });
  void navigator.locks.request("belvedere " + url, () => new Promise<void>((release) => {
    feed = new Feed(url, (m) => {
      hear(m);
      channel.postMessage(m);
    });
    feed.start();
    window.addEventListener("pagehide", () => {
      feed?.stop();
      release();
    });
  }));
  return { retry: () => (feed ? feed.retry() : channel.postMessage({ kind: "retry" })) };
}

// alone holds a stream of its own, only while the tab is shown: a browser has
// six connections to a server at most.
function alone(url: string, hear: (m: Message) => void): Connection {
  let feed: Feed | null = null;
  let timer: number | undefined;
  const stop = (): void => {
    feed?.stop();
    feed = null;
  };
  const follow = (): void => {
    window.clearTimeout(timer);
    if (document.hidden) {
      timer = window.setTimeout(stop, 5000);
    } else if (!feed) {
      feed = new Feed(url, hear);
      feed.start();
    }
  };
  follow();
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (e) => {
    if (e.persisted) follow();
  });
  return { retry: () => feed?.retry() };
}
