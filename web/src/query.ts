// The query bar: chips and text in step, what may come next with counts, the
// wrong word underlined. Without it the bar is a plain form.
import { all, closest, make, on, one, path } from "./dom";
import { leaveFor } from "./leave";

interface Item { insert: string; label: string; head?: string; note?: string; n?: string; whole?: boolean }
interface Group { title: string; items: Item[] }
interface Answer { from: number; to: number; groups?: Group[]; wrong?: { from: number; to: number; text: string } }

const WAIT = 60; // ms after the last key

// A bar is the form on the page; there is at most one.
class Bar {
  private readonly field: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly first: { text: string; chips: Node | null };
  private answer: Answer = { from: 0, to: 0 };
  private answered = ""; // the text that it is about
  private items: Item[] = [];
  private asked: AbortController | null = null;
  private timer: number | undefined;

  constructor(private readonly form: HTMLFormElement, field: HTMLInputElement) {
    this.field = field;
    this.list = make("div", { class: "pop qlist", role: "listbox", id: "query-list", "aria-label": field.getAttribute("aria-label") ?? "" });
    this.list.hidden = true;
    form.after(this.list);
    for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", "query-list"], ["aria-autocomplete", "list"]] as const) field.setAttribute(name, value);
    this.first = { text: field.value, chips: this.chips()?.cloneNode(true) ?? null };
    field.addEventListener("input", () => this.changed());
    field.addEventListener("click", () => this.soon());
    field.addEventListener("scroll", () => this.follow());
    field.addEventListener("keydown", (e) => this.key(e));
    form.addEventListener("submit", (e) => this.submit(e));
    form.addEventListener("focusout", (e) => {
      if (!(e.relatedTarget instanceof Node) || !form.contains(e.relatedTarget)) this.close();
    });
    this.list.addEventListener("mousedown", (e) => e.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (e) => {
      const option = closest(e.target, '[role="option"]');
      if (option) this.take(this.options().indexOf(option));
    });
    form.addEventListener("click", (e) => this.clicked(e));
    form.addEventListener("keydown", (e) => this.chipKey(e));
    if (document.activeElement === field) field.setSelectionRange(field.value.length, field.value.length);
  }

  private chips(): HTMLElement | null { return one("ul", this.form); }
  private options(): HTMLElement[] { return all('[role="option"]', this.list); }
  private links(): HTMLAnchorElement[] { return all<HTMLAnchorElement>("[data-chip]", this.form); }
  private dirty(): boolean { return this.field.value !== this.first.text || this.links().length !== all("[data-chip]", this.first.chips instanceof Element ? this.first.chips : make("ul")).length; }
  private fixed(): string { return this.links().map((a) => a.dataset["chip"] ?? "").join(" "); }

  // keep makes the hidden field say what the chips say.
  private keep(): void {
    const hidden = one<HTMLInputElement>("[data-chips]", this.form);
    if (!hidden) return;
    hidden.value = this.fixed();
    hidden.disabled = hidden.value === "";
  }

  private changed(): void {
    this.mark(null);
    this.field.removeAttribute("aria-invalid");
    this.soon();
  }

  private soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), WAIT);
  }

  private async ask(): Promise<void> {
    this.asked?.abort();
    const mine = new AbortController();
    this.asked = mine;
    const text = this.field.value;
    const query = new URLSearchParams({ tables: this.form.dataset["query"] ?? "", with: this.fixed(), text, at: String(this.field.selectionStart ?? text.length) });
    try {
      const res = await fetch(path("/complete?") + query.toString(), { headers: { Accept: "application/json" }, signal: mine.signal });
      if (!res.ok || mine.signal.aborted) return;
      const answer = (await res.json()) as Answer;
      if (document.activeElement !== this.field || this.field.value !== text) return;
      this.answer = answer;
      this.answered = text;
      this.draw();
    } catch {
      // gone, or offline: the field works without suggestions
    }
  }

  private draw(): void {
    const typed = this.field.value.slice(this.answer.from, this.field.selectionStart ?? undefined).replace(/^[^:=~<>]*[:=~<>]+/, "").replace(/^["']|["']$/g, "");
    this.items = [];
    this.list.replaceChildren();
    (this.answer.groups ?? []).forEach((g, n) => {
      const id = `query-g${n}`;
      const group = make("div", { role: "group", "aria-labelledby": id }, make("h3", { id, role: "presentation" }, g.title));
      for (const item of g.items) group.append(this.option(item, typed));
      this.list.append(group);
    });
    this.mark(this.answer.wrong ?? null);
    if (this.answer.wrong) this.list.append(make("footer", { role: "presentation" }, this.answer.wrong.text));
    const open = this.items.length > 0;
    this.list.hidden = !open;
    this.field.setAttribute("aria-expanded", String(open));
    this.field.removeAttribute("aria-activedescendant");
  }

  private option(item: Item, typed: string): HTMLElement {
    const label = make("bdi");
    if (item.head) label.append(make("b", {}, item.head));
    const at = typed === "" ? -1 : item.label.toLowerCase().indexOf(typed.toLowerCase());
    if (at < 0) label.append(item.label);
    else label.append(item.label.slice(0, at), make("mark", {}, item.label.slice(at, at + typed.length)), item.label.slice(at + typed.length));
    const el = make("div", { role: "option", id: `query-o${this.items.length}`, "aria-selected": "false" }, label);
    if (item.note) el.append(make("span", { class: "dim s cut" }, item.note));
    if (item.n) el.append(make("span", { class: "n" }, item.n));
    this.items.push(item);
    return el;
  }

  private choose(i: number): void {
    const options = this.options();
    options.forEach((o, n) => o.setAttribute("aria-selected", String(n === i)));
    const now = options[i];
    now?.scrollIntoView({ block: "nearest" });
    if (now) this.field.setAttribute("aria-activedescendant", now.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  private chosen(): number { return this.options().findIndex((o) => o.getAttribute("aria-selected") === "true"); }

  // take puts an item into the text and asks for what comes behind it.
  private take(i: number): void {
    const item = this.items[i];
    if (!item) return;
    // More may have been typed since the list was made: it belongs to the word.
    const before = this.answered.slice(0, this.answer.from);
    const after = this.answered.slice(this.answer.to);
    const text = this.field.value;
    if (text.length < before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) return void this.ask();
    const gap = item.whole && !/^[\s),]/.test(after) ? " " : "";
    this.field.value = before + item.insert + gap + after;
    const at = before.length + item.insert.length + (item.whole && after.startsWith(" ") ? 1 : gap.length);
    this.field.setSelectionRange(at, at);
    this.field.focus();
    this.close();
    this.mark(null);
    this.follow();
    if (!item.whole) this.soon();
  }

  private close(): boolean {
    window.clearTimeout(this.timer);
    this.asked?.abort();
    const open = !this.list.hidden;
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
    return open;
  }

  private key(e: KeyboardEvent): void {
    if (e.isComposing) return;
    const n = this.list.hidden ? 0 : this.items.length;
    const at = this.chosen();
    const atStart = this.field.selectionStart === 0 && this.field.selectionEnd === 0;
    if (e.key === "ArrowDown" && n === 0) void this.ask();
    else if (e.key === "ArrowDown" || (e.key === "ArrowUp" && n > 0)) this.choose(e.key === "ArrowDown" ? (at + 1) % n : (at <= 0 ? n : at) - 1);
    else if ((e.key === "Enter" || (e.key === "Tab" && !e.shiftKey)) && n > 0 && at >= 0) this.take(at);
    else if (e.key === "Escape") this.escape();
    else if (e.key === "Backspace" && atStart && this.links().length > 0) this.edit(this.links().at(-1));
    else if (e.key === "ArrowLeft" && atStart && this.links().length > 0) this.links().at(-1)?.focus();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  // escape goes back one step: the list, then what was changed, then the field.
  private escape(): void {
    if (this.close()) return;
    if (!this.dirty()) return this.field.blur();
    this.field.value = this.first.text;
    if (this.first.chips) this.chips()?.replaceWith(this.first.chips.cloneNode(true));
    this.keep();
    this.mark(null);
  }

  // edit takes a chip back into the text.
  private edit(link: HTMLAnchorElement | undefined, text = link?.dataset["chip"] ?? ""): void {
    if (!link) return;
    closest(link, "li")?.remove();
    this.keep();
    this.field.value = [text, this.field.value.trim()].filter((t) => t !== "").join(" ");
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.changed();
  }

  private clicked(e: MouseEvent): void {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return;
    const link = closest<HTMLAnchorElement>(e.target, "[data-chip]");
    const cross = closest(e.target, "[data-chip-remove]");
    if (link) {
      e.preventDefault();
      this.edit(link);
    } else if (cross && this.dirty()) { // what is typed is applied too
      e.preventDefault();
      closest(cross, "li")?.remove();
      this.keep();
      this.form.requestSubmit();
    } else if (e.target === this.form || closest(e.target, ".qin")) {
      this.field.focus();
    }
  }

  // chipKey moves between chips, takes one away, or turns it round.
  private chipKey(e: KeyboardEvent): void {
    const link = closest<HTMLAnchorElement>(e.target, "[data-chip]");
    if (!link || e.ctrlKey || e.metaKey || e.altKey) return;
    const links = this.links();
    const i = links.indexOf(link);
    const url = new URL(location.href);
    if (e.key === "ArrowLeft") links[Math.max(i - 1, 0)]?.focus();
    else if (e.key === "ArrowRight") (links[i + 1] ?? this.field).focus();
    else if (e.key === "Delete" || e.key === "Backspace") one<HTMLAnchorElement>("[data-chip-remove]", closest(link, "li") ?? link)?.click();
    else if (e.key === "-" || e.key === "!") {
      url.searchParams.set("q", link.dataset["turned"] ?? "");
      for (const p of ["edit", "offset", "after", "before", "first", "until"]) url.searchParams.delete(p);
      leaveFor(url.href);
    } else return;
    e.preventDefault();
    e.stopPropagation();
  }

  // submit sends chips and text as one q.
  private submit(e: SubmitEvent): void {
    e.preventDefault();
    const url = new URL(this.form.action);
    for (const [name, value] of new FormData(this.form)) if (name !== "q") url.searchParams.append(name, String(value));
    const q = [this.fixed(), this.field.value.trim()].filter((t) => t !== "").join(" ");
    if (q !== "") url.searchParams.set("q", q);
    this.close();
    leaveFor(url.href);
  }

  // mark underlines the wrong word.
  private mark(wrong: { from: number; to: number } | null): void {
    let mirror = one(".qmirror", this.form);
    if (!wrong) {
      mirror?.replaceChildren();
      return;
    }
    if (!mirror) {
      mirror = make("span", { class: "qmirror", "aria-hidden": "true" });
      this.field.before(mirror);
    }
    const text = this.field.value;
    mirror.replaceChildren(text.slice(0, wrong.from), make("mark", {}, text.slice(wrong.from, wrong.to)), text.slice(wrong.to));
    this.follow();
  }

  private follow(): void {
    const mirror = one(".qmirror", this.form);
    if (mirror) mirror.scrollLeft = this.field.scrollLeft;
  }
}

// grow gives the form a further empty line, and a further group, when the last
// one is used.
function grow(el: HTMLElement): void {
  const line = closest(el, ".qline");
  const set = closest<HTMLFieldSetElement>(el, "fieldset");
  if (!line || !set || line !== all(".qline", set).at(-1)) return;
  const group = set.parentElement ?? set;
  if (set === all("fieldset", group).at(-1)) {
    const next = fresh(set) as HTMLFieldSetElement;
    const number = String(all("fieldset", group).length);
    for (const g of all<HTMLInputElement>("[name=fg]", next)) g.value = number;
    for (const extra of all(".qline", next).slice(1)) extra.remove();
    const or = closest(group, "form")?.dataset["or"];
    const legend = one("legend", next);
    if (or && legend) legend.textContent = or;
    set.after(next);
  }
  line.after(fresh(line));
}

function fresh(el: Element): Element {
  const copy = el.cloneNode(true) as Element;
  for (const f of all<HTMLInputElement>("[name=fv]", copy)) f.value = "";
  for (const s of all<HTMLSelectElement>("select", copy)) s.selectedIndex = 0;
  return copy;
}

export function startQuery(): void {
  const form = one<HTMLFormElement>("form[data-query]");
  const field = form ? one<HTMLInputElement>('input[type="text"]', form) : null;
  if (form && field) new Bar(form, field);
  on("input", "[data-query-form] [name=fv]", grow);
}
