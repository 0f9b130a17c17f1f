// What a page does on a wall or inside another page: the clock, the next view
// of a rotation, and a picture that never burns in.
import { now } from "./ages";
import { all, one } from "./dom";
import { renewBlock } from "./live";
import { T, hourMinute } from "./words";

const SHIFT_EVERY = 60_000;
const SITES_EVERY = 10_000;
const LEAF_EVERY = 12_000; // ms that a screenful of a long page is shown
const SHIFTS: [number, number][] = [[0, 0], [3, 1], [5, 4], [2, 6], [-2, 5], [-4, 2], [-5, -2], [-2, -5], [2, -4], [4, -2]];

// startScreen begins it.
export function startScreen(): void {
  window.setInterval(tell, 1000);
  tell();
  if (document.body.classList.contains("onwall")) {
    document.addEventListener("keydown", (e) => {
      if (e.key === "w" || e.key === "Escape") one<HTMLAnchorElement>(".leave")?.click();
    });
    let at = 0;
    window.setInterval(() => {
      at = (at + 1) % SHIFTS.length;
      const [x, y] = SHIFTS[at] ?? [0, 0];
      const main = document.getElementById("main");
      if (main) main.style.transform = `translate(${x}px, ${y}px)`;
    }, SHIFT_EVERY);
    leaves();
    window.setInterval(() => renewBlock("-wall-sites"), SITES_EVERY); // a site that is well has no news, and its age grows
  }
  const every = Number(document.body.dataset["every"] ?? 0);
  if (every > 0) window.setTimeout(() => void turn(every), every * 1000);
}

// leaves shows a page that is longer than the wall a screenful at a time.
function leaves(): void {
  const box = one(".wallplain");
  if (!box) return;
  const tell = (): void => {
    const of = Math.ceil((box.scrollHeight - 1) / box.clientHeight);
    const at = Math.min(Math.ceil((box.scrollTop + box.clientHeight) / box.clientHeight), of);
    const words = one("[data-leaf]");
    if (words) words.textContent = of > 1 ? T("Screen {0} of {1}", at, of) : "";
    // A row that is not wholly there is on the next screen.
    const view = box.getBoundingClientRect();
    const cut = all(".wallplain tbody tr").map((r) => r.getBoundingClientRect()).find((r) => r.top > view.top && r.top < view.bottom && r.bottom > view.bottom + 1);
    const off = cut ? (100 * (view.bottom - cut.top)) / view.height : 0;
    box.style.clipPath = off > 0 ? `inset(0 0 ${off.toFixed(3)}% 0)` : "";
  };
  window.setInterval(() => {
    const end = box.getBoundingClientRect().bottom;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 2) {
      box.scrollTop = 0;
    } else {
      // The first row that is not wholly there comes to the top.
      const next = all(".wallplain tbody tr").find((r) => r.getBoundingClientRect().bottom > end);
      if (next) next.scrollIntoView({ block: "start", behavior: "instant" });
      else box.scrollTop += box.clientHeight * 0.9;
    }
    tell();
  }, LEAF_EVERY);
  window.setInterval(tell, 1000);
  tell();
}

const today = new Date().getDate();
let renewed = false;

function tell(): void {
  if (!renewed && new Date().getDate() !== today) { // the date on the wall is the server's to write
    renewed = true;
    void turn(60, location.href);
  }
  const text = hourMinute(now() * 1000);
  for (const el of all("[data-clock]")) if (el.textContent !== text) el.textContent = text;
}

// turn opens the next view once the server has it: the last picture is better
// than the browser's page about a lost connection.
async function turn(every: number, next = document.body.dataset["turn"] || location.href): Promise<void> {
  try {
    const res = await fetch(next, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(20_000) });
    if (res.ok || res.status === 404 || res.status === 401 || res.status === 403) return location.replace(next);
  } catch {
    // not reachable: the banner tells
  }
  window.setTimeout(() => void turn(every), every * 1000);
}
