// What a form of an action would reach, asked again while it is filled in.
import { all, closest, on, one } from "./dom";

const WAIT = 250; // ms after the last change

let timer: number | undefined;
let asked: AbortController | null = null;

function stop(): void {
  window.clearTimeout(timer);
  asked?.abort();
}

async function ask(form: HTMLFormElement): Promise<void> {
  asked = new AbortController();
  const mine = asked;
  const body = new URLSearchParams([...new FormData(form)].map(([k, v]) => [k, String(v)]));
  try {
    const res = await fetch(form.action + "/form", { method: "POST", body, headers: { "X-Belvedere-Block": "impact", Accept: "text/html" }, signal: mine.signal });
    if (!res.ok) return; // what is wrong is said when the order is given
    const parsed = document.createElement("template");
    parsed.innerHTML = await res.text();
    if (mine.signal.aborted || !form.isConnected) return;
    const title = one("#act-h", form);
    const fresh = decodeURIComponent(res.headers.get("X-Belvedere-Title") ?? "");
    if (title && fresh && title.textContent !== fresh) title.textContent = fresh;
    reach(form, parsed.content);
    number(form, parsed.content);
  } catch {
    // the next change asks again, and the server looks once more when the order is given
  }
}

// reach says what is reached now. What is spoken stays the same element; lists
// that were open stay so.
function reach(form: HTMLFormElement, fresh: ParentNode): void {
  const old = one("[data-impact]", form);
  const now = one("[data-impact]", fresh);
  if (!old || !now) return;
  const none = now.hasAttribute("data-idle");
  const button = one<HTMLButtonElement>("footer button:not([type])", form);
  if (button) button.disabled = none;
  const lists = all<HTMLDetailsElement>("details", old).map((d) => ({ open: d.open, focus: d.contains(document.activeElement) }));
  if (old.textContent === now.textContent) return;
  old.dataset["impact"] = now.dataset["impact"] ?? "";
  old.toggleAttribute("data-idle", none);
  old.replaceChildren(...now.childNodes);
  all<HTMLDetailsElement>("details", old).forEach((d, i) => {
    d.open = lists[i]?.open ?? false;
    if (lists[i]?.focus) one("summary", d)?.focus();
  });
}

// number asks for the number to type, where that is asked for now. What was
// typed stays.
function number(form: HTMLFormElement, fresh: ParentNode): void {
  const old = one("[data-number]", form);
  const now = one("[data-number]", fresh);
  const field = old ? one<HTMLInputElement>("input", old) : null;
  if (!old || !now || !field) return;
  const label = one("label", old);
  const text = one("label", now);
  const same = label?.textContent === text?.textContent;
  if (!same && label && text) label.replaceChildren(...text.childNodes);
  if (!same) {
    one(".err", old)?.remove(); // it spoke of another number
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  old.hidden = now.hidden;
  field.disabled = now.hidden;
}

// startImpact has the form of an action say again what it reaches when
// something in it was changed.
export function startImpact(): void {
  on("change", "form[data-act-form]", (el, e) => {
    if (closest<HTMLInputElement>(e.target, "input")?.name === "confirm") return;
    stop();
    timer = window.setTimeout(() => void ask(el as HTMLFormElement), WAIT);
  });
  on("submit", "form[data-act-form]", stop);
}
