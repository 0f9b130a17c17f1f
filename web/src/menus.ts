// Menus, dialogs, toasts, theme, forms: the small manners of the page.
import { all, closest, fade, make, on, one, post, say, symbol } from "./dom";
import { T } from "./words";

// closeTop closes an open menu and gives its button the focus.
export function closeTop(): boolean {
  const menu = one<HTMLDetailsElement>("details.dd[open]");
  if (!menu) return false;
  menu.open = false;
  one("summary", menu)?.focus();
  return true;
}

const THEMES = ["auto", "light", "dark"] as const;

export function setTheme(theme: string): void {
  document.documentElement.dataset["theme"] = theme;
  for (const b of all("[data-theme-set]")) b.setAttribute("aria-pressed", String(b.dataset["themeSet"] === theme));
  void post("/preferences", { name: "theme", value: theme });
}

// cycleTheme goes from light to dark and back; what the system says comes
// first.
export function cycleTheme(): void {
  const now = document.documentElement.dataset["theme"] ?? THEMES[0];
  const dark = now === "dark" || (now === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(dark ? "light" : "dark");
  say(dark ? T("Light") : T("Dark"));
}

// openSheet shows the sheet of keys.
export function openSheet(): void {
  const sheet = one<HTMLDialogElement>("#keysheet");
  if (sheet) show(sheet);
}

// opened remembers what had the focus when a dialog opened.
const opened = new WeakMap<HTMLDialogElement, Element>();

// show opens a dialog; when it closes the focus goes back to where it was.
export function show(dialog: HTMLDialogElement): void {
  if (dialog.open) return;
  const from = document.activeElement;
  if (from) opened.set(dialog, from);
  dialog.showModal();
  dialog.addEventListener("close", () => {
    const back = opened.get(dialog);
    if (back instanceof HTMLElement && back.isConnected) back.focus();
    else if (back?.id) document.getElementById(back.id)?.focus();
  }, { once: true });
}

// confirmed asks a question in a dialog.
function confirmed(question: string, verb: string): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = make("button", { type: "button", class: "btn bad" }, verb);
    const no = make("button", { type: "button", class: "btn" }, T("Cancel"));
    const dialog = make("dialog", { class: "dlg", "aria-labelledby": "confirm-h" },
      make("header", {}, make("h2", { id: "confirm-h" }, verb)), make("div", { class: "body" }, make("p", {}, question)), make("footer", {}, yes, no));
    let answer = false;
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    show(dialog);
    no.focus();
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
  });
}

// busy marks the button of a form that has been sent.
export function busy(form: HTMLFormElement, button: HTMLElement | null, yes: boolean): void {
  form.classList.toggle("pending", yes);
  form.setAttribute("aria-busy", String(yes));
  if (!button) return;
  button.classList.toggle("busy", yes);
  const spin = one("svg.spin", button);
  if (yes && !spin) button.prepend(symbol("i-recheck", "i spin"));
  if (!yes) spin?.remove();
}

function forms(): void {
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!(form instanceof HTMLFormElement)) return;
    const button = e.submitter;
    const ask = button?.dataset["confirm"] ?? form.dataset["confirm"];
    if (ask && button?.dataset["sure"] !== "1") {
      e.preventDefault();
      void confirmed(ask, (button?.textContent ?? T("Continue")).trim()).then((sure) => {
        if (!sure) return;
        if (button) button.dataset["sure"] = "1";
        form.requestSubmit(button);
      });
      return;
    }
    if (!("pending" in form.dataset) || e.defaultPrevented) return;
    if (form.classList.contains("pending")) {
      e.preventDefault(); // pressed twice
      return;
    }
    window.setTimeout(() => busy(form, button, true));
  });
  window.addEventListener("pageshow", (e) => {
    if (e.persisted) for (const form of all<HTMLFormElement>("form.pending")) busy(form, one(".busy", form), false);
  });
  on("change", "form[data-auto] :is(input, select)", (el) => closest<HTMLFormElement>(el, "form")?.requestSubmit());
  on("input", "input[data-find-in]", (el) => {
    const words = (el as HTMLInputElement).value.toLowerCase();
    const list = document.getElementById(el.dataset["findIn"] ?? "");
    for (const li of all("li", list ?? document.createElement("ul"))) li.hidden = !(li.textContent ?? "").toLowerCase().includes(words);
  });
}

export function startMenus(): void {
  // On a phone the current tab, or the host a graph is about, may be beyond the edge.
  for (const el of all(".tabs [aria-current], .gph .sel")) {
    const box = closest(el, ".tabs, .scroll");
    if (!box) continue;
    const at = el.getBoundingClientRect(), frame = box.getBoundingClientRect();
    box.scrollLeft += at.left + at.width / 2 - frame.left - frame.width / 2;
  }
  document.addEventListener("click", (e) => {
    for (const d of all<HTMLDetailsElement>("details.dd[open]")) if (!d.contains(e.target as Node)) d.open = false;
  });
  on("click", "[data-open]", (el) => {
    const dialog = document.getElementById(el.dataset["open"] ?? "");
    for (const d of all<HTMLDetailsElement>("details.dd[open]")) {
      d.open = false;
      one("summary", d)?.focus();
    }
    if (dialog instanceof HTMLDialogElement) show(dialog);
  });
  on("click", "[data-close]", (el) => closest<HTMLDialogElement>(el, "dialog")?.close());
  on("click", "dialog", (el, e) => {
    if (e.target === el) (el as HTMLDialogElement).close(); // the backdrop
  });
  on("click", "[data-dismiss]", (el) => closest(el, ".toast, .banner")?.remove());
  on("click", "[data-theme-set]", (el, e) => {
    e.preventDefault();
    setTheme(el.dataset["themeSet"] ?? "auto");
  });
  for (const t of all(".toasts .toast")) fade(t, "ok");
  forms();
}

// startZones offers the time zones that the browser knows, below the one it
// is in.
export function startZones(): void {
  const list = one<HTMLDataListElement>("[data-zones]");
  if (!list || !("supportedValuesOf" in Intl)) return;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const z of new Set([here, ...Intl.supportedValuesOf("timeZone")])) list.append(make("option", { value: z }));
}
