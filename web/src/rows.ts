// Rows as the server wrote them. A list of a thousand is compared as text; only
// what is new in it becomes elements, a little at a time.
import { all, one } from "./dom";

const SLICE = 8; // ms of work before the browser may do something else
const ROW = /<tr(?=\s)[^>]*?\sid="[^"]*"[^>]*>/g;
const END = "</tr>";

const texts = new WeakMap<Element, string>(); // row without content to the whole of it

const parse = (text: string): DocumentFragment => {
  const parsed = document.createElement("template");
  parsed.innerHTML = text;
  return parsed.content;
};

// read parses an answer of the server. Rows of live tables have no content yet:
// textOf and full give it.
export function read(text: string): DocumentFragment {
  const whole: string[] = [];
  let thin = "";
  let at = 0;
  for (const m of text.matchAll(ROW)) {
    const end = text.indexOf(END, m.index);
    if (m.index < at || end < 0) return parse(text);
    thin += text.slice(at, m.index) + m[0] + END;
    at = end + END.length;
    whole.push(text.slice(m.index, at));
  }
  if (whole.some((w) => w.includes("<table"))) return parse(text); // rows in rows
  const out = parse(thin + text.slice(at));
  const rows = all("tr[id]", out);
  if (rows.length !== whole.length) return parse(text);
  rows.forEach((row, i) => {
    texts.set(row, whole[i] as string);
    if (!row.closest("table[data-live]")) row.replaceWith(full(row));
  });
  return out;
}

// textOf returns a row of read as the server wrote it.
export const textOf = (row: Element): string => texts.get(row) ?? row.outerHTML;

// full returns a copy of a row of read with its content.
export function full(row: Element): HTMLTableRowElement {
  const text = texts.get(row);
  const made = text === undefined ? null : one<HTMLTableRowElement>("tr", parse(text));
  return made ?? (row.cloneNode(true) as HTMLTableRowElement);
}

// breather returns a function to call between pieces of work: it waits until
// the browser has done what came up, once 8 ms are used, and reports whether it
// did.
export function breather(): () => Promise<boolean> {
  let until = performance.now() + SLICE;
  return async () => {
    if (performance.now() < until) return false;
    await new Promise<void>((go) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        go();
      };
      port2.postMessage(null);
    });
    until = performance.now() + SLICE;
    return true;
  };
}
