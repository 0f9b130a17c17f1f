// The choice of sites in the top bar: sections stand for what is in them.
import { all, closest, on, one } from "./dom";
import { refreshShell } from "./live";

const inside = (section: string, of: string): boolean => of === section || of.startsWith(section + "/");

// settle makes the boxes of sections say what is chosen in them.
function settle(form: Element): void {
  const sites = all<HTMLInputElement>("input[name=site]", form);
  for (const box of all<HTMLInputElement>("input[data-section]", form)) {
    const mine = sites.filter((s) => inside(box.dataset["section"] ?? "", s.dataset["in"] ?? ""));
    const n = mine.filter((s) => s.checked).length;
    box.checked = n > 0 && n === mine.length;
    box.indeterminate = n > 0 && n < mine.length;
  }
  const none = sites.length > 0 && sites.every((s) => !s.checked);
  const button = one<HTMLButtonElement>("button.pri", form);
  if (button) button.disabled = none;
}

export function startChooser(): void {
  const start = (): void => {
    for (const form of all("[data-chooser-form]")) settle(form);
  };
  start();
  document.addEventListener("shell", start);
  on("change", "[data-chooser-form] input", (el) => {
    const form = closest(el, "form");
    if (!form) return;
    const section = el.dataset["section"];
    if (section !== undefined) {
      for (const s of all<HTMLInputElement>("input[name=site]", form)) if (inside(section, s.dataset["in"] ?? "")) s.checked = (el as HTMLInputElement).checked;
    }
    settle(form);
  });
  on("click", "[data-all-sites]", (el) => {
    const form = closest(el, "form");
    if (!form) return;
    for (const s of all<HTMLInputElement>("input[name=site]", form)) s.checked = true;
    settle(form);
  });
  document.addEventListener("toggle", (e) => {
    const menu = closest<HTMLDetailsElement>(e.target, "[data-chooser]");
    if (menu?.open) void refreshShell();
  }, true);
}
