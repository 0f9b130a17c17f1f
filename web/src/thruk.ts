// Addresses of Thruk have their page behind a #, which no server sees.
import { one, path } from "./dom";

// startThruk goes on to the page that such an address means, or does once
// somebody has signed in.
export function startThruk(): void {
  const page = /^#\/?(cgi-bin\/.+)$/.exec(location.hash)?.[1];
  if (page === undefined) return;
  const next = one<HTMLInputElement>('form[action$="/login"] [name="next"]');
  if (next) next.value = "/thruk/" + page;
  else location.replace(path("/thruk/" + page));
}
