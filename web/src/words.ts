// What the scripts say, in the person's language and as their clock goes. The
// English text is the key; the page carries the translations.
interface Settings { lang: string; texts?: Record<string, string>; zone?: string; clock12?: boolean }

const settings: Settings = (() => {
  const text = document.getElementById("words")?.textContent;
  return text ? (JSON.parse(text) as Settings) : { lang: "en" };
})();

// T returns text in the language of the page, with {0}, {1} … replaced.
export function T(text: string, ...values: (string | number)[]): string {
  return (settings.texts?.[text] ?? text).replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)] ?? ""));
}

// N is T with one when n is 1, else with many; {0} is n.
export function N(n: number, one: string, many: string, ...values: (string | number)[]): string {
  return T(n === 1 ? one : many, n, ...values);
}

// hourMinute is clock without seconds.
export function hourMinute(ms: number): string {
  return format(ms, {});
}

// clock writes a time of day, ms since 1970, in the person's zone and way.
export function clock(ms: number): string {
  return format(ms, { second: "2-digit" });
}

// dateTime writes a day and its time.
export function dateTime(ms: number): string {
  return new Intl.DateTimeFormat(settings.lang, { dateStyle: "medium", ...(settings.zone ? { timeZone: settings.zone } : {}) }).format(ms) + " " + clock(ms);
}

function format(ms: number, more: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(settings.clock12 ? "en-US" : "en-GB", {
    ...more, hour: settings.clock12 ? "numeric" : "2-digit", minute: "2-digit", hour12: settings.clock12 === true,
    ...(settings.zone ? { timeZone: settings.zone } : {}),
  }).format(ms);
}
