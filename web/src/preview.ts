// A form that shows beside it what it would do, while it is filled in.
import { all, on, one } from "./dom";
import { fillAges } from "./ages";

const WAIT = 250; // ms after the last change

let timer: number | undefined;
let asked: AbortController | null = null;

async function show(form: HTMLFormElement, to: string): Promise<void> {
  asked?.abort();
  asked = new AbortController();
  const body = new URLSearchParams([...new FormData(form)].map(([k, v]) => [k, String(v)]));
  try {
    const res = await fetch(to, { method: "POST", body, headers: { "X-Belvedere-Block": "preview", Accept: "text/html" }, signal: asked.signal });
    if (!res.ok) return; // what is wrong is said when it is sent
    const parsed = document.createElement("template");
    parsed.innerHTML = await res.text();
    const fresh = one('[data-block="preview"]', parsed.content);
    const block = one('[data-block="preview"]');
    if (!fresh || !block) return;
    block.replaceChildren(...fresh.childNodes);
    fillAges(block);
  } catch {
    // the next change asks again
  }
}

// startPreview has forms with data-preview ask for it at each change.
export function startPreview(): void {
  if (all("form[data-preview]").length === 0) return;
  on("input", "form[data-preview]", (el) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void show(el as HTMLFormElement, el.dataset["preview"] ?? ""), WAIT);
  });
}
