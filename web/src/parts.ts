// A form whose answer comes in parts: the steps of a connection test.
import { all, on, one, say, toast } from "./dom";
import { busy } from "./menus";
import { T } from "./words";

interface Part { list?: string; id?: string; html?: string; go?: string }

const running = new WeakMap<HTMLFormElement, AbortController>();

function take(p: Part): void {
  if (p.go) {
    location.href = p.go;
    return;
  }
  const parsed = document.createElement("template");
  parsed.innerHTML = p.html ?? "";
  if (!p.list) {
    const target = document.getElementById(p.id ?? "");
    if (target) {
      target.replaceChildren(parsed.content);
      target.hidden = false;
      target.scrollIntoView({ block: "nearest" });
    }
    return;
  }
  const list = document.getElementById(p.list);
  if (!list) return;
  list.hidden = false;
  const old = p.id ? one("#" + CSS.escape(p.id), list) : null;
  if (old) old.replaceWith(parsed.content);
  else list.append(parsed.content);
}

// send posts the form and shows what comes back, line by line.
async function send(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  running.get(form)?.abort();
  const mine = new AbortController();
  running.set(form, mine);
  for (const id of (button.dataset["stream"] ?? "").split(" ").filter(Boolean)) document.getElementById(id)?.replaceChildren();
  busy(form, button, true);
  try {
    const body = new URLSearchParams([...new FormData(form, button)].map(([k, v]) => [k, String(v)]));
    const to = button.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
    const res = await fetch(to, { method: "POST", body, headers: { Accept: "application/x-ndjson, application/json" }, signal: mine.signal });
    if (!res.ok || !res.body) {
      const e = (await res.json().catch(() => ({}))) as { error?: string; hint?: string };
      toast("crit", e.error ?? T("The server did not answer"), e.hint ?? "");
      return;
    }
    await lines(res.body, (line) => take(JSON.parse(line) as Part));
    say(T("Done"));
  } catch {
    if (!mine.signal.aborted) toast("crit", T("The connection to Belvedere broke off"), T("Try again."));
  } finally {
    if (running.get(form) === mine) {
      running.delete(form);
      busy(form, button, false);
    }
  }
}

async function lines(body: ReadableStream<Uint8Array>, fn: (line: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const p of parts) if (p.trim() !== "") fn(p);
    if (done) break;
  }
  if (rest.trim() !== "") fn(rest);
}

export function startParts(): void {
  on("click", "button[data-stream]", (el, e) => {
    const button = el as HTMLButtonElement;
    const form = button.form;
    if (!form) return;
    e.preventDefault();
    if (!button.formNoValidate && !form.reportValidity()) return;
    void send(form, button);
  });
  window.addEventListener("pagehide", () => {
    for (const form of all<HTMLFormElement>("form")) running.get(form)?.abort();
  });
}
