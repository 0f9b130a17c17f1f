// Sound and notifications of the browser for new problems: per view, off until
// switched on, silent in the quiet hours, one for a burst.
import { on, one, path, post, say, toast } from "./dom";
import { show } from "./menus";
import { T } from "./words";

interface Bell { sound: boolean; notify: boolean; from: string; to: string }

const APART = 5000; // ms between two rings of all windows of this browser
const WAKES = 500; // ms in which a browser lets a page be heard, if it may
const LAST = "belvedere rang";

let bells: Record<string, Bell> = {};
let sound: AudioContext | null = null;

// view names what is shown, without where in it one is.
function view(): string {
  const q = new URLSearchParams(location.search);
  for (const k of ["offset", "limit", "beside", "after", "before", "first", "until", "open", "closed", "sort"]) q.delete(k);
  q.sort();
  return location.pathname.slice(path("").length) + (q.size > 0 ? "?" + q.toString() : "");
}

const bell = (): Bell | undefined => bells[view()];

// bellOn reports whether this view rings, so that it has to be kept true while
// its window is hidden.
export const bellOn = (): boolean => bell() !== undefined;

// quiet reports whether a time of day, HH:MM, lies in the quiet hours.
export function quiet(from: string, to: string, now: string): boolean {
  if (from === to) return false;
  return from < to ? now >= from && now < to : now >= from || now < to;
}

async function beep(): Promise<void> {
  try {
    sound ??= new AudioContext();
    if (sound.state === "suspended") await Promise.race([sound.resume(), new Promise((go) => window.setTimeout(go, WAKES))]);
    if (sound.state === "suspended") {
      toast("warn", T("The browser kept this page silent"), T("Click into it once, then it may ring."));
      return;
    }
    const start = sound.currentTime;
    for (const [i, pitch] of [660, 880].entries()) {
      const tone = sound.createOscillator();
      const gain = sound.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.0001, start + i * 0.18);
      gain.gain.exponentialRampToValueAtTime(0.2, start + i * 0.18 + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, start + i * 0.18 + 0.17);
      tone.connect(gain).connect(sound.destination);
      tone.start(start + i * 0.18);
      tone.stop(start + i * 0.18 + 0.2);
    }
  } catch {
    // no sound on this machine
  }
}

function ring(b: Bell, text: string): void {
  if (b.sound) void beep();
  if (!b.notify || !("Notification" in window) || Notification.permission !== "granted") return;
  const options = { body: text, tag: "belvedere " + view(), icon: one<HTMLLinkElement>('link[rel="icon"]')?.dataset["plain"] ?? "", data: location.href };
  try {
    const note = new Notification("Belvedere", options);
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch {
    // Phones have them through the service worker alone.
    void navigator.serviceWorker.ready.then((own) => own.showNotification("Belvedere", options));
  }
}

// news rings for new problems, unless another window just did.
function news(text: string): void {
  const b = bell();
  const now = new Date();
  if (!b || quiet(b.from, b.to, now.toTimeString().slice(0, 5))) return;
  try {
    if (now.getTime() - Number(localStorage.getItem(LAST) ?? 0) < APART) return;
    localStorage.setItem(LAST, String(now.getTime()));
  } catch {
    // no storage: each window rings
  }
  ring(b, text);
}

const dialog = (): HTMLDialogElement | null => one<HTMLDialogElement>("#bell");
const box = (name: string): HTMLInputElement | null => one<HTMLInputElement>(`#bell [name="${name}"]`);

function read(): Bell {
  return { sound: box("sound")?.checked ?? false, notify: box("notify")?.checked ?? false, from: box("from")?.value ?? "", to: box("to")?.value ?? "" };
}

function mark(): void {
  const button = one("[data-bell]");
  button?.setAttribute("aria-pressed", String(bellOn()));
}

// openBell shows the choice for this view.
export function openBell(): void {
  const d = dialog();
  if (!d) return;
  const b = bell() ?? { sound: false, notify: false, from: "22:00", to: "07:00" };
  for (const name of ["sound", "notify"] as const) {
    const el = box(name);
    if (el) el.checked = b[name];
  }
  for (const name of ["from", "to"] as const) {
    const el = box(name);
    if (el) el.value = b[name];
  }
  show(d);
}

async function keep(): Promise<void> {
  const b = read();
  if (b.notify && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  if (b.notify && (!("Notification" in window) || Notification.permission !== "granted")) {
    toast("warn", one("#bell")?.dataset["denied"] ?? "");
    b.notify = false;
  }
  const next = { ...bells };
  if (b.sound || b.notify) next[view()] = b;
  else delete next[view()];
  if (!(await post("/preferences", { name: "bell", value: JSON.stringify(next) }))) {
    toast("crit", one("#bell")?.dataset["failed"] ?? "");
    return;
  }
  bells = next;
  dialog()?.close();
  mark();
  say(dialog()?.dataset[bellOn() ? "on" : "off"] ?? "");
}

export function startBell(): void {
  try {
    bells = JSON.parse(document.body.dataset["bells"] || "{}") as Record<string, Bell>;
  } catch {
    bells = {};
  }
  const button = one("[data-bell]");
  if (button && (one("table[data-solved]") || location.pathname === path("/problems"))) button.hidden = false;
  mark();
  on("click", "[data-bell]", () => openBell());
  on("click", "[data-bell-try]", () => ring(read(), one("#bell h2")?.textContent ?? ""));
  document.addEventListener("submit", (e) => {
    if (!(e.target instanceof HTMLFormElement) || e.target.closest("#bell") === null) return;
    e.preventDefault();
    void keep();
  });
  document.addEventListener("problems", (e) => news((e as CustomEvent<string>).detail));
}
