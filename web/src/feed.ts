// The event stream of the server: one connection, however many tabs.

export interface Count { n: number; state?: string; text: string }

export interface News {
  kind: "news";
  boot: number; // of the server
  rev: number;
  counters: Record<string, Count>;
  tables: string[]; // with changed rows
  spread: number; // ms over which to spread what is asked
  drawn: Record<string, string>; // marks of blocks at that version, by name: X-Belvedere-Drawn of answers has both
  everything: boolean; // nobody knows what was missed: all may have changed
  at: number; // unix seconds of the newest data
  now: number; // unix seconds at the server
  assets: string; // "" unknown
}
export interface Link { kind: "link"; up: boolean; heard: number } // heard: Date.now() of the last sign of life
export interface Bye { kind: "bye" }
export type Message = News | Link | Bye;

interface Wire { boot: number; rev: number; counters?: Record<string, Count>; dirty?: { tables?: string[] }; spread?: number; drawn?: Record<string, string>; at: number; now: number; assets?: string }

const SILENT = 20_000; // ms without a sign of life: the connection is dead

// merge returns the news of both as one.
export function merge(a: News, b: News): News {
  return {
    kind: "news", boot: b.boot, rev: b.rev, counters: { ...a.counters, ...b.counters }, tables: [...new Set([...a.tables, ...b.tables])],
    spread: Math.max(a.spread, b.spread), drawn: b.tables.length > 0 || b.everything ? b.drawn : a.drawn,
    everything: a.everything || b.everything, at: Math.max(a.at, b.at), now: b.now, assets: b.assets || a.assets,
  };
}

// A Feed keeps one EventSource open and connects again with growing, jittered
// pauses. It runs in a SharedWorker or in a page.
export class Feed {
  counters: Record<string, Count> = {};
  last: News | null = null;
  link: Link = { kind: "link", up: true, heard: Date.now() }; // up until it fails
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private fails = 0;

  constructor(private url: string, private emit: (m: Message) => void) {}

  start(): void {
    this.open();
    this.watch = setInterval(() => {
      if (this.link.up && Date.now() - this.link.heard > SILENT) this.fail();
    }, 5000);
  }

  stop(): void {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.source?.close();
    this.source = null;
  }

  // retry connects at once.
  retry(): void {
    if (this.link.up) return;
    this.fails = 0;
    this.open();
  }

  private open(): void {
    clearTimeout(this.timer);
    this.source?.close();
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("hello", (e) => this.take(e, true));
    source.addEventListener("change", (e) => this.take(e, false));
    source.addEventListener("beat", (e) => this.take(e, false));
    source.addEventListener("bye", () => {
      this.fail();
      this.emit({ kind: "bye" });
    });
    source.onerror = () => this.fail();
  }

  private take(e: MessageEvent<string>, hello: boolean): void {
    const w = JSON.parse(e.data) as Wire;
    this.fails = 0;
    this.counters = { ...this.counters, ...w.counters };
    const wasDown = !this.link.up;
    this.link = { kind: "link", up: true, heard: Date.now() };
    if (wasDown) this.emit(this.link);
    this.last = { kind: "news", boot: w.boot, rev: w.rev, counters: w.counters ?? {}, tables: w.dirty?.tables ?? [], spread: w.spread ?? 0, drawn: w.drawn ?? {}, everything: hello, at: w.at, now: w.now, assets: w.assets ?? this.last?.assets ?? "" };
    this.emit(this.last);
  }

  private fail(): void {
    this.source?.close();
    this.source = null;
    if (this.link.up) {
      this.link = { kind: "link", up: false, heard: this.link.heard };
      this.emit(this.link);
    }
    this.fails++;
    const ceiling = Math.min(500 * 2 ** this.fails, 30_000);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), ceiling / 2 + Math.random() * ceiling / 2);
  }
}
